"""The command language over a small recording made by hand."""

import threading
from pathlib import Path

import pytest

from gradscope.core.commands import Resume, Slice, Until
from gradscope.recording import Recording
from gradscope.session.answers import CommandError
from gradscope.session.language import COMMANDS, complete, execute, find, help_text
from gradscope.session.recorded import RecordedSession
from gradscope.session.source import RunState
from gradscope.session.tensors import parse_index

GRAD = [[0.5, -1.0], [0.0, 2.0]]


def say(session: RecordedSession, line: str) -> str:
    return execute(session, line).text


def place(session: RecordedSession) -> tuple[int, int, str, bool]:
    found = session.recording.latest_moment(session.cursor)
    assert found is not None
    return found.seq, found.iteration, found.phase, found.inside is not None


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["next"], (3, 1, "forward", False)),
        (["n 2"], (4, 1, "backward", False)),
        (["into"], (2, 1, "forward", True)),
        (["s", "out"], (3, 1, "forward", False)),
        (["s", "next"], (3, 1, "forward", False)),
        (["phase 3"], (5, 1, "step", False)),
        (["iteration"], (6, 2, "zero_grad", False)),
        (["i"], (6, 2, "zero_grad", False)),
        (["run 1"], (5, 1, "step", False)),
        (["r 2"], (10, 2, "step", False)),
        (["continue"], (10, 2, "step", False)),
        (["c"], (10, 2, "step", False)),
        (["goto 2"], (6, 2, "zero_grad", False)),
        (["goto 2:backward"], (9, 2, "backward", False)),
        (["g 2:step", "goto 1:backward"], (4, 1, "backward", False)),
        (["con"], (10, 2, "step", False)),
    ],
)
def test_movement(
    session: RecordedSession, lines: list[str], expected: tuple[int, int, str, bool]
) -> None:
    for line in lines:
        execute(session, line)
    assert place(session) == expected


