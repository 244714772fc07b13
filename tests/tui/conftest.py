"""A real run, recorded once, and the app on it."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gradscope.session.child import LaunchSpec
from gradscope.session.language import execute
from gradscope.session.live import LiveSession, start
from gradscope.session.recorded import open_recording
from gradscope.tui.app import GradscopeApp
from gradscope.tui.draw.palette import Palette
from tests.tui.reading import styles_of, text_of

# Weights and data are multiples of an eighth, so that every number is exact on every machine.
SCRIPT = """\
import os

os.environ["OMP_NUM_THREADS"] = "1"

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
with torch.no_grad():
    for parameter in model.parameters():
        values = torch.arange(parameter.numel()) % 4 - 1
        parameter.copy_(values.reshape(parameter.shape) / 8)
optimizer = torch.optim.SGD(model.parameters(), lr=0.125)
inputs = torch.arange(16).reshape(4, 4) / 8
loader = DataLoader(TensorDataset(inputs, torch.ones(4, 2)), batch_size=2)

for epoch in range(3):
    for x, y in loader:
        optimizer.zero_grad()
        loss = functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.4f}")
"""

Opener = Callable[..., GradscopeApp]
Golden = Callable[[GradscopeApp, str], None]
Starter = Callable[..., LiveSession]
_SECONDS = re.compile(r"\d+(\.\d+)? (ms|s)\b *")
_GOLDENS = Path(__file__).parent / "goldens"


@pytest.fixture(scope="session")
def recorded_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording of a run that was stepped through its first and third iteration."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "train.py").write_text(SCRIPT)
    spec = LaunchSpec(str(folder / "train.py"))
    path = folder / "run.gscope"
    session = start(spec, recording_path=path, terminal=False, size=(80, 24))
    try:
        session.wait(60)
        steps = ["next"] * 6 + ["goto 3"] + ["into"] * 14 + ["next"] * 4 + ["continue"]
        for line in steps:
            execute(session, line)
    finally:
        session.close()
    return path


@pytest.fixture
def open_app(recorded_run: Path) -> Iterator[Opener]:
    """Open the app on the recorded run."""
    apps: list[GradscopeApp] = []

    def opener(palette: Palette | None = None) -> GradscopeApp:
        app = GradscopeApp(open_recording(recorded_run), palette)
        apps.append(app)
        return app

    yield opener
    for app in apps:
        app.session.close()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Starter]:
    """Start a script given as text, in a terminal; no child outlives the test."""
    sessions: list[LiveSession] = []

    def starter(text: str, *args: str) -> LiveSession:
        (tmp_path / "train.py").write_text(text)
        spec = LaunchSpec(str(tmp_path / "train.py"), args=args)
        path = tmp_path / f"run{len(sessions)}.gscope"
        session = start(spec, recording_path=path, terminal=True, size=(80, 24))
        sessions.append(session)
        return session

    yield starter
    for session in sessions:
        session.close()


@pytest.fixture
def golden() -> Golden:
    """Compare a screen with the one kept under a name; durations are left out.

    With ``UPDATE_GOLDENS`` in the environment the screen is kept instead.
    """

    def compare(app: GradscopeApp, name: str) -> None:
        shown = _SECONDS.sub(lambda found: "#".ljust(len(found[0])), text_of(app))
        screen = f"{shown}\n\n{styles_of(app)}\n"
        path = _GOLDENS / f"{name}.txt"
        if "UPDATE_GOLDENS" in os.environ:
            path.write_text(screen, encoding="utf-8")
        assert screen == path.read_text(encoding="utf-8")

    return compare
