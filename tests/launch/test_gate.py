"""The gate by itself: a script's thread on one side, the parent's commands on the other."""

import socket
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import TypeVar

import pytest

from gradscope.capture.gate import Place
from gradscope.core.commands import (
    Command,
    Evaluate,
    Pause,
    Quit,
    ReadTensor,
    Resume,
    Select,
    Slice,
    Until,
)
from gradscope.core.events import (
    Answer,
    Environment,
    Event,
    Facts,
    Inside,
    Moment,
    Notice,
    Running,
)
from gradscope.core.tensors import TensorData
from gradscope.core.wire import encode, event_decoder
from gradscope.core.words import Detail, Phase, Role, When
from gradscope.launch.channel import Channel
from gradscope.launch.gate import Ending, ScriptGate

SECONDS = 20.0
OPENING = Environment("9.9", 1, "cpu")
E = TypeVar("E")


class Inspector:
    """Knows one tensor, ``w``, one that is None, ``none``, and the frame given."""

    def __init__(self) -> None:
        self.selected: list[str] = []
        self.at: FrameType | None = None
        self.read_index: list[Slice] = []

    def read(self, role: Role, name: str, when: When, index: list[Slice]) -> TensorData | None:
        self.read_index = index
        if name == "w":
            return TensorData("float32", "<f4", (1,), (1,), b"\0\0\x80?")
        if name == "none":
            return None
        if name == "broken":
            raise RuntimeError("bad\nday")
        raise KeyError(f"no {role} of {name} {when}")

    def select(self, fqn: str) -> None:
        self.selected.append(fqn)

    def frame(self) -> FrameType | None:
        return self.at


class Watcher:
    def __init__(self) -> None:
        self.excluded = 0.0
        self.inspector = Inspector()


class Parent:
    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self.socket.settimeout(SECONDS)
        self._decoder = event_decoder()
        self._waiting: list[Event] = []

    def send(self, *commands: Command) -> None:
        self.socket.sendall(b"".join(encode(command) for command in commands))

    def read(self) -> Event:
        while not self._waiting:
            self._waiting += self._decoder.feed(self.socket.recv(1 << 16))
        return self._waiting.pop(0)

    def expect(self, kind: type[E]) -> E:
        event = self.read()
        assert isinstance(event, kind), event
        return event

    def silent(self) -> bool:
        self.socket.settimeout(0)
        try:
            return not self._waiting and not self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(SECONDS)


class Script(threading.Thread):
    """Passes one forward with one inside moment per iteration, through the gate."""

    def __init__(self, gate: ScriptGate, iterations: int = 3) -> None:
        super().__init__(daemon=True)
        self.gate = gate
        self.iterations = iterations
        self.endings = 0
        self.passed: list[int] = []

    def run(self) -> None:
        seq = 0
        for iteration in range(1, self.iterations + 1):
            for inside in (Inside("forward", "a"), None):
                seq += 1
                try:
                    pass_moment(self.gate, seq, iteration, inside)
                except Ending:
                    self.endings += 1
                self.passed.append(seq)

    def over(self) -> bool:
        self.join(SECONDS)
        return not self.is_alive()


def pass_moment(gate: ScriptGate, seq: int, iteration: int, inside: Inside | None) -> None:
    detail = gate.look(Place(seq, iteration, 1, Phase.FORWARD, inside))
    if detail is None:
        return
    gate.arrive(
        Moment(
            seq=seq,
            iteration=iteration,
            epoch=1,
            phase=Phase.FORWARD,
            inside=inside,
            line=None,
            time=0.0,
            duration=0.0,
            loss=None,
            grad_norm=None,
            lr=None,
            detail=detail,
            facts=Facts(),
            measurements=[],
            batch=[],
            stop="",
        )
    )


Bench = tuple[ScriptGate, Parent, Watcher]


@pytest.fixture
def bench() -> Iterator[Bench]:
    ours, theirs = socket.socketpair()
    channel = Channel(ours.detach())
    gate = ScriptGate(channel, opening=lambda: OPENING)
    watcher = Watcher()
    gate.attach(watcher)
    with theirs:
        yield gate, Parent(theirs), watcher
    channel.close()


def test_nothing_passes_before_the_first_resume(bench: Bench) -> None:
    gate, parent, watcher = bench
    script = Script(gate)
    script.start()
    parent.send(Select("a.weight"), Evaluate(1, "1"))
    assert parent.expect(Answer).problem.startswith("RuntimeError")
    assert watcher.inspector.selected == ["a.weight"]
    assert (script.passed, parent.silent()) == ([], True)
    parent.send(Resume(Until.NEVER))
    assert script.over()
    assert watcher.excluded > 0
    assert parent.expect(Environment) == OPENING
    moments = [parent.expect(Moment) for _ in range(3)]
    assert [(m.seq, m.stop, m.detail) for m in moments] == [
        (2, "", Detail.FULL),
        (4, "", Detail.NORMS),
        (6, "", Detail.NORMS),
    ]


def test_stops_and_runs_on(bench: Bench) -> None:
    gate, parent, _ = bench
    parent.send(Resume(Until.PHASE))
    script = Script(gate)
    script.start()
    parent.expect(Environment)
    moment = parent.expect(Moment)
    assert (moment.seq, moment.stop, moment.detail) == (2, "entry", Detail.FULL)
    assert (script.passed, parent.silent()) == ([1], True)
    parent.send(Pause())  # stopped already
    parent.send(Resume(Until.INTO))
    parent.expect(Running)
    assert parent.expect(Moment).seq == 3
    parent.send(Resume(Until.NEVER))
    parent.expect(Running)
    assert [parent.expect(Moment).stop for _ in range(2)] == ["", ""]
    assert script.over()


