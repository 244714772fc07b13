"""The same surroundings for every test, on every machine."""

import compileall
import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# What a terminal, a locale or a shell may set that changes what is printed or drawn.
FOREIGN = (
    *("CLICOLOR", "CLICOLOR_FORCE", "COLORFGBG", "COLORTERM", "COLUMNS", "FORCE_COLOR", "LC_CTYPE"),
    *("LINES", "NO_COLOR", "PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH"),
    *("PYTHONOPTIMIZE", "PYTHONUNBUFFERED", "PYTHONWARNINGS", "TEXTUAL", "TEXTUAL_ANIMATIONS"),
)
# One thread: small tensors gain nothing from more, and several runs share the cores.
OURS = {
    "CUDA_VISIBLE_DEVICES": "",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "TERM": "xterm-256color",
    "TZ": "UTC",
}


def pytest_configure(config: pytest.Config) -> None:
    """Settle the environment that all children inherit, and compile once what they import."""
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ.update(OURS)
    # The same examples every time, and no clock: a loaded machine fails nothing.
    settings.register_profile("suite", deadline=None, derandomize=True)
    settings.load_profile("suite")
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(ROOT / "gradscope", quiet=2)


@pytest.fixture(scope="session", autouse=True)
def state_directory(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let recordings and histories of tests stay out of the user's own."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
