"""The way out: how the program ends, whoever asks for it, whatever the terminal has become."""

import asyncio
import contextlib
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from gradscope.session.source import Session, SessionError

_SECONDS = 3.0
"""How long the screen may take to go after the run has ended; a terminal may take no output."""
_QUIET_SECONDS = 1.0
"""An ending that takes longer is worth a line."""
_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class Leaving:
    """Ends a run in a thread of its own, while the screen is still being taken down.

    The screen may be unable to go by itself: a worker waits for an answer of the script, or
    the terminal takes no output any more. So the end of the run waits for nobody, and after a
    signal the program waits for the screen only so long.
    """

    def __init__(self, session: Session) -> None:
        self.code: int | None = None
        """The exit code, 128 + N after the signal N; None while nothing told the program to end."""
        self._session = session
        self._thread: threading.Thread | None = None
        self._ending_alone = False
        self._gone = threading.Event()
        self._settings = _terminal_settings()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._exit: Callable[[int], None] | None = None

    def attach(self, exit_app: Callable[[int], None]) -> None:
        """Take what makes the app go, to be called in the running loop with the exit code."""
        self._loop, self._exit = asyncio.get_running_loop(), exit_app
        if self.code is not None:
            exit_app(self.code)

    def begin(self) -> None:
        """Start to end the run; do not wait for it."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._session.end, name="ending", daemon=True)
            self._thread.start()

    def leave(self, number: int, _frame: FrameType | None = None) -> None:
        """End the program as after the signal ``number``; from any thread, or as its handler.

        Once the screen has gone, interrupt the script instead, which takes its time to end.
        """
        if self._ending_alone:
            with contextlib.suppress(SessionError):
                self._session.interrupt()
        if self._ending_alone or self.code is not None:
            return
        self.code = 128 + number
        threading.Thread(target=self._insist, name="leaving", daemon=True).start()
        if self._loop is not None and self._exit is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the app has gone
                self._loop.call_soon_threadsafe(self._exit, self.code)

    @contextlib.contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Leave where a signal tells this process to end."""
        before = [(number, signal.signal(number, self.leave)) for number in _SIGNALS]
        try:
            yield
        finally:
            self._gone.set()
            for number, handler in before:
                signal.signal(number, handler)

    def finish(self) -> None:
        """Wait until the run has ended. The screen has gone already."""
        self._ending_alone = True
        if self.code == 128 + signal.SIGHUP:
            _forget_terminal()
        self.begin()
        if self._thread is not None:
            self._thread.join(_QUIET_SECONDS)
            if self._thread.is_alive():
                with contextlib.suppress(OSError):
                    sys.stderr.write(f"ending {self._session.script}; ctrl+C interrupts it\n")
        self._session.close()

    def _insist(self) -> None:
        self._session.end()
        if self._gone.wait(_SECONDS):
            return
        if self._settings is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(0, termios.TCSANOW, self._settings)
        os._exit(self.code or 0)


def _forget_terminal() -> None:
    """Send what is left to write nowhere; python would take the error for one of the program."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _terminal_settings() -> list[Any] | None:
    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None
