"""The gate: lets the script pass from moment to moment, or holds it while the parent looks."""

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, assert_never

from msgspec.structs import replace

from gradscope.capture.gate import Place
from gradscope.core.commands import (
    Command,
    Evaluate,
    Pause,
    Quit,
    ReadTensor,
    Resume,
    Select,
    Until,
)
from gradscope.core.events import Event, Moment, Notice, Running
from gradscope.core.wire import command_decoder, encode
from gradscope.core.words import Detail
from gradscope.launch.answers import Inspector, Questions
from gradscope.launch.channel import Channel
from gradscope.launch.closeness import Closeness
from gradscope.launch.compiled import compiled_notice
from gradscope.launch.stops import Stops


class Ending(SystemExit):
    """Raised in the script to end it, since the user quit or the parent is gone."""


class SelectingInspector(Inspector, Protocol):
    """An inspector that also learns which parameter the user looks at."""

    def select(self, fqn: str) -> None:
        """Keep the copies of this parameter, whatever its size."""


class Watcher(Protocol):
    """What the gate needs of an installed capture."""

    excluded: float

    @property
    def inspector(self) -> SelectingInspector:
        """Where questions at a stop are answered."""


class ScriptGate:
    """The gate of one run.

    Nothing passes before the parent's first ``Resume``. While one thread of the script is
    stopped, every other thread that comes to a moment waits too, so that a training loop in a
    thread is debugged like one on the main thread. ``opening`` makes the event that goes out
    right before the first moment.
    """

    def __init__(
        self, channel: Channel, *, opening: Callable[[], Event], eager: bool = False
    ) -> None:
        self._channel = channel
        self._opening: Callable[[], Event] | None = opening
        self._commands = command_decoder()
        self._lock = threading.RLock()
        self._stops = Stops()
        self._closeness = Closeness()
        self._capture: Watcher | None = None
        self._place: Place | None = None
        self._reasons: dict[int, str] = {}
        self._questions = Questions(self.emit)
        self._held = True
        self._compile_unknown = not eager
        self.quitting = False
        """Whether the script is to be ended."""
        self.inert = False
        """Set in forked children of the script, where nothing is watched."""

    def attach(self, capture: Watcher) -> None:
        """Answer from ``capture``, and take the time spent here off the script's own."""
        self._capture = capture

    def look(self, place: Place) -> Detail | None:
        """See ``gradscope.capture.gate.Gate``.

        Raises:
            Ending: The script is to end.
        """
        if self.inert or self._questions.being_answered_here:
            return None
        with self._lock:
            self._read_commands()
            if self._held:
                self._wait_for_the_parent()
            self._leave_if_quitting()
            self._place = place
            if place.inside is None:
                stepping, near = self._stops.stepping, self._stops.nears(place)
            else:
                stepping = near = False
            reason = self._stops.reason(place)
            if reason:
                self._reasons[place.seq] = reason
            elif place.inside is not None:
                return None
            return self._closeness.choose(place, stops=bool(reason), near=near, stepping=stepping)

    def arrive(self, moment: Moment) -> None:
        """See ``gradscope.capture.gate.Gate``.

        Raises:
            Ending: The script is to end.
        """
        if self.inert or self._questions.being_answered_here:
            return
        with self._lock:
            reason = self._reasons.pop(moment.seq, "")
            self._open()
            if reason:
                self._stop(replace(moment, stop=reason))
            else:
                self.emit(moment)
                self._note(moment)
            self._leave_if_quitting()

    def emit(self, event: Event) -> None:
        """See ``gradscope.capture.gate.Gate``."""
        if not self.inert:
            self._channel.send(encode(event))

    def stops_no_more(self) -> None:
        """Let whatever is still to come pass: there is no script left to stop."""
        self._held = False
        self._stops.resume(Resume(Until.NEVER), self._place)

    def finish(self) -> None:
        """Say what was left to say: the script is over."""
        if self.inert:
            return
        self._open()
        self._read_commands()
        self._questions.decline_all()

    def _open(self) -> None:
        if self._opening is not None:
            opening, self._opening = self._opening, None
            self.emit(opening())

    def _note(self, moment: Moment) -> None:
        if moment.detail is Detail.FULL:
            self._closeness.measured()
        if self._compile_unknown and moment.inside is None and (text := compiled_notice()):
            self._compile_unknown = False
            self.emit(Notice(text))

    def _wait_for_the_parent(self) -> None:
        """Hold the script before its first moment, which takes none of its time."""
        began = time.perf_counter()
        self._serve()
        if self._capture is not None:
            self._capture.excluded += time.perf_counter() - began

    def _stop(self, moment: Moment) -> None:
        """Send the moment and hold the script there until the parent resumes it or it ends."""
        self._held = True
        try:
            with suppress(Exception):
                if sys.__stdout__ is not None:
                    sys.__stdout__.flush()  # what was printed so far belongs before this stop
            self.emit(moment)
            self._note(moment)
            if self._stops.missed:
                self.emit(Notice(self._stops.missed))
            self._serve()
        finally:
            if self._held:  # by KeyboardInterrupt; a script that survives it stops again soon
                self._held = False
                self._stops.resume(Resume(Until.PHASE), self._place)
            self.emit(Running())

    def _serve(self) -> None:
        """Do what the parent says until the script may run on or is to end."""
        while self._held and not self.quitting:
            self._questions.answer_all(self._capture.inspector if self._capture else None)
            self._take(self._channel.receive(wait=True))

    def _read_commands(self) -> None:
        self._take(self._channel.receive(wait=False))

    def _take(self, data: bytes) -> None:
        if data:
            for command in self._commands.feed(data):
                self._do(command)
        elif self._channel.gone:
            self.quitting = True

    def _do(self, command: Command) -> None:
        match command:
            case Resume():
                self._stops.resume(command, self._place)
                self._held = False
            case Pause():
                if not self._held:
                    self._stops.pause()
            case Quit():
                self.quitting = True
                if not self._held:
                    self.emit(Running())  # which tells the parent that it has been heard
            case Select():
                if self._capture is not None:
                    self._capture.inspector.select(command.fqn)
            case ReadTensor() | Evaluate():
                self._questions.add(command)
            case _:
                assert_never(command)

    def _leave_if_quitting(self) -> None:
        if self.quitting:
            raise Ending(0)
