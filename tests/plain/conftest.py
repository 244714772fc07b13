"""A training script whose every number can be worked by hand, and a way to run the command."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

TRAIN = """\
import sys

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1, 1)

    def forward(self, x):
        return self.fc(x)


net = Net()
nn.init.zeros_(net.fc.weight)
nn.init.zeros_(net.fc.bias)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
x = torch.tensor([[1.0], [2.0]])
y = torch.tensor([[2.0], [4.0]])
try:
    for iteration in range(3):
        loss = nn.functional.mse_loss(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print("loss", round(loss.item(), 4), flush=True)
finally:
    print("left", sys.argv[1:], flush=True)
"""


@pytest.fixture
def train(tmp_path: Path) -> Path:
    """Return the script's path, in the directory where ``gradscope`` runs."""
    path = tmp_path / "train.py"
    path.write_text(TRAIN)
    return path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment with a state directory of its own and a locale of UTF-8."""
    return {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def gradscope(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Return a function that runs the command line with commands on its standard input."""

    def run(
        *arguments: str, commands: str = "", **changes: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gradscope", *arguments],
            input=commands,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**environment, **changes},
            timeout=100,
            check=False,
        )

    return run
