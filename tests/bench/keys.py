"""How long it takes from a key to the painted stop, in a real terminal, beside a CNN in training.

Two keys are timed. ``n`` runs to the end of the next phase. Its time is also told in parts: until
the run is told to go on, what the script itself takes, what the child measures and sends, what the
parent records and looks up, and what is laid out and painted. ``P`` pauses a script that runs at
full speed: it stops at its next moment, which on this network is up to the longest single layer
away; nothing is subtracted.
"""

import contextlib
import fcntl
import os
import pty
import random
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path

import pyte

TRACED = Path(__file__).with_name("traced.py")
DEMO = Path(__file__).parents[2] / "demos" / "cifar10.py"
COLUMNS, ROWS = 120, 40
PRESSES = 100
RUNNING = 0.3  # seconds, about, that the script runs freely before each pause


class Terminal:
    """A program in a pseudo-terminal, and what its screen shows."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)  # noqa: S606
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def press(self, key: str) -> float:
        """Send a key and return the time."""
        now = time.perf_counter()
        os.write(self._fd, key.encode())
        return now

    def painted(self, shown: Callable[[list[str]], bool], timeout: float = 60) -> float:
        """Return when the bytes arrived after which the screen is as ``shown`` wants it."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not select.select([self._fd], [], [], 1)[0]:
                continue
            try:
                data = os.read(self._fd, 1 << 16)
            except OSError:  # Linux's way to say that the other end is closed
                raise RuntimeError("\n".join(["the program ended:", *self.rows()])) from None
            arrived = time.perf_counter()
            self._stream.feed(data)
            if shown(self._screen.display):
                return arrived
        raise TimeoutError("\n".join(self._screen.display))

    def drain(self, seconds: float) -> None:
        """Show what comes in the next ``seconds``."""
        with contextlib.suppress(TimeoutError):
            self.painted(lambda _rows: False, seconds)

    def rows(self) -> list[str]:
        """Return what the screen shows."""
        return list(self._screen.display)

    def end(self) -> None:
        """Leave with ``q``, or by force."""
        self.press("q")
        with contextlib.suppress(RuntimeError, TimeoutError):
            self.painted(lambda _rows: False, 10)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)


def main() -> None:
    """Time both keys and print the quantiles."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "XDG_STATE_HOME": folder,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        log = Path(folder) / "log"
        command = [sys.executable, str(TRACED), str(log), "run", str(DEMO), "--pictures", "6400"]
        terminal = Terminal(command, environment)
        try:
            terminal.painted(paused)
            steps = time_steps(terminal)
            pauses = time_pauses(terminal)
        finally:
            terminal.end()
        parts = [parts_of(step, log.read_text().splitlines()) for step in steps]
    print(f"n, key to paint               {quantiles([sum(astuple(part)) for part in parts])}")
    beyond = [sum(astuple(part)) - part.script for part in parts]
    print(f"n, beyond the script's time   {quantiles(beyond)}")
    for name in Parts.__dataclass_fields__:
        print(f"   {name:<26} {quantiles([getattr(part, name) for part in parts])}")
    print(f"P, key to paint               {quantiles(pauses)}")


@dataclass(frozen=True)
class Parts:
    """Where the milliseconds from a key to the painted stop went."""

    key: float
    script: float
    measuring: float
    panes: float
    painting: float


def parts_of(step: tuple[float, float], log: list[str]) -> Parts:
    """Take a step, from its key to its painted stop, apart by what was logged meanwhile."""
    pressed, painted = step
    lines = [line.split() for line in log]
    during = [line for line in lines if pressed <= float(line[-1]) <= painted]
    resumed = next(float(line[-1]) for line in during if line[0] == "resumed")
    script, stopped = next((float(x[1]), float(x[2])) for x in during if x[0] == "stopped")
    shown = next(float(x[-1]) for x in during if x[0] == "shown" and float(x[-1]) > stopped)
    seconds = (
        resumed - pressed,
        script,
        stopped - resumed - script,
        shown - stopped,
        painted - shown,
    )
    return Parts(*(part * 1e3 for part in seconds))


def time_steps(terminal: Terminal) -> list[tuple[float, float]]:
    """Return when ``n`` was pressed and when the next phase was marked on the screen."""
    taken = []
    for _ in range(PRESSES):
        terminal.drain(random.uniform(0.05, 0.15))  # noqa: S311
        before = current(terminal.rows())
        pressed = terminal.press("n")
        taken.append((pressed, terminal.painted(partial(moved, before))))
    return taken


def time_pauses(terminal: Terminal) -> list[float]:
    """Return the milliseconds from ``P`` to "paused" while the script trains."""
    taken = []
    for _ in range(PRESSES):
        terminal.press("c")
        terminal.painted(lambda rows: not paused(rows))
        terminal.drain(random.uniform(0.5, 1.5) * RUNNING)  # noqa: S311
        pressed = terminal.press("P")
        taken.append(terminal.painted(paused) - pressed)
    return [seconds * 1e3 for seconds in taken]


def paused(rows: list[str]) -> bool:
    """Tell whether the header says that the script is stopped."""
    return "paused" in rows[0]


def current(rows: list[str]) -> str:
    """Return the mark and name of the current phase, and the iteration."""
    place = rows[1].find("▶")
    name = rows[1][place:].split()[1] if place >= 0 else ""
    return f"{rows[0].partition('iteration ')[2].split('  ')[0]} {name}"


def moved(before: str, rows: list[str]) -> bool:
    """Tell whether the screen shows a stop at another phase than ``before``."""
    return paused(rows) and "▶" in rows[1] and current(rows) != before


def quantiles(milliseconds: list[float]) -> str:
    """Say the median and the 95th percentile."""
    parts = statistics.quantiles(milliseconds, n=20)
    return f"p50 {parts[9]:6.1f} ms   p95 {parts[18]:6.1f} ms"


if __name__ == "__main__":
    main()
