"""The terminal as Textual drives it, where it stops, goes on, or is closed."""

import contextlib
import os
import select
import signal
import threading
from typing import IO, TYPE_CHECKING, Any, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from gradscope.tui.leaving import Leaving

if TYPE_CHECKING:
    from gradscope.tui.app import GradscopeApp


class _Sink:
    """A terminal to write to, which may be closed: then nothing is written any more.

    The thread that writes would die of the error, and the app wait for it forever.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._lost = False

    def fileno(self) -> int:
        return self._file.fileno()

    def write(self, text: str) -> None:
        if not self._lost:
            try:
                self._file.write(text)
            except OSError:
                self._lost = True

    def flush(self) -> None:
        if not self._lost:
            try:
                self._file.flush()
            except OSError:
                self._lost = True


class TerminalDriver(LinuxDriver):
    """Leaves the app when the terminal is closed, and stops and goes on as a job of the shell.

    Textual acts within the signals' handlers, where the main thread may be holding a lock that
    is needed; here the loop does it.
    """

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._file = cast("Any", _Sink(cast("IO[str]", self._file)))
        self._leaving: Leaving = cast("GradscopeApp", app).leaving
        self._away = False
        threading.Thread(target=self._await_hangup, name="terminal", daemon=True).start()

    def _await_hangup(self) -> None:
        """Wait for the terminal's end: SIGHUP may be ignored, or go to somebody else."""
        poll = select.poll()
        poll.register(self.fileno, 0)
        if any(event & select.POLLHUP for _, event in poll.poll()):
            self._leaving.leave(signal.SIGHUP)

    def _get_terminal_size(self) -> tuple[int, int]:
        """Return the size that the app draws for: two guesses at one that is 0 would fight."""
        width, height = self._app.console.size
        return width, height

    def run_input_thread(self) -> None:
        """Read keys until the app ends or the terminal is closed."""
        with contextlib.suppress(OSError):
            super().run_input_thread()

    def _sigtstp_application(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop)

    def _sigcont_application(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._go_on)

    def _stop(self) -> None:
        """Give the terminal back, and stop with the whole job, so that the shell sees it."""
        if self._away:
            return
        self._app.app_suspend_signal.publish(self._app)
        self._give_back()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        # Unlike SIGSTOP, it stops nobody where there is no shell that could continue it.
        os.killpg(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._sigtstp_application)
        self._go_on()

    def _give_back(self) -> None:
        self.suspend_application_mode()
        self._away = self._must_signal_resume = True

    def _go_on(self) -> None:
        """Take the terminal again, unless the job is in the background."""
        if self._leaving.code is not None:
            return
        if not self._away:  # it was stopped by SIGSTOP, and the shell has used the terminal
            self._give_back()
        self.resume_application_mode()
        self._away = self._must_signal_resume
