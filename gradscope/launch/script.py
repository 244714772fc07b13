"""The user's script, made ready to run as python itself would run it."""

import functools
import os
import sys
from collections.abc import Callable
from typing import Any, Protocol

from gradscope.launch.options import Options, original_command

Namespace = dict[str, Any]


class StartError(Exception):
    """python would not start this script: its exit code, and what it would print in one text."""

    def __init__(self, code: int, error: Exception) -> None:
        super().__init__(str(error))
        self.code = code
        self.error = error


class Loader(Protocol):
    """What python sets as the loader of a script."""

    def __init__(self, fullname: str, path: str) -> None: ...


class Script:
    """A script or a module that is to run in ``__main__``.

    Nothing here keeps the namespace of ``__main__``: what the script leaves in it must go when
    the interpreter clears it, as always.
    """

    def __init__(self, options: Options) -> None:
        self.options = options

    def announce(self) -> None:
        """Set ``sys.argv`` and ``sys.orig_argv`` to what python would have put there."""
        options = self.options
        sys.argv[:] = ["-m" if options.module else options.target, *options.arguments]
        sys.orig_argv[:] = original_command(options, sys.orig_argv)

    def prepare(self) -> Callable[[], object]:
        """Give ``__main__`` and ``sys.path`` to the script; return the call that runs it.

        The call has no Python frame of its own.

        Raises:
            StartError: The script cannot be read or compiled.
        """
        options = self.options
        if options.module:
            directory = working_directory()
            if directory and not sys.flags.safe_path:
                sys.path.insert(0, directory)
            return self._through_runpy(options.target, alter_argv=True)
        path = _absolute(options.target)
        if _holds_main(path):
            sys.path.insert(0, path)
            return self._through_runpy("__main__", alter_argv=False)
        code = _compile(path)
        if not sys.flags.safe_path:
            sys.path.insert(0, os.path.dirname(os.path.realpath(options.target)))
        main = _cleared_main()
        loader: type[Loader] = type(main["__loader__"])
        main.update(__loader__=loader("__main__", path), __file__=path)
        return functools.partial(exec, code, main)

    def _through_runpy(self, name: str, *, alter_argv: bool) -> Callable[[], object]:
        """Return the very call that python makes for ``-m``, for a directory and for a zip."""
        import runpy

        _cleared_main()
        run: Callable[..., object] = vars(runpy)["_run_module_as_main"]
        return functools.partial(run, name, alter_argv)

    def left(self) -> Namespace:
        """Return what python takes out of ``__main__`` at the end of a file, but not of a module.

        To python, all that we run is a file.
        """
        main = vars(sys.modules["__main__"])
        if main.get("__spec__") is None:
            return {}
        return {key: main[key] for key in ("__file__", "__cached__") if key in main}


def working_directory() -> str:
    """Return the working directory, or '' where it has been deleted."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _cleared_main() -> Namespace:
    """Leave only the names in ``__main__`` that python itself has put there at its start."""
    main = vars(sys.modules["__main__"])
    own = {key: value for key, value in main.items() if key.startswith("__")}
    main.clear()
    main.update(own, __doc__=None)
    return main


def _absolute(path: str) -> str:
    """Return the path as python makes a script's absolute, which normalises nothing."""
    if os.path.isabs(path):
        return path
    return os.path.join(working_directory(), path)


def _holds_main(path: str) -> bool:
    """Tell a directory or a zip file, which python runs through the ``__main__`` inside."""
    for hook in sys.path_hooks:
        try:
            sys.path_importer_cache[path] = hook(path)
        except ImportError:
            continue
        return True
    return False


def _compile(path: str) -> Any:
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        raise StartError(2, error) from None
    try:
        return compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise StartError(1, error) from None
