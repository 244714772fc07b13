import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gradscope.session.child
from gradscope.core.commands import Resume, Until
from gradscope.core.words import Phase, Role
from gradscope.recording import Recording
from gradscope.session.live import LiveSession
from gradscope.session.source import RunState, SessionError
from tests.session.waiting import ended, printed, until

Run = Callable[..., LiveSession]

STOPS = """
assert receive() == Resume(Until.PHASE)
send(moment(1, stop="phase"))
"""
ANSWERS = (
    STOPS
    + """
count = 0
while not isinstance(command := receive(), Quit):
    count += 1
    match command:
        case Evaluate(request, "boom"):
            send(Answer(request, problem="NameError: boom"))
        case Evaluate(request, expression):
            send(Answer(request, text=expression.upper()))
        case ReadTensor(request, Role.GRAD):
            send(Answer(request, absent=True))
        case ReadTensor(request, Role.STATE):
            send(Answer(request, problem="there is no such state"))
        case ReadTensor(request):
            packed = bytes([count, 0])
            send(Answer(request, data=TensorData("int16", "<i2", (1,), (1,), packed)))
        case Resume():
            send(Running(), moment(1 + command.count, stop="phase"))
"""
)


@pytest.fixture(autouse=True)
def speak_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Path(__file__).with_name("fake_child.py")
    monkeypatch.setattr(gradscope.session.child, "_LAUNCH", fake)


def stopped(session: LiveSession) -> LiveSession:
    assert session.wait(60) is RunState.PAUSED
    return session


def look_at(session: LiveSession, seq: int) -> None:
    session.cursor = seq


def cursor(session: LiveSession) -> int | None:
    return session.cursor


def test_a_run_starts_stops_runs_on_and_ends(run: Run) -> None:
    session = run(
        """
assert receive() == Resume(Until.PHASE)
input()
send(moment(1, 1, Phase.BATCH), moment(2, 1, Phase.FORWARD, stop="phase"))
assert receive() == Resume(Until.STEPS, count=3)
send(Running())
input()
send(moment(3), moment(4, stop="steps"))
receive()
"""
    )
    assert session.wait(0) is RunState.STARTING
    assert cursor(session) is None
    with pytest.raises(SessionError, match="has not come to its first moment yet"):
        session.resume(Resume(Until.PHASE))
    session.write_input("\n")
    stopped(session)
    assert cursor(session) == 2
    look_at(session, 1)
    session.resume(Resume(Until.STEPS, count=3))
    assert session.wait(0) is RunState.RUNNING
    assert cursor(session) == 2
    with pytest.raises(SessionError, match="is running already"):
        session.resume(Resume(Until.PHASE))
    session.write_input("\n")
    stopped(session)
    assert cursor(session) == 4
    session.quit()
    assert ended(session) == "train.py ended"
    with pytest.raises(SessionError, match=r"train\.py ended"):
        session.resume(Resume(Until.PHASE))


def test_listeners_hear_of_every_change_and_cannot_stop_the_run(run: Run) -> None:
    session = run("input(); send(moment(1, stop='phase')); receive()\nreceive()")
    heard: list[RunState] = []

    def listener() -> None:
        heard.append(session.state)
        raise RuntimeError

    session.subscribe(listener)
    session.write_input("\n")
    stopped(session)
    session.quit()
    ended(session)
    until(session, lambda: bool(heard) and heard[-1] is RunState.ENDED)
    assert RunState.PAUSED in heard


def test_output_before_a_stop_is_recorded_before_it(run: Run) -> None:
    session = run(
        """
import os
for seq in range(1, 200):
    receive()
    os.write(1, b"%d\\n" % seq)
    send(moment(seq, stop="phase"))
receive()
"""
    )
    for seq in range(1, 200):
        stopped(session)
        assert printed(session) == b"".join(b"%d\n" % n for n in range(1, seq + 1))
        session.resume(Resume(Until.PHASE))
    assert [chunk.seq for chunk in session.recording.output()] == list(range(199))


def test_a_burst_of_moments_is_kept_whole(run: Run) -> None:
    session = run("for seq in range(1, 20001): send(moment(seq, seq, loss=float(seq)))")
    ended(session)
    assert session.recording.count(0, 20000) == 20000
    assert session.recording.series("loss").values.sum() == 20000 * 20001 / 2
    session.close()
    assert Recording.open(session.recording.path).last_seq() == 20000


def test_a_stop_is_on_disk_when_it_is_announced(run: Run) -> None:
    session = stopped(run(STOPS + "receive()"))
    assert not session.recording.dirty
    reader = Recording.open(session.recording.path)
    assert reader.last_seq() == 1
    reader.close()


def test_what_comes_slowly_is_committed_soon(run: Run) -> None:
    session = run("send(moment(1)); receive(); receive()")
    until(session, lambda: session.cursor == 1)
    deadline = time.monotonic() + 30
    while session.recording.dirty:
        assert time.monotonic() < deadline
    session.pause()


