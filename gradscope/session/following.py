"""Following a living run: what its events make of the session's state and recording."""

import contextlib
import threading
from collections.abc import Callable

from gradscope.core.events import Answer, Ended, Event, Finished, Moment, Running
from gradscope.recording import Recording, RecordingError
from gradscope.session.child import Child
from gradscope.session.ending import describe_end
from gradscope.session.requests import Requests
from gradscope.session.source import RunState, Session

_RETRY_SECONDS = 0.5


class FollowingSession(Session):
    """The half of a living session that the pump's thread drives.

    While the recording cannot be written (a full disk), the run waits and ``problem`` says so;
    it goes on when there is space.
    """

    def __init__(self, child: Child, recording: Recording, script: str) -> None:
        self.recording = recording
        self.script = script
        self.state = RunState.STARTING
        self.cursor = None
        self.problem = ""
        self._end: int | None = None
        self._child = child
        self._changed = threading.Condition()
        self._listeners: list[Callable[[], None]] = []
        self._requests = Requests(script)
        self._closing = threading.Event()
        self._leaving = False

    def wait(self, timeout: float | None = None) -> RunState:
        """Wait until the run is paused or over; return its state, which a timeout leaves."""
        with self._changed:
            self._changed.wait_for(lambda: self.state in {RunState.PAUSED, RunState.ENDED}, timeout)
            return self.state

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` from the session's own thread after every change."""
        self._listeners.append(listener)

    def _deliver(self, events: list[Event]) -> None:
        trouble: RecordingError | None = None
        stopped = any(isinstance(event, Moment) and event.stop for event in events)
        try:
            for event in events:
                try:
                    self.recording.append(event)
                except RecordingError as error:
                    trouble = error
            self.recording.commit(if_due=not stopped)
        except RecordingError as error:
            trouble = error
        if trouble is not None:
            self._hold(trouble)
        if not events:
            return
        with self._changed:
            for event in events:
                self._follow(event)
            self._changed.notify_all()
        self._notify()

    def _follow(self, event: Event) -> None:
        match event:
            case Moment():
                self.cursor = self._end = event.seq
                self.state = RunState.PAUSED if event.stop else RunState.RUNNING
            case Running():
                if self.state is RunState.PAUSED:
                    self.state = RunState.RUNNING
                self._leaving = self._closing.is_set()
            case Finished():
                self._leaving = True
            case Answer():
                self._requests.answer(event)
            case _:
                pass

    def _hold(self, trouble: RecordingError) -> None:
        """Wait until the recording can be written again; the child waits meanwhile too."""
        self.problem = f"{trouble}; {self.script} waits until it can"
        self._notify()
        while not self._closing.wait(_RETRY_SECONDS):
            with contextlib.suppress(RecordingError):
                self.recording.commit()
                self.problem = ""
                return

    def _finish(self, trouble: str) -> None:
        status = self._child.reap()
        self._child.await_group(0)
        with contextlib.suppress(RecordingError):
            self.recording.append(Ended(status))
            self.recording.commit()
        with self._changed:
            self.problem = (
                f"{self.script} was ended: {trouble}"
                if trouble
                else describe_end(self.script, self.recording)
            )
            self.state = RunState.ENDED
            self._changed.notify_all()
        self._requests.fail(self.problem)
        self._notify()

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            # A front end that is going away must not stop the run from being recorded.
            with contextlib.suppress(Exception):
                listener()