def test_a_stop_is_told_in_words_and_as_data(session: RecordedSession) -> None:
    reply = execute(session, "goto 1:backward")
    assert reply.text.splitlines() == [
        "iteration 1, epoch 1, backward: backward filled 1 grad, ‖g‖ 2.2913",
        "  at train.py:3 in <module>: loss.backward()",
        "  loss 2.5000, lr 0.1000, norm of all grads 2.2913",
    ]
    assert reply.data["iteration"] == 1
    assert reply.data["phase"] == "backward"
    assert reply.data["loss"] == 2.5
    assert reply.data["state"] == "recorded"
    assert isinstance(reply.data["line"], dict)
    assert reply.data["line"]["text"] == "loss.backward()"
    assert say(session, "where") == reply.text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "a command is missing"),
        ("nxt", "did you mean next?"),
        ("xyzzy", "help lists the commands"),
        ("in", "may mean into or interrupt or input"),
        ("next 0", "next takes a whole number from 1, not '0'"),
        ("next two", "next takes a whole number"),
        ("next -1", "next takes a whole number"),
        ("epoch 2", "epoch takes nothing after it"),
        ("out", "not inside a phase"),
        ("goto", "goto takes ITERATION[:PHASE]"),
        ("goto 0", "goto takes ITERATION[:PHASE]"),
        ("goto 1:bakward", "did you mean backward?"),
        ("goto 7", "iteration 7 was not recorded"),
        ("pause", "paused already"),
        ("show", "show takes the name of a tensor"),
        ("show fc.wieght", "did you mean fc.weight"),
        ("show activation fcc", "there is no module 'fcc'; did you mean fc?"),
        ("show grad fc.weight[a]", "an index is a list such as"),
        ("show grad fc.weight[::0]", "cannot be 0"),
        ("show grad fc.weight fc.bias", "not the name of a tensor"),
        ("show state fc.weight", "show state FQN NAME"),
        ("show norm(grad('fc.weigt'))", "did you mean fc.weight"),
        ("layers conv*", "there is no parameter 'conv*'; there are fc.weight"),
        ("plot los", "did you mean loss?"),
        ("select fc", "did you mean fc.weight"),
        ("print", "print takes a Python expression"),
        ("help nxt", "did you mean next?"),
        ("save", "save takes the name of a file"),
        ("input hello", "no living script"),
        ("interrupt", "no living script"),
    ],
)
def test_errors_are_one_clear_line(session: RecordedSession, line: str, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        execute(session, line)
    first, *rest = str(caught.value).splitlines()
    assert message in first
    assert not rest or rest[-1].strip() == "^"


def test_show(session: RecordedSession) -> None:
    execute(session, "goto 1:backward")
    reply = execute(session, "show grad fc.weight")
    assert reply.text.splitlines() == [
        "grad fc.weight: 2×2 float32",
        "  norm 2.2913, mean 0.3750, std 1.1000, min −1.0000, max 2.0000, 1 zeros",
        "  [[ 0.5 -1. ]",
        "   [ 0.   2. ]]",
    ]
    assert reply.data["values"] == GRAD
    part = execute(session, "show grad fc.weight[0, 1]")
    assert part.text.splitlines() == ["grad fc.weight: scalar float32, part of 2×2", "  -1."]
    assert part.data["values"] == -1.0
    assert say(session, "show grad fc.weight[:, 1]").endswith("[-1.  2.]")
    assert say(session, "show grad fc.bias") == "grad fc.bias is None"


def test_show_tells_what_was_not_kept(session: RecordedSession) -> None:
    execute(session, "goto 1:backward")
    with pytest.raises(CommandError, match="fc"):
        execute(session, "show activation fc")


def test_show_and_print_evaluate_expressions(session: RecordedSession) -> None:
    execute(session, "goto 1:backward")
    assert say(session, "show loss") == "loss = 2.5"
    assert (
        say(session, 'show norm(grad("fc.weight")) ** 2') == 'norm(grad("fc.weight")) ** 2 = 5.25'
    )
    assert say(session, 'print grad("fc.weight")[1, 1]') == 'grad("fc.weight")[1, 1] = 2'
    assert execute(session, 'show grad("fc.weight")[0]').data["value"] == [0.5, -1.0]


def test_what_was_measured_before_a_write_is_not_shown_as_now(session: RecordedSession) -> None:
    execute(session, "goto 1:step")
    assert say(session, 'show norm(grad("fc.weight"))').endswith("= 2.29128785")
    execute(session, "goto 2:zero_grad")
    assert say(session, "show grad fc.weight") == "grad fc.weight is None"
    assert say(session, 'show grad("fc.weight") is None').endswith("= True")


def test_layers(session: RecordedSession) -> None:
    execute(session, "goto 1:step")
    lines = say(session, "layers").splitlines()
    assert lines[0].split() == [
        *("parameter", "shape", "std", "of", "w", "norm", "of", "g", "lg", "dw/w", "health")
    ]
    assert lines[1].split()[:5] == ["fc.weight", "2×2", "1.1000", "2.2913", "−1.0000"]
    assert lines[2].split()[:4] == ["fc.bias", "-", "–", "None"]
    reply = execute(session, "layers *.weight")
    assert isinstance(reply.data["layers"], list)
    assert [row["parameter"] for row in reply.data["layers"]] == ["fc.weight"]


def test_plot_says_the_curve_and_gives_its_numbers(session: RecordedSession) -> None:
    reply = execute(session, "plot")
    assert reply.text == (
        "loss over iterations 1 to 2: from 2.5000 to 2.5000, lowest 2.5000 at 1,"
        " 1 of them NaN or infinite"
    )
    assert reply.data["iterations"] == [1, 2]
    assert execute(session, "plot lr").data["values"] == [0.1, 0.1]


def test_output_gives_the_last_lines(session: RecordedSession) -> None:
    assert say(session, "output").splitlines() == ["epoch 1", "half a line"]
    assert say(session, "output 1") == "half a line"


def test_help_lists_every_command_and_explains_each() -> None:
    listed = help_text()
    for command in COMMANDS:
        assert command.usage in listed
        assert command.summary in help_text(command.name)
        for alias in command.aliases:
            assert find(alias) is command
    assert len({alias for c in COMMANDS for alias in (c.name, *c.aliases)}) == sum(
        1 + len(c.aliases) for c in COMMANDS
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ne", ["next"]),
        ("  wh", ["  where"]),
        ("next ", []),
        ("show fc.w", ["show fc.weight"]),
        ("show gr", ["show grad", "show grad_output"]),
        ("show grad fc.b", ["show grad fc.bias"]),
        ("show before w", ["show before weight"]),
        ("show activation f", ["show activation fc"]),
        ('show norm(grad("fc.w', ['show norm(grad("fc.weight"']),
        ("show (lo", ["show (loss"]),
        ("goto 1:b", ["goto 1:backward", "goto 1:batch"]),
        ("plot l", ["plot loss", "plot lr"]),
        ("help wh", ["help where"]),
        ("select fc.bias", []),
        ("", [command.name for command in COMMANDS]),
        ("xyzzy f", []),
    ],
)
def test_completion(session: RecordedSession, text: str, expected: list[str]) -> None:
    assert complete(session, text) == expected


