"""Passes on what the script prints while it runs."""

import itertools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from gradscope.plain.writer import Writer
from gradscope.session.source import RunState, Session


class Follower:
    """Writes each new piece of the script's output once, in order, as it comes.

    A thread of its own writes, so that a reader who is slow never holds up the session. Of a
    recording nothing is written: its output came long ago.
    """

    def __init__(self, session: Session, writer: Writer) -> None:
        self.trouble: Callable[[], None] = lambda: None
        """Called from the thread when nobody reads any more."""
        self._recording = session.recording
        self._live = session.state is not RunState.RECORDED
        self._writer = writer
        self._last = 0
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._over = False
        self.problem: OSError | None = None
        """Why nothing can be written any more."""
        self._thread = threading.Thread(target=self._follow, name="output", daemon=True)
        session.subscribe(self._news.set)
        self._news.set()  # what was printed before is news as well

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over = True
        self._news.set()
        self._thread.join(timeout=2)

    def catch_up(self) -> None:
        """Write everything that the script has printed so far.

        Raises:
            OSError: Nobody reads any more.
        """
        with self._lock:
            if self.problem is not None:
                raise self.problem
            while self._live and (chunks := self._recording.output(after=self._last)):
                for stream, pieces in itertools.groupby(chunks, lambda chunk: chunk.stream):
                    self._writer.output(stream, b"".join(piece.data for piece in pieces))
                self._last = chunks[-1].id

    def _follow(self) -> None:
        while not self._over:
            self._news.wait()
            self._news.clear()
            try:
                self.catch_up()
            except OSError as error:
                self.problem = error
                self.trouble()
                return
