"""What can be run, checked before a child process is started for it."""

import importlib.machinery
import importlib.util
import os
import sys
from pathlib import Path

from gradscope.session.child import LaunchSpec


class TargetError(Exception):
    """There is nothing to run; the message says why, in one line."""


def check_target(spec: LaunchSpec) -> None:
    """Refuse what a child process would fail to run before its first line.

    Nothing is imported: a module's packages are only looked for.

    Raises:
        TargetError: The script or module does not exist or cannot be read, or torch is missing.
    """
    if spec.module:
        _check_module(spec.target)
    else:
        _check_script(spec.target)
    if not _has_torch():
        raise TargetError(
            f"torch is not installed for {sys.executable}; pip install torch, or run gradscope"
            " with the Python that has it"
        )


def _check_script(target: str) -> None:
    path = Path(target)
    try:
        if path.is_dir():
            raise TargetError(f"{target} is a directory; name the script in it")
        if not path.exists():
            raise TargetError(f"{target} does not exist")
    except (OSError, ValueError):
        raise TargetError(f"{target!r} is no path of a script") from None
    if not os.access(path, os.R_OK):
        raise TargetError(f"{target} cannot be read: permission denied")


def _check_module(name: str) -> None:
    search = [str(Path.cwd()), *sys.path]
    spec: importlib.machinery.ModuleSpec | None = None
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        known = ".".join(parts[:count])
        spec = _find(known, search)
        if spec is None:
            raise TargetError(f"there is no module {known!r}")
        if count < len(parts) and spec.submodule_search_locations is None:
            raise TargetError(f"{known!r} is no package, so there is no {name!r}")
        search = list(spec.submodule_search_locations or [])
    if search and _find(f"{name}.__main__", search) is None:
        raise TargetError(f"the package {name!r} has no __main__, so it cannot be run")


def _find(name: str, search: list[str]) -> importlib.machinery.ModuleSpec | None:
    try:
        return importlib.machinery.PathFinder.find_spec(name, search)
    except (ImportError, ValueError):
        return None


def _has_torch() -> bool:
    try:
        return importlib.util.find_spec("torch") is not None
    except (ImportError, ValueError):
        return False
