from collections.abc import Iterator
from pathlib import Path

import pytest

from gradscope.core.commands import ReadTensor, Resume, Until
from gradscope.core.events import Ended, Inside, Started
from gradscope.core.tensors import TensorData
from gradscope.core.words import Phase, Role
from gradscope.recording import Recording, RecordingError
from gradscope.session.recorded import RecordedSession, open_recording
from gradscope.session.source import RunState, SessionError
from tests.recording.build import ITERATION, measured, moment, record_iterations

INSIDE = Inside("grad", "w")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[RecordedSession]:
    """Four iterations of six phases, two an epoch, and a fifth that ends inside its backward."""
    recording = record_iterations(tmp_path / "r.gscope", 4, ITERATION, epoch_length=2)
    recording.append(Started(1, 9, ["t.py"], "sub/t.py", str(tmp_path), "3.11", 0.0))
    recording.append(moment(25, 5, Phase.BATCH, epoch=3))
    recording.append(moment(26, 5, Phase.BACKWARD, epoch=3, inside=INSIDE))
    recording.append(moment(27, 5, Phase.BACKWARD, epoch=3, inside=INSIDE))
    recording.append(
        moment(28, 5, Phase.BACKWARD, epoch=3, measurements=[measured(Role.GRAD, "w", None)])
    )
    recording.append(Ended(-9))
    recording.keep_tensor(
        3, ReadTensor(4, Role.WEIGHT, "w"), TensorData("int8", "|i1", (1,), (1,), b"\7")
    )
    recording.close()
    session = open_recording(recording.path)
    yield session
    session.close()


def test_it_opens_at_the_first_moment(session: RecordedSession) -> None:
    assert session.cursor == 1
    assert session.state is session.wait() is RunState.RECORDED
    assert session.script == "t.py"
    assert session.problem.startswith("t.py was killed by signal 9 (SIGKILL)")


@pytest.mark.parametrize(
    ("start", "resume", "end"),
    [
        (1, Resume(Until.MOMENT), 2),
        (1, Resume(Until.MOMENT, count=4), 5),
        (25, Resume(Until.MOMENT), 28),
        (26, Resume(Until.MOMENT), 27),
        (27, Resume(Until.MOMENT), 28),
        (25, Resume(Until.INTO), 26),
        (26, Resume(Until.PHASE), 28),
        (2, Resume(Until.ITERATION), 7),
        (2, Resume(Until.ITERATION, count=3), 19),
        (2, Resume(Until.EPOCH), 13),
        (2, Resume(Until.STEPS), 6),
        (6, Resume(Until.STEPS), 12),
        (2, Resume(Until.STEPS, count=3), 18),
        (20, Resume(Until.STEPS, count=3), 28),
        (2, Resume(Until.PLACE, iteration=3), 13),
        (28, Resume(Until.PLACE, iteration=3, phase=Phase.BACKWARD), 17),
        (2, Resume(Until.NEVER), 28),
        (2, Resume(Until.ITERATION, count=30), 28),
    ],
)
def test_the_cursor_goes_where_a_living_run_would_stop(
    session: RecordedSession, start: int, resume: Resume, end: int
) -> None:
    moves: list[int | None] = []
    session.subscribe(lambda: moves.append(session.cursor))
    session.cursor = start
    session.resume(resume)
    assert session.cursor == end
    assert moves == [end]


def test_places_that_were_not_recorded_are_told(session: RecordedSession) -> None:
    with pytest.raises(SessionError, match=r"iteration 9 was not recorded; .* iterations 1 to 5"):
        session.resume(Resume(Until.PLACE, iteration=9))
    with pytest.raises(SessionError, match="no clip was recorded in iteration 2"):
        session.resume(Resume(Until.PLACE, iteration=2, phase=Phase.CLIP))
    session.cursor = 28
    with pytest.raises(SessionError, match="this is the last recorded moment"):
        session.resume(Resume(Until.MOMENT))
    assert session.cursor == 28


def test_only_captured_tensors_can_be_read(session: RecordedSession) -> None:
    with pytest.raises(SessionError, match="the elements of the weight w were not captured here"):
        session.read_tensor(Role.WEIGHT, "w")
    session.cursor = 3
    data = session.read_tensor(Role.WEIGHT, "w")
    assert data is not None
    assert data.array.tolist() == [7]
    session.cursor = 28
    assert session.read_tensor(Role.GRAD, "w") is None


def test_what_needs_a_living_script_says_so(session: RecordedSession) -> None:
    session.pause()
    session.select("w")
    session.resize(80, 24)
    for request in (
        session.quit,
        session.interrupt,
        lambda: session.evaluate("1"),
        lambda: session.write_input("x"),
    ):
        with pytest.raises(SessionError, match="there is no living script"):
            request()


def test_an_empty_recording_opens_and_has_nowhere_to_go(tmp_path: Path) -> None:
    Recording.create(tmp_path / "r.gscope").close()
    session = open_recording(tmp_path / "r.gscope")
    assert session.cursor is None
    assert session.problem == "the recording of r.gscope breaks off before its end"
    with pytest.raises(SessionError, match="holds no moment"):
        session.resume(Resume(Until.PHASE))
    with pytest.raises(SessionError, match="there is no moment yet"):
        session.read_tensor(Role.WEIGHT, "w")
    session.close()
    with pytest.raises(RecordingError):
        open_recording(tmp_path / "missing")
