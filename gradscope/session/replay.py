"""Replay files: commands, expectations and key presses, one a line.

The first line may be ``run SCRIPT [ARGS...]``; ``#`` begins a comment where it stands first.
``expect EXPRESSION`` fails with what was measured, ``press KEYS`` needs the Textual front end,
every other line is a command. ``play`` does not know which front end it drives.
"""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gradscope.core.expressions import ExpressionError, parse
from gradscope.session.answers import CommandError, Reply
from gradscope.session.child import LaunchSpec
from gradscope.session.language import execute, parse_line
from gradscope.session.movement import exit_code, wait_for_stop
from gradscope.session.names import MomentNames
from gradscope.session.source import RunState, Session

_WHILE_RUNNING = frozenset({"pause", "interrupt", "input", "output", "quit"})

Press = Callable[[Sequence[str]], None]
"""Presses keys, as Textual names them, one after the other; returns when they were handled."""
Show = Callable[[str, Reply], None]
"""Shows a line and what it answered."""


class ReplayError(Exception):
    """A replay file cannot be read; the message says where and why."""


class Kind(StrEnum):
    """What a line of a replay file asks for."""

    COMMAND = "command"
    EXPECT = "expect"
    PRESS = "press"


@dataclass(frozen=True)
class ReplayLine:
    """One line: its number in the file from 1, its text, and the text after its first word."""

    number: int
    text: str
    kind: Kind
    rest: str


@dataclass(frozen=True)
class Replay:
    """A replay file, checked. ``launch`` is what it runs, None where it does not say."""

    name: str
    launch: LaunchSpec | None
    lines: tuple[ReplayLine, ...]

    @property
    def presses(self) -> bool:
        """Whether it presses keys, so that it needs the Textual front end."""
        return any(line.kind is Kind.PRESS for line in self.lines)


@dataclass(frozen=True)
class Failure:
    """The line at which a replay failed, and why."""

    name: str
    line: ReplayLine
    why: str

    def __str__(self) -> str:
        return f"{self.name}:{self.line.number}: {self.line.text}\n{self.why}"


def read_replay(path: Path) -> Replay:
    """Return the replay file at ``path``.

    Raises:
        ReplayError: It cannot be read, or a line of it makes no sense.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ReplayError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ReplayError(f"{path} is no text in UTF-8") from None
    return parse_replay(text, str(path))


def parse_replay(text: str, name: str) -> Replay:
    """Return the replay file whose content is ``text``.

    Raises:
        ReplayError: A line of it makes no sense.
    """
    launch: LaunchSpec | None = None
    lines: list[ReplayLine] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        try:
            if word == "run" and not rest.isdigit():
                launch = _only_launch(rest, first=not lines and launch is None)
            else:
                lines.append(_parse_line(number, line, word, rest))
        except ExpressionError as error:
            raise ReplayError(f"{name}:{number}: {error}\n{error.caret()}") from None
        except (ReplayError, CommandError) as error:
            raise ReplayError(f"{name}:{number}: {error}") from None
    return Replay(name, launch, tuple(lines))


def _only_launch(rest: str, *, first: bool) -> LaunchSpec:
    if not first:
        raise ReplayError("what to run is said once, in the first line")
    return parse_launch(rest)


def _parse_line(number: int, line: str, word: str, rest: str) -> ReplayLine:
    if word == Kind.EXPECT:
        parse(rest)
        return ReplayLine(number, line, Kind.EXPECT, rest)
    if word == Kind.PRESS:
        if not rest:
            raise ReplayError("press takes keys, such as: press n n ctrl+p")
        return ReplayLine(number, line, Kind.PRESS, rest)
    parse_line(line)
    return ReplayLine(number, line, Kind.COMMAND, rest)


def parse_launch(text: str) -> LaunchSpec:
    """Return what ``[--eager] (-m MODULE | SCRIPT) [ARGS...]`` runs, quoted as in a shell.

    Raises:
        ReplayError: It names nothing to run.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ReplayError(f"the quotes do not match: {error}") from None
    return parse_launch_words(words)


def parse_launch_words(words: Sequence[str]) -> LaunchSpec:
    """Return what ``[--eager] (-m MODULE | SCRIPT) [ARGS...]`` runs, as words.

    Raises:
        ReplayError: It names nothing to run.
    """
    eager = list(words[:1]) == ["--eager"]
    words = words[1:] if eager else words
    module = list(words[:1]) == ["-m"]
    words = words[1:] if module else words
    if not words:
        raise ReplayError("run takes a script, or -m and a module")
    return LaunchSpec(words[0], module=module, args=tuple(words[1:]), eager=eager)


def play(
    replay: Replay, session: Session, show: Show, press: Press | None = None
) -> Failure | None:
    """Carry out a replay on a session that has just started; return where it failed.

    Args:
        replay: What to do.
        session: The run. It is not closed here.
        show: Called with every command and its answer.
        press: Presses keys; needed where the replay has such lines.
    """
    for line in replay.lines:
        why, leave = _play_line(line, session, show, press)
        if why:
            return Failure(replay.name, line, why)
        if leave:
            break
    return None


def _play_line(
    line: ReplayLine, session: Session, show: Show, press: Press | None
) -> tuple[str, bool]:
    """Return why a line failed ('' if it did not), and whether it ended the session."""
    if line.kind is Kind.PRESS:
        if press is None:
            return "press needs the screen", False
        if session.state is RunState.STARTING:
            wait_for_stop(session)
        press(line.rest.split())
        return "", False
    if line.kind is Kind.EXPECT:
        wait_for_stop(session)
        return _expect(session, line.rest), False
    try:
        command, _ = parse_line(line.text)
        if command.name not in _WHILE_RUNNING:
            wait_for_stop(session)
        reply = execute(session, line.text)
    except CommandError as error:
        return str(error), False
    show(line.text, reply)
    crashed = command.moves and session.state is RunState.ENDED and exit_code(session.recording)
    return session.problem if crashed else "", reply.leave


def _expect(session: Session, text: str) -> str:
    try:
        return parse(text).test(MomentNames(session)).report()
    except ExpressionError as error:
        return f"{error}\n{error.caret()}"
