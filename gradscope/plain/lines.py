"""The commands on standard input, which can be read while the script runs too."""

import os
import select
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gradscope.session.language import complete
from gradscope.session.source import Session

PROMPT = "(gradscope) "


class CommandLines:
    """Lines of standard input, typed or piped in.

    On a terminal there is a prompt, and an empty line repeats the last one.
    """

    def __init__(self, session: Session) -> None:
        self._input = sys.stdin.fileno()
        self._typed = sys.stdin.isatty()
        self._rest = b""
        self._queue: deque[str] = deque()
        self._open = True
        self._last = ""
        self._bell, self._rope = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._rope, False)
        session.subscribe(self.ring)
        if self._typed:
            _prepare_terminal(session)

    def next(self) -> str | None:
        """Return the next line, None after the last one. Waits for it."""
        if self._queue:
            return self._queue.popleft()
        if self._typed and self._open:
            return self._ask()
        with self._awake():
            while self._open and not self._queue:
                self._listen()
        return self._queue.popleft() if self._queue else None

    def wait(self, over: Callable[[], bool], urgent: Callable[[str], bool]) -> str | None:
        """Wait until ``over()``, which is asked after every change of the session.

        Return None then. A line that comes meanwhile and is ``urgent`` is returned at once,
        others are kept for ``next``.

        Raises:
            KeyboardInterrupt: The user has pressed ctrl+C.
        """
        with self._awake():
            while not over():
                for line in self._queue:
                    if urgent(line):
                        self._queue.remove(line)
                        return line
                self._listen()
        return None

    @contextmanager
    def _awake(self) -> Iterator[None]:
        """Have signals ring too: one just before select would else be heeded only after it."""
        before = signal.set_wakeup_fd(self._rope, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)

    def _listen(self) -> None:
        """Wait for input, for a change of the session or for a signal."""
        sources = [self._bell, self._input] if self._open else [self._bell]
        ready, _, _ = select.select(sources, [], [])
        if self._input in ready:
            self._read()
        if self._bell in ready:
            os.read(self._bell, 1 << 16)

    def ring(self) -> None:
        """Have ``wait`` ask whether it is over; from any thread."""
        try:
            os.write(self._rope, b"!")
        except BlockingIOError:
            return  # it rings already

    def _read(self) -> None:
        data = os.read(self._input, 1 << 16)
        self._open = bool(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data and self._rest:
            lines.append(self._rest)
            self._rest = b""
        self._queue += [line.decode(errors="replace") for line in lines]

    def _ask(self) -> str | None:
        while True:
            try:
                line = input(PROMPT)
            except EOFError:
                self._open = False
                return None
            except KeyboardInterrupt:
                sys.stdout.write("\nquit ends the script and leaves\n")
                continue
            self._last = line if line.strip() else self._last
            return self._last


def _prepare_terminal(session: Session) -> None:
    """Give ``input`` history and completion where this Python has readline."""
    try:
        import readline
    except ImportError:
        return
    found: list[str] = []

    def completer(_word: str, number: int) -> str | None:
        if number == 0:
            found[:] = complete(session, readline.get_line_buffer())
        return found[number] if number < len(found) else None

    readline.set_completer(completer)
    readline.set_completer_delims("")
    readline.parse_and_bind("tab: complete")
