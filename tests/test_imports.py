"""The parent's side runs, and starts quickly, where torch is slow to import or missing."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision")

CALL = """
import sys
from gradscope.cli import main
sys.argv = ["gradscope", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""

WALK = """
import importlib, pkgutil, gradscope
childs = ("gradscope.launch", "gradscope.capture", "gradscope._demos")
names = [
    module.name
    for module in pkgutil.walk_packages(gradscope.__path__, "gradscope.")
    if not module.name.startswith(childs)
]
assert len(names) > 20, names
for name in names:
    importlib.import_module(name)
"""


def loaded(program: str, *arguments: str) -> set[str]:
    """Return the top-level packages that a program has imported when it ends."""
    report = "\nprint('\\n' + ' '.join({name.partition('.')[0] for name in sys.modules}))"
    result = subprocess.run(
        [sys.executable, "-c", "import sys\n" + program + report, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["demo"]])
def test_the_command_line_starts_light(arguments: list[str]) -> None:
    packages = loaded(CALL, *arguments)
    assert "click" in packages
    assert packages.isdisjoint((*HEAVY, "textual", "plotext", "numpy"))


def test_the_whole_parent_loads_no_torch() -> None:
    packages = loaded(WALK)
    assert {"textual", "numpy", "msgspec"} <= packages
    assert packages.isdisjoint(HEAVY)


def test_the_package_itself_loads_almost_nothing() -> None:
    assert loaded("import gradscope").isdisjoint((*HEAVY, "textual", "numpy", "click", "msgspec"))