def test_tensors_come_from_the_script_once_and_then_from_the_recording(run: Run) -> None:
    session = stopped(run(ANSWERS))
    data = session.read_tensor(Role.WEIGHT, "w")
    assert data is not None
    np.testing.assert_array_equal(data.array, [1])
    assert session.read_tensor(Role.WEIGHT, "w") == data
    assert session.read_tensor(Role.GRAD, "w") is None
    with pytest.raises(SessionError, match="there is no such state"):
        session.read_tensor(Role.STATE, "w")
    session.resume(Resume(Until.MOMENT, count=6))
    stopped(session)
    assert session.cursor == 7
    look_at(session, 1)
    assert session.read_tensor(Role.WEIGHT, "w") == data
    with pytest.raises(SessionError, match="the elements of the weight v were not captured"):
        session.read_tensor(Role.WEIGHT, "v")


def test_an_expression_may_change_what_was_read(run: Run) -> None:
    session = stopped(run(ANSWERS))
    first = session.read_tensor(Role.WEIGHT, "w")
    assert session.evaluate("w.zero_()") == "W.ZERO_()"
    with pytest.raises(SessionError, match="NameError: boom"):
        session.evaluate("boom")
    second = session.read_tensor(Role.WEIGHT, "w")
    assert first is not None
    assert second is not None
    assert (first.array[0], second.array[0]) == (1, 4)


def test_a_running_script_is_not_asked(run: Run) -> None:
    session = run("send(moment(1)); input()")
    until(session, lambda: session.state is RunState.RUNNING)
    with pytest.raises(SessionError, match="pause it to read tensors"):
        session.read_tensor(Role.WEIGHT, "w")
    with pytest.raises(SessionError, match="pause it to evaluate expressions"):
        session.evaluate("1")


def test_a_question_is_answered_by_the_death_of_the_script(run: Run) -> None:
    session = stopped(run(STOPS + "receive(); import os; os.kill(os.getpid(), 9)"))
    with pytest.raises(SessionError, match=r"killed by signal 9 \(SIGKILL\)"):
        session.evaluate("1")
    with pytest.raises(SessionError, match="not captured"):
        session.read_tensor(Role.WEIGHT, "w")


def test_nonsense_from_the_child_ends_the_run_in_one_line(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    session = run(
        STOPS
        + """
import subprocess, sys
code = "open('go').read(); print('late', flush=True)"
subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
control.sendall(2 * b"\\x04\\0\\0\\0nope")
receive()
"""
    )
    until(session, lambda: session.state is RunState.ENDED)
    assert session.problem == (
        "train.py was ended: it sent what gradscope does not understand:"
        " Expected `object`, got `int`"
    )
    (tmp_path / "go").write_text("now")
    until(session, lambda: printed(session) == b"late\n")  # what holds its output is still heard


def test_commands_never_block_though_nobody_reads_them(run: Run) -> None:
    session = run(
        """
send(moment(1))
input()
pauses = 0
while True:
    match receive():
        case Pause():
            pauses += 1
        case Select("end"):
            break
print(pauses)
"""
    )
    until(session, lambda: session.state is RunState.RUNNING)
    for _ in range(5000):
        session.pause()
    session.select("end")
    session.write_input("\n")
    ended(session)
    assert printed(session) == b"5000\n"


def test_a_full_disk_holds_the_run_until_there_is_space(run: Run) -> None:
    session = stopped(
        run(STOPS + "receive()\nfor seq in range(2, 3000): send(moment(seq, seq))\nreceive()")
    )
    connection = session.recording._store._connection
    with session.recording._store.lock:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 8}")
    session.resume(Resume(Until.NEVER))
    until(session, lambda: bool(session.problem))
    assert session.problem == (
        "run0.gscope cannot be written: the disk is full; train.py waits until it can"
    )
    with session.recording._store.lock:
        connection.execute("PRAGMA max_page_count = 1000000")
    until(session, lambda: session.cursor == 2999)
    assert session.problem == ""
    assert session.recording.count(0, 2999) == 2999


def test_waiting_threads_wake_when_the_session_is_closed(run: Run) -> None:
    session = run("send(moment(1)); input()")
    until(session, lambda: session.state is RunState.RUNNING)
    states: list[RunState] = []
    thread = threading.Thread(target=lambda: states.append(session.wait(60)))
    thread.start()
    session.close()
    thread.join(60)
    assert states == [RunState.ENDED]


def test_the_recording_tells_the_end_as_the_live_run_did(run: Run) -> None:
    session = stopped(run(STOPS + "receive()\nimport sys; sys.exit(3)"))
    assert session.recording.phases(1)[0].phase is Phase.STEP
    session.quit()
    assert ended(session) == "train.py exited with code 3"
    session.close()
    again = Recording.open(session.recording.path)
    event = again.ended()
    assert event is not None
    assert event.status == 3
