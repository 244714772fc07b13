"""The controls: what keys and typed lines ask of the session."""

import time
from collections import deque
from functools import partial

from textual.message import Message
from textual.screen import Screen

from gradscope.session.language import CommandError, complete, execute, find
from gradscope.session.source import RunState, Session, SessionError
from gradscope.tui.screens.feed import GOING

_STEPS = frozenset({"next", "into", "out", "phase", "iteration"})
"""Movements that are over soon: more may be asked for while one is under way."""
_AHEAD = 8
"""So many movements at most, lest a key held down goes on long after it is released."""
_AT_ONCE = frozenset({"pause", "quit", "interrupt", "input"})
"""Commands besides the movements that do not wait for the script to answer."""

SECOND_PRESS = 2.0
"""Seconds within which a second press confirms the first."""


class Said(Message):
    """The answer to a line, or in one line why there is none."""

    def __init__(self, text: str, *, problem: bool = False) -> None:
        super().__init__()
        self.text = text
        self.problem = problem


class Asked(Message):
    """A line asked the screen itself for something: ``what`` with its value.

    ``leave`` asks to leave, ``selected`` for another parameter, ``plot`` for another curve.
    """

    def __init__(self, what: str, value: str = "") -> None:
        super().__init__()
        self.what = what
        self.value = value


class Controls:
    """Gives the session commands without making the screen wait for the answer."""

    def __init__(self, screen: Screen[None], session: Session) -> None:
        self._screen = screen
        self._session = session
        self._stepping = False
        self._queue: deque[str] = deque()
        self._pressed: dict[str, float] = {}

    def run(self, line: str) -> None:
        """Have a line of the command language executed; messages tell what comes of it."""
        try:
            command = find(line.split(maxsplit=1)[0])
        except (CommandError, IndexError):
            self._execute(line)
            return
        if command.moves and self._stepping and self._session.state is RunState.RUNNING:
            if len(self._queue) < _AHEAD:
                self._queue.append(line)
        elif command.moves or command.name in _AT_ONCE:
            if not command.moves:
                self._queue.clear()
            self._move(line)
        else:
            self._screen.run_worker(partial(self._execute, line), thread=True, group="commands")

    def stopped(self) -> None:
        """Take note that the run has stopped, and make the next movement that was asked for."""
        self._stepping = False
        if self._queue and self._session.state is RunState.PAUSED:
            self._move(self._queue.popleft())

    def _move(self, line: str) -> None:
        self._stepping = find(line.split(maxsplit=1)[0]).name in _STEPS
        self._execute(line)

    def completions(self, text: str) -> list[str]:
        """Return the lines that ``text`` could become."""
        return complete(self._session, text)

    def pause_or_quit(self) -> None:
        """Do what ctrl+c means now: pause, interrupt, or leave at a second press."""
        script = self._session.script
        if self._session.state in GOING:
            if self._confirmed("interrupt"):
                self.run("interrupt")
            else:
                self.run("pause")
                self._say(f"{script} stops at its next moment; ctrl+c again interrupts it")
        elif self._confirmed("leave"):
            self._screen.post_message(Asked("leave"))
        else:
            self._say("press ctrl+c again to quit")

    def quit(self) -> None:
        """Leave, after a second press where the script runs."""
        if self._session.state not in GOING or self._confirmed("quit"):
            self._screen.post_message(Asked("leave"))
        else:
            self._say(f"{self._session.script} is running: press q again to end it")

    def write_input(self, text: str) -> None:
        """Type ``text`` for the script."""
        try:
            self._session.write_input(text)
        except SessionError as error:
            self._say(str(error), problem=True)

    def back(self, *, iteration: bool) -> None:
        """Look at the moment before, or at this phase one iteration earlier."""
        recording = self._session.recording
        moment = recording.latest_moment(self._session.cursor)
        if moment is None:
            self.look(None)
        elif iteration:
            self.look(recording.find(moment.iteration - 1, moment.phase))
        else:
            self.look(recording.neighbour(moment.seq, forward=False))

    def look(self, seq: int | None) -> None:
        """Move the cursor of a recorded run to ``seq``; say why where that cannot be."""
        if self._session.state is not RunState.RECORDED:
            path = self._session.recording.path
            self._say(f"only recorded runs go back: gradscope view {path}", problem=True)
        elif seq is None:
            self._say("there is no earlier moment", problem=True)
        else:
            self._session.cursor = seq

    def _confirmed(self, what: str) -> bool:
        now = time.monotonic()
        before = self._pressed.get(what, -SECOND_PRESS)
        self._pressed[what] = now
        return now - before < SECOND_PRESS

    def _execute(self, line: str) -> None:
        """Execute a line; called in a thread of its own where it may have to wait."""
        try:
            reply = execute(self._session, line, wait=False)
        except CommandError as error:
            self._say(str(error), problem=True)
            return
        if reply.text:
            self._say(reply.text)
        for what in ("selected", "plot"):
            if what in reply.data:
                self._screen.post_message(Asked(what, str(reply.data[what])))
        if reply.leave:
            self._screen.post_message(Asked("leave"))

    def _say(self, text: str, *, problem: bool = False) -> None:
        self._screen.post_message(Said(text, problem=problem))
