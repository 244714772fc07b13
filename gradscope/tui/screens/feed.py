"""The feed: news of the session, for the screen, as one message that replaces itself."""

import time

from textual.message import Message
from textual.message_pump import MessagePump

from gradscope.session.source import RunState, Session

GOING = frozenset({RunState.STARTING, RunState.RUNNING})
"""The states in which news come faster than a screen is worth painting."""

_INTERVAL = 1 / 10
"""Seconds between two paintings of a run that goes on."""
_PATIENCE = 0.05
"""Seconds after which a run that goes on is shown to do so: most steps are over by then."""


class Changed(Message):
    """Something in the session is new. The newest of these stands for all that wait."""

    def can_replace(self, message: Message) -> bool:
        """Take the place of an older one."""
        return isinstance(message, Changed)


class Feed:
    """Posts ``Changed`` for a session: at once when the run stops, else when the last was taken."""

    def __init__(self, session: Session, target: MessagePump) -> None:
        self._session = session
        self._target = target
        self._waiting = False
        self._closed = False
        self._taken = 0.0
        self._state: RunState | None = None

    def start(self) -> None:
        """Listen to the session."""
        self._session.subscribe(self._listen)

    def close(self) -> None:
        """Post nothing any more."""
        self._closed = True

    def wait(self) -> float:
        """Return for how many seconds the news may wait: not at all when the run has stopped."""
        if self._session.state not in GOING:
            return 0.0
        if self._session.state is not self._state:
            return _PATIENCE
        return max(0.0, self._taken + _INTERVAL - time.monotonic())

    def take(self) -> None:
        """Say that what has been posted is about to be shown."""
        self._waiting = False
        self._taken = time.monotonic()
        self._state = self._session.state

    def _listen(self) -> None:
        """Called from the session's own thread."""
        if self._closed or (self._waiting and self._session.state in GOING):
            return
        self._waiting = True
        self._target.post_message(Changed())
