"""A program in a real terminal, and the screen that a user would see."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

from gradscope.recording import Recording

SECONDS = 60.0
GRADSCOPE = (sys.executable, "-m", "gradscope")


class Terminal:
    """A program in a pseudo-terminal, with a screen that understands it.

    Args:
        directory: Where the program runs, and keeps its state.
        command: The program and its arguments.
        size: Columns and rows; (0, 0) is a terminal that does not know.
        environment: Variables to set; those that are None are taken away.
    """

    def __init__(
        self,
        directory: Path,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (100, 30),
        environment: Mapping[str, str | None] | None = None,
    ) -> None:
        columns, rows = size
        self.screen = pyte.Screen(columns or 80, rows or 24)
        self.stream = pyte.ByteStream(self.screen)
        self.directory = directory
        self.seen = b""
        self.near, self.far = pty.openpty()
        fcntl.ioctl(self.far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(self.far)
        self.process = subprocess.Popen(
            command,
            stdin=self.far,
            stdout=self.far,
            stderr=self.far,
            cwd=directory,
            env=_environ(directory, environment or {}),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # one thread
        )

    def until(self, condition: Callable[[], bool]) -> None:
        """Read what the program writes until a condition holds."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, "\n".join(self.screen.display)
            if self.near >= 0 and select.select([self.near], [], [], 0.02)[0]:
                data = os.read(self.near, 1 << 16)
                self.seen += data
                self.stream.feed(data)

    def shows(self, text: str) -> None:
        """Read until the screen shows ``text``."""
        self.until(lambda: any(text in row for row in self.screen.display))

    def type(self, keys: str) -> None:
        """Send keys as a keyboard would."""
        os.write(self.near, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Change the size as a window does, which tells the programs in the foreground."""
        self.screen.resize(rows, columns)
        self.screen.reset()
        fcntl.ioctl(self.near, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def code(self) -> int:
        """Read until the program has ended; return its exit code, or minus a signal."""
        self.until(lambda: self.process.poll() is not None)
        assert self.process.returncode is not None
        return self.process.returncode

    def is_restored(self) -> bool:
        """Whether the terminal is as it was: settings, screen, cursor, mouse, paste."""
        settings = termios.tcgetattr(self.far) == self.before
        modes = [(b"1049", b"l"), (b"25", b"h"), (b"1000", b"l"), (b"1003", b"l"), (b"2004", b"l")]
        return settings and all(self._last(mode) == wanted for mode, wanted in modes)

    def _last(self, mode: bytes) -> bytes:
        """Return how a private mode was last set, ``h`` or ``l``."""
        place = self.seen.rfind(b"\x1b[?" + mode)
        after = place + len(mode) + 3
        return self.seen[after : after + 1] if place >= 0 else b""

    def hang_up(self) -> None:
        """Close the terminal, as its window would."""
        os.close(self.near)
        os.close(self.far)
        self.near = self.far = -1

    def recording(self) -> Recording:
        """Open the recording of the run."""
        (path,) = (self.directory / "state" / "gradscope" / "runs").glob("*.gscope")
        return Recording.open(path)

    def close(self) -> None:
        """End what is left."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.near >= 0:
            self.hang_up()


def state(pid: int) -> str:
    """How the kernel sees a process (``T`` is stopped), '' if it is gone."""
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()[:1]


def _environ(directory: Path, changes: Mapping[str, str | None]) -> dict[str, str]:
    wanted: dict[str, str | None] = {
        **os.environ,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "XDG_STATE_HOME": str(directory / "state"),
        "LANG": "C.UTF-8",
        "NO_COLOR": None,
        "COLUMNS": None,
        "LINES": None,
        **changes,
    }
    return {name: value for name, value in wanted.items() if value is not None}
