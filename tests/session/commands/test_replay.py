"""Replay files: what they may say, and what becomes of it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gradscope.session.child import LaunchSpec
from gradscope.session.language import Reply, execute
from gradscope.session.recorded import RecordedSession
from gradscope.session.replay import ReplayError, parse_replay, play, read_replay


def played(
    session: RecordedSession, text: str, pressed: list[str] | None = None
) -> tuple[str, list[str]]:
    """Return why a replay failed ('' if it did not) and the lines that it showed."""
    shown: list[str] = []

    def show(line: str, _reply: Reply) -> None:
        shown.append(line)

    def press(keys: Sequence[str]) -> None:
        assert pressed is not None
        pressed.extend(keys)

    failure = play(
        parse_replay(text, "a.replay"), session, show, None if pressed is None else press
    )
    return str(failure) if failure else "", shown


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("run train.py", LaunchSpec("train.py")),
        ("run 'my train.py' --lr 0.1", LaunchSpec("my train.py", args=("--lr", "0.1"))),
        ("run -m pkg.train -v", LaunchSpec("pkg.train", module=True, args=("-v",))),
        ("run --eager train.py", LaunchSpec("train.py", eager=True)),
    ],
)
def test_the_first_line_says_what_to_run(line: str, expected: LaunchSpec) -> None:
    replay = parse_replay(f"# a comment\n\n{line}\nnext\n", "a")
    assert replay.launch == expected
    assert [(one.number, one.text) for one in replay.lines] == [(4, "next")]
    assert not replay.presses


def test_run_with_a_number_is_a_command() -> None:
    replay = parse_replay("run 5\nrun 3", "a")
    assert replay.launch is None
    assert [line.text for line in replay.lines] == ["run 5", "run 3"]
    assert parse_replay("press n n", "a").presses


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("next\nrun train.py", "a.replay:2: what to run is said once, in the first line"),
        ("run a.py\nrun b.py", "a.replay:2: what to run is said once"),
        ("run", "a.replay:1: run takes a script"),
        ("run -m", "a.replay:1: run takes a script"),
        ("run 'train.py", "a.replay:1: the quotes do not match"),
        ("nxt", "a.replay:1: there is no command 'nxt'; did you mean next?"),
        ("press", "a.replay:1: press takes keys"),
        ("# fine\nexpect los > 3", "a.replay:2: there is no name 'los'; did you mean loss?"),
        ("expect", "a.replay:1: an expression is missing"),
    ],
)
def test_a_bad_line_is_found_before_anything_runs(text: str, message: str) -> None:
    with pytest.raises(ReplayError) as caught:
        parse_replay(text, "a.replay")
    assert str(caught.value).startswith(message)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="No such file"):
        read_replay(tmp_path / "none.replay")
    with pytest.raises(ReplayError, match="cannot be read"):
        read_replay(tmp_path)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(ReplayError, match="no text in UTF-8"):
        read_replay(tmp_path / "bytes")


def test_a_replay_that_holds(session: RecordedSession) -> None:
    why, shown = played(
        session,
        """
        run train.py
        # the first iteration
        expect phase == "zero_grad" and grad("fc.weight") is None
        goto 1:backward
        expect norm(grad("fc.weight")) == approx(2.291, abs=0.001)
        expect grad("fc.weight")[0, 1] == -1 and loss == 2.5
        next
        expect norm(update("fc.weight")) / norm(weight("fc.weight")) == approx(0.1)
        continue
        expect isnan(loss) and iteration == 2
        """,
    )
    assert why == ""
    assert shown == ["goto 1:backward", "next", "continue"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            'goto 1:backward\nexpect grad("fc.weight") is None',
            'a.replay:2: expect grad("fc.weight") is None\ngrad("fc.weight"): measured a 2×2',
        ),
        ("expect iteration == 2", "a.replay:1: expect iteration == 2\niteration: measured 1"),
        ("expect loss > 1", "a.replay:1: expect loss > 1\nloss is None here"),
        ("goto 9", "a.replay:1: goto 9\niteration 9 was not recorded"),
        ("press n", "a.replay:1: press n\npress needs the screen"),
    ],
)
def test_the_failing_line_is_shown_with_what_was_measured(
    session: RecordedSession, text: str, why: str
) -> None:
    assert played(session, text)[0].startswith(why)


def test_keys_are_pressed_in_order(session: RecordedSession) -> None:
    pressed: list[str] = []
    why, shown = played(session, "press n ctrl+p\npress q", pressed)
    assert (why, shown) == ("", [])
    assert pressed == ["n", "ctrl+p", "q"]


def test_quit_ends_a_replay(session: RecordedSession) -> None:
    assert played(session, "quit\nexpect iteration == 100") == ("", ["quit"])


def test_what_save_writes_can_be_replayed(session: RecordedSession, tmp_path: Path) -> None:
    for line in ("n 2", "s", "goto 2:backward"):
        execute(session, line)
    execute(session, f"save {tmp_path / 'a.replay'}")
    end = session.cursor
    session.cursor = session.recording.first_seq()
    replay = read_replay(tmp_path / "a.replay")
    assert play(replay, session, lambda _line, _reply: None) is None
    assert session.cursor == end
