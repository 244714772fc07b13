from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gradscope.core.commands import Resume, Slice, Until
from gradscope.core.words import Phase, Role, When
from gradscope.session.child import LaunchSpec
from gradscope.session.live import LiveSession, start
from gradscope.session.recorded import open_recording
from gradscope.session.source import RunState, SessionError
from gradscope.session.view import columns, layer_rows, phase_marks
from tests.session.waiting import ended, printed, until

Run = Callable[..., LiveSession]

# With w = b = 0 the loss is (2² + 4²) / 2 = 10, its gradient is −10 by w and −6 by b, so that the
# first step leads to w = 1, b = 0.6, where the loss is (0.4² + 1.4²) / 2 = 1.06.
LINEAR = """
import torch
model = torch.nn.Linear(1, 1)
torch.nn.init.zeros_(model.weight)
torch.nn.init.zeros_(model.bias)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.tensor([[1.0], [2.0]])
for iteration in range({iterations}):
    optimizer.zero_grad()
    loss = ((model(x) - 2 * x) ** 2).mean()
    loss.backward()
    optimizer.step()
"""


def go(session: LiveSession, resume: Resume) -> None:
    session.resume(resume)
    assert session.wait(60) is RunState.PAUSED


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSession]:
    """A session stepped phase by phase to the first step, and run to its end."""
    folder = tmp_path_factory.mktemp("trained")
    script = folder / "train.py"
    script.write_text(LINEAR.format(iterations=40))
    path = folder / "run.gscope"
    session = start(LaunchSpec(str(script)), recording_path=path, terminal=True)
    assert session.wait(60) is RunState.PAUSED
    go(session, Resume(Until.PHASE))
    session.read_tensor(Role.WEIGHT, "weight")
    for _ in range(3):
        go(session, Resume(Until.PHASE))
    yield session
    session.close()


def test_a_real_run_stops_in_its_first_iteration_and_steps(trained: LiveSession) -> None:
    recording = trained.recording
    assert [moment.phase for moment in recording.phases(1)] == [
        Phase.ZERO_GRAD,
        Phase.FORWARD,
        Phase.LOSS,
        Phase.BACKWARD,
        Phase.STEP,
    ]
    assert [mark.phase for mark in phase_marks(recording, trained.cursor)][-1] is Phase.STEP
    assert [row.fqn for row in layer_rows(recording, trained.cursor)] == ["weight", "bias"]
    source = recording.source(str(Path(recording.path).with_name("train.py")))
    assert source == LINEAR.format(iterations=40)


def test_the_columns_hold_what_is_worked_out_by_hand(trained: LiveSession) -> None:
    weight, grad, update = columns(trained.recording, trained.cursor, "bias")
    assert [column.note for column in (weight, grad, update)] == ["changed", "same", "changed"]
    norms = [
        column.measurement and column.measurement.stats and column.measurement.stats.norm
        for column in (weight, grad, update)
    ]
    assert norms == pytest.approx([0.6, 6, 0.6])


def test_elements_are_read_from_the_stopped_script(trained: LiveSession) -> None:
    element = [Slice(0, element=True), Slice(0, element=True)]
    data = trained.read_tensor(Role.WEIGHT, "weight", index=element)
    assert data is not None
    assert data.array == pytest.approx(1.0)
    before = trained.read_tensor(Role.WEIGHT, "weight", When.BEFORE)
    assert before is not None
    np.testing.assert_array_equal(before.array, [[0]])
    assert trained.evaluate("loss.item()") == "10.0"
    for name in ("nobody", "weight:nothing"):
        with pytest.raises(SessionError) as error:
            trained.read_tensor(Role.STATE, name)
        assert "\n" not in str(error.value)
    with pytest.raises(SessionError, match="NameError"):
        trained.evaluate("nobody")


def test_the_recording_shows_what_the_live_run_showed(trained: LiveSession) -> None:
    go(trained, Resume(Until.STEPS, count=1))
    assert trained.recording.series("loss").values == pytest.approx([10, 1.06])
    stop = trained.cursor
    live = [columns(trained.recording, seq, "weight") for seq in range(1, (stop or 0) + 1)]
    trained.resume(Resume(Until.NEVER))
    assert ended(trained) == "train.py ended"
    assert trained.recording.series("loss").iterations.tolist() == list(range(1, 41))
    trained.close()
    again = open_recording(trained.recording.path)
    assert again.problem == "train.py ended"
    assert [columns(again.recording, seq, "weight") for seq in range(1, (stop or 0) + 1)] == live
    again.resume(Resume(Until.PHASE))
    first = again.read_tensor(Role.WEIGHT, "weight")
    assert first is not None
    np.testing.assert_array_equal(first.array, [[0]])
    again.resume(Resume(Until.STEPS, count=2))
    assert again.cursor == stop
    again.close()


def test_a_run_is_paused_and_ended_with_its_finally(run: Run, tmp_path: Path) -> None:
    body = LINEAR.format(iterations="10**9").replace("\n", "\n    ")
    session = run(f"try:\n    {body}\nfinally:\n    open('done', 'w').close()\n")
    assert session.wait(60) is RunState.PAUSED
    session.resume(Resume(Until.NEVER))
    until(session, lambda: (session.cursor or 0) > 100)
    session.pause()
    assert session.wait(60) is RunState.PAUSED
    session.quit()
    assert ended(session) == "train.py was ended on request"
    assert (tmp_path / "done").exists()


def test_closing_a_stopped_run_is_quick_and_clean(run: Run, tmp_path: Path) -> None:
    session = run(LINEAR.format(iterations=5) + "\nprint('not reached')\n", terminal=True)
    assert session.wait(60) is RunState.PAUSED
    session.close()
    assert session.problem == "train.py was ended on request"
    again = open_recording(tmp_path / "run0.gscope")
    assert again.cursor == 1
    assert printed(again) == b""
    again.close()


def test_an_exception_inside_an_iteration_is_told(run: Run) -> None:
    session = run(LINEAR.format(iterations=5).replace("(model(x)", "(model(x.T)"))
    assert session.wait(60) is RunState.PAUSED
    session.resume(Resume(Until.NEVER))
    assert ended(session).startswith("train.py raised RuntimeError: mat1 and mat2")
    finished = session.recording.finished()
    assert finished is not None
    assert finished.line is not None
    assert finished.line.line == 10
    assert "gradscope" not in finished.traceback
