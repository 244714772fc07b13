"""Waiting for what a session tells its listeners, with a limit instead of a hang."""

import threading
import time
from collections.abc import Callable

from gradscope.session.source import RunState, Session

SECONDS = 60.0


def until(session: Session, condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; it is looked at after every change of the session."""
    changed = threading.Event()
    session.subscribe(changed.set)
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert changed.wait(deadline - time.monotonic()), "it never came"
        changed.clear()


def ended(session: Session) -> str:
    """Wait for the end of the run and return how it ended."""
    assert session.wait(SECONDS) is RunState.ENDED
    return session.problem


def printed(session: Session, stream: str | None = None) -> bytes:
    """Return all that the script has printed so far."""
    chunks = session.recording.output(limit=1 << 30)
    return b"".join(chunk.data for chunk in chunks if stream in {None, chunk.stream})
