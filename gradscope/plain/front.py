"""The linear front end: a command a line in, an answer out, nothing drawn over."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType

from gradscope.plain.follower import Follower
from gradscope.plain.lines import CommandLines
from gradscope.plain.writer import JsonWriter, TextWriter, Writer
from gradscope.session.language import CommandError, Reply, execute, parse_line
from gradscope.session.movement import break_in, exit_code, wait_for_end
from gradscope.session.source import RunState, Session, SessionError
from gradscope.session.stops import stop_reply

_GOING = frozenset({RunState.STARTING, RunState.RUNNING})
_URGENT = frozenset({"input", "pause", "interrupt"})
"""Commands that are carried out while the script runs; others wait for its next stop."""


def run(session: Session, *, json: bool = False) -> int:
    """Take commands from stdin until it ends or one of them is ``quit``; return the exit code.

    The code is the script's own, 0 where the user ended it or there was only a recording. The
    session is closed in the end.
    """
    writer: Writer = JsonWriter(sys.stdout) if json else TextWriter(sys.stdout, sys.stderr)
    try:
        with signals_end(), Follower(session, writer) as follower:
            return _Conversation(session, writer, follower).hold()
    except BrokenPipeError:
        return forget_stdout()
    finally:
        session.close()


class _Conversation:
    """One session with its commands and answers."""

    def __init__(self, session: Session, writer: Writer, follower: Follower) -> None:
        self._session = session
        self._writer = writer
        self._follower = follower
        self._lines = CommandLines(session)
        follower.trouble = self._lines.ring

    def hold(self) -> int:
        """Answer commands until there are no more; return the exit code."""
        self._await_stop()
        self._answer("", stop_reply(self._session))
        while (line := self._lines.next()) is not None:
            line = line.strip()
            if line and not line.startswith("#") and self._carry_out(line):
                break
        return self._finish()

    def _carry_out(self, line: str) -> bool:
        """Carry out a command and answer it; tell whether it was the last."""
        try:
            reply = execute(self._session, line, wait=False)
        except CommandError as error:
            self._follower.catch_up()
            self._writer.problem(line, str(error))
            return False
        if parse_line(line)[0].moves:
            self._await_stop()
            reply = stop_reply(self._session)
        self._answer(line, reply)
        return reply.leave

    def _answer(self, line: str, reply: Reply) -> None:
        self._follower.catch_up()
        self._writer.answer(line, reply)

    def _await_stop(self) -> None:
        """Wait for the script to stop, carrying out what cannot wait so long."""
        pressed = False
        while True:
            try:
                line = self._lines.wait(self._stopped, _is_urgent)
            except KeyboardInterrupt:
                break_in(self._session, again=pressed)
                pressed = True
                continue
            if line is None:
                self._follower.catch_up()
                return
            self._carry_out(line.strip())

    def _stopped(self) -> bool:
        return self._session.state not in _GOING or self._follower.problem is not None

    def _finish(self) -> int:
        """End the script if it has not ended, and say how it did; return its exit code."""
        session = self._session
        if session.state is RunState.RECORDED:
            return 0
        told = session.state is RunState.ENDED
        with contextlib.suppress(SessionError):
            session.quit()
        wait_for_end(session)
        self._follower.catch_up()
        code = exit_code(session.recording)
        self._writer.end(session.problem, code, told=told)
        return code


def _is_urgent(line: str) -> bool:
    with contextlib.suppress(CommandError):
        return parse_line(line)[0].name in _URGENT
    return False


@contextlib.contextmanager
def signals_end() -> Iterator[None]:
    """Leave in order, ending the script, where this process is told to end."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    numbers = [signal.SIGTERM, signal.SIGHUP]
    before = [signal.signal(number, leave) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def forget_stdout() -> int:
    """Send what is left to write nowhere, since nobody reads it; return the exit code for that."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return 128 + signal.SIGPIPE