def test_save_writes_what_was_done(session: RecordedSession, tmp_path: Path) -> None:
    for line in ("n 2", "show loss", "help", "goto 2:step", "plot"):
        execute(session, line)
    with pytest.raises(CommandError):
        execute(session, "goto 99")
    file = tmp_path / "session.replay"
    assert say(session, f"save {file}") == f"saved the commands so far to {file}"
    assert file.read_text().splitlines()[1:] == ["next 2", "show loss", "goto 2:step"]
    assert file.read_text().startswith("# A gradscope replay")
    say(session, f"save {file}")
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    with pytest.raises(CommandError, match="choose another name"):
        execute(session, f"save {other}")
    with pytest.raises(CommandError, match="No such file"):
        execute(session, f"save {tmp_path}/missing/x.replay")
    assert other.read_text() == "mine"


class Living(RecordedSession):
    """Stands for a run that goes on until it is paused, over moments already recorded."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording)
        self.state = RunState.PAUSED
        self.asked: list[str] = []
        self.interrupts = 0

    def resume(self, resume: Resume) -> None:
        self.state = RunState.RUNNING
        self.asked.append(resume.until)

    def wait(self, timeout: float | None = None) -> RunState:
        assert timeout is None
        if self.interrupts:
            self.interrupts -= 1
            raise KeyboardInterrupt
        self.state = RunState.PAUSED
        return self.state

    def pause(self) -> None:
        self.asked.append("pause")
        self.cursor = 9

    def interrupt(self) -> None:
        self.asked.append("interrupt")


def test_ctrl_c_pauses_and_then_interrupts(session: RecordedSession) -> None:
    living = Living(session.recording)
    living.interrupts = 2
    text = execute(living, "continue").text
    assert living.asked == [Until.NEVER, "pause", "interrupt"]
    assert text.startswith("iteration 2, epoch 1, backward")


def test_a_pause_is_saved_as_the_place_it_led_to(session: RecordedSession, tmp_path: Path) -> None:
    living = Living(session.recording)
    living.interrupts = 1
    execute(living, "next")
    living.interrupts = 1
    execute(living, "continue")
    execute(living, f"save {tmp_path / 'a.replay'}")
    assert living.history == ["goto 2:backward", "goto 2:backward"]
    living.cursor = 7
    living.history[:] = ["run 50", "pause"]
    execute(living, "where")
    assert living.history == [
        "# paused at moment 7: iteration 2, epoch 1, forward inside fc",
        "goto 2:forward",
        "where",
    ]


def test_without_waiting_a_movement_answers_at_once(session: RecordedSession) -> None:
    living = Living(session.recording)
    reply = execute(living, "continue", wait=False)
    assert reply.text == ""
    assert reply.data == {"state": "running"}
    assert living.state is RunState.RUNNING


def test_a_place_that_is_not_ahead_of_a_living_run(session: RecordedSession) -> None:
    living = Living(session.recording)
    living.cursor = 9
    for line in ("goto 1", "goto 2:forward", "goto 2"):
        with pytest.raises(CommandError, match="is not ahead: the run is at iteration 2, backward"):
            execute(living, line)
    execute(living, "goto 2:step")
    assert living.asked == [Until.PLACE]


def test_the_listener_of_an_end_is_woken(session: RecordedSession) -> None:
    living = Living(session.recording)

    def quit_it() -> None:
        living.state = RunState.ENDED
        for listener in living._listeners:
            listener()

    living.quit = lambda: threading.Timer(0.01, quit_it).start()  # type: ignore[method-assign]
    assert execute(living, "q").leave
    assert living.state is RunState.ENDED


def test_slices_are_what_an_index_means() -> None:
    assert parse_index("0, :, 1:3, -1, ::2") == (
        Slice(0, element=True),
        Slice(None),
        Slice(1, 3),
        Slice(-1, element=True),
        Slice(None, None, 2),
    )