def test_pause_reaches_the_next_moment(bench: Bench) -> None:
    gate, parent, _ = bench
    parent.send(Resume(Until.NEVER), Pause())
    script = Script(gate)
    script.start()
    parent.expect(Environment)
    moment = parent.expect(Moment)
    assert (moment.seq, moment.stop, moment.inside) == (1, "pause", Inside("forward", "a"))
    parent.send(Resume(Until.NEVER))
    assert script.over()


def test_questions_are_answered_at_a_stop(bench: Bench) -> None:
    gate, parent, watcher = bench
    inside = 5
    watcher.inspector.at = sys._getframe()
    index = [Slice(0, element=True)]
    parent.send(Resume(Until.PHASE), Evaluate(1, "[inside + i for i in range(2)]"))
    script = Script(gate)
    script.start()
    parent.expect(Environment)
    parent.expect(Moment)
    assert parent.expect(Answer) == Answer(1, text="[5, 6]")
    parent.send(
        ReadTensor(2, Role.WEIGHT, "w", index=index),
        ReadTensor(3, Role.GRAD, "none"),
        ReadTensor(4, Role.GRAD, "x", When.BEFORE),
        ReadTensor(5, Role.GRAD, "broken"),
        Evaluate(6, "1 +"),
        Evaluate(7, "nowhere"),
        Evaluate(8, "exit(3)"),
        Evaluate(9, "'x' * 200_000"),
    )
    answer = parent.expect(Answer)
    assert answer.data is not None
    assert (answer.request, float(answer.data.array[0]), answer.absent) == (2, 1.0, False)
    assert parent.expect(Answer) == Answer(3, absent=True)
    assert parent.expect(Answer) == Answer(4, problem="no grad of x before")
    assert parent.expect(Answer) == Answer(5, problem="RuntimeError: bad day")
    assert parent.expect(Answer) == Answer(6, problem="SyntaxError: invalid syntax")
    assert parent.expect(Answer) == Answer(7, problem="NameError: name 'nowhere' is not defined")
    assert parent.expect(Answer) == Answer(8, problem="SystemExit: 3")
    assert len(parent.expect(Answer).text) == 100_001
    assert inside == 5
    parent.send(Resume(Until.NEVER))
    assert script.over()


def test_moments_of_the_users_own_expression_do_not_count(bench: Bench) -> None:
    gate, parent, watcher = bench
    watcher.inspector.at = sys._getframe()
    parent.send(Resume(Until.PHASE), Evaluate(1, "gate.look(None)"))
    script = Script(gate)
    script.start()
    parent.expect(Environment)
    parent.expect(Moment)
    assert parent.expect(Answer).text == "None"
    parent.send(Resume(Until.NEVER))
    assert script.over()


def test_questions_left_at_the_end_are_declined(bench: Bench) -> None:
    gate, parent, _ = bench
    parent.send(Resume(Until.NEVER))
    script = Script(gate)
    script.start()
    assert script.over()
    parent.send(Evaluate(1, "1"))
    gate.finish()
    for _ in range(4):
        parent.read()
    assert parent.expect(Answer) == Answer(1, problem="the script is over")


def test_quit_ends_again_at_every_moment(bench: Bench) -> None:
    gate, parent, _ = bench
    parent.send(Resume(Until.PHASE))
    script = Script(gate)
    script.start()
    parent.expect(Environment)
    parent.expect(Moment)
    parent.send(Quit())
    assert script.over()
    assert script.endings == 5
    assert gate.quitting
    parent.expect(Running)
    assert parent.silent()


def test_parent_gone_at_a_stop_ends_the_script(bench: Bench) -> None:
    gate, parent, _ = bench
    parent.send(Resume(Until.PHASE))
    script = Script(gate)
    script.start()
    parent.expect(Environment)
    parent.expect(Moment)
    parent.socket.close()
    assert script.over()
    assert script.endings == 5


def test_parent_gone_while_running_ends_the_script(bench: Bench) -> None:
    gate, parent, _ = bench
    parent.send(Resume(Until.NEVER))
    parent.socket.close()
    script = Script(gate)
    script.start()
    assert script.over()
    assert script.endings == 5  # the first moment read the command, the second found nobody


def test_other_threads_wait_while_one_is_stopped(bench: Bench) -> None:
    gate, parent, _ = bench
    parent.send(Resume(Until.PHASE))
    first, second = Script(gate, 1), Script(gate, 1)
    first.start()
    parent.expect(Environment)
    parent.expect(Moment)
    second.start()
    parent.send(Evaluate(1, "1"))
    parent.expect(Answer)
    assert (second.passed, first.passed) == ([], [1])
    parent.send(Resume(Until.NEVER))
    assert first.over()
    assert second.over()


def test_place_that_did_not_come_is_told(bench: Bench) -> None:
    gate, parent, _ = bench
    parent.send(Resume(Until.PLACE, iteration=1, phase=Phase.STEP))
    script = Script(gate)
    script.start()
    parent.expect(Environment)
    parent.expect(Moment)
    assert parent.expect(Moment).stop == "goto"
    assert parent.expect(Notice).text.startswith("Iteration 1 had no further step")
    parent.send(Resume(Until.NEVER))
    assert script.over()


def test_inert_gate_neither_asks_nor_sends(bench: Bench) -> None:
    gate, parent, _ = bench
    gate.inert = True
    script = Script(gate)
    script.start()
    assert script.over()
    gate.finish()
    assert parent.silent()
