"""The script's own ``import torch``: what goes wrong with it is the script's own error."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gradscope.core.events import Environment, Notice
from tests.launch.driver import Child
from tests.launch.test_as_python import compared

Launch = Callable[..., Child]

FAILING = {
    "raises": "def f(): raise OSError('libcudart.so: cannot open shared object file')\nf()\n",
    "syntax": "def f(:\n",
    "nested": "import no_such_library\n",
    "exits": "raise SystemExit(5)\n",
}
SCRIPTS = {
    "plain": "import torch\n",
    "printed": "import traceback\ntry:\n    import torch\nexcept BaseException:\n"
    "    traceback.print_exc()\n",
    "again": "try:\n    import torch\nexcept BaseException as e:\n    print(repr(e))\n"
    "import torch.nn as nn\n",
}


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("failure", FAILING)
def test_failing_torch(failure: str, script: str, launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(FAILING[failure])
    (tmp_path / "script.py").write_text(SCRIPTS[script])
    child = compared(launch, tmp_path, ("script.py",))
    assert not child.finished().seen.torch_imported


def test_missing_torch(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import torch\n")
    child = compared(launch, tmp_path, ("script.py",), flags=("-S",))
    assert b"No module named 'torch'" in child.err()


def test_a_torch_that_cannot_be_watched_is_told(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("Tensor = 1\n")
    (tmp_path / "script.py").write_text(
        "import sys, torch\nprint(torch.Tensor, torch.__loader__.__class__, sys.path)\n"
    )
    child = compared(launch, tmp_path, ("script.py",))
    [notice] = [event for event in child.events if isinstance(event, Notice)]
    assert notice.text.startswith("Nothing of this run can be watched: ")
    assert child.finished().seen.torch_imported


def test_torch_is_as_it_was(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")  # the script itself chooses
    (tmp_path / "script.py").write_text(
        "import os\n"
        "os.environ['OMP_NUM_THREADS'] = '1'\n"
        "import torch, warnings\n"
        "loader = torch.__loader__\n"
        "print(loader is torch.__spec__.loader, vars(loader).keys(), torch.get_num_threads())\n"
        "print(torch.is_grad_enabled(), torch.get_default_dtype())\n"
        "print(torch.__config__.parallel_info(), warnings.filters)\n"
        "print('torch._dynamo' in __import__('sys').modules)\n"
    )
    child = compared(launch, tmp_path, ("script.py",))
    [environment] = [event for event in child.events if isinstance(event, Environment)]
    assert (environment.threads, environment.device) == (1, "cpu")
