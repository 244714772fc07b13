"""The program in a real terminal: what it leaves behind, however it ends."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

SECONDS = 60.0
SCRIPT = """\
import os, sys
import torch

open("pid", "w").write(str(os.getpid()))
model = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(int(sys.argv[1])):
    optimizer.zero_grad()
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
sys.exit(3)
"""


class Terminal:
    """A program in a pseudo-terminal of 100 by 30, with a screen that understands it."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.screen = pyte.Screen(100, 30)
        self.stream = pyte.ByteStream(self.screen)
        self.seen = b""
        self.near, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.before = termios.tcgetattr(far)
        environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environ |= {"XDG_STATE_HOME": str(directory / "state"), "LANG": "C.UTF-8"}
        environ.pop("NO_COLOR", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gradscope", *arguments],
            stdin=far,
            stdout=far,
            stderr=far,
            cwd=directory,
            env=environ,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # one thread
        )
        self.far = far

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

    def code(self) -> int:
        """Read until the program has ended; return its exit code."""
        self.until(lambda: self.process.poll() is not None)
        assert self.process.returncode is not None
        return self.process.returncode

    def is_restored(self) -> bool:
        """Whether the terminal is as it was: settings, screen, cursor, mouse."""
        settings = termios.tcgetattr(self.far) == self.before
        left = [b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l"]
        return settings and all(code in self.seen for code in left)

    def hang_up(self) -> None:
        """Close the terminal, as its window would."""
        os.close(self.near)
        os.close(self.far)
        self.near = self.far = -1

    def close(self) -> None:
        """End what is left."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.near >= 0:
            self.hang_up()


Opened = Callable[..., Terminal]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Opened]:
    opened: list[Terminal] = []
    (tmp_path / "train.py").write_text(SCRIPT)

    def opener(*arguments: str) -> Terminal:
        opened.append(Terminal(tmp_path, "run", "train.py", *arguments))
        return opened[-1]

    yield opener
    for one in opened:
        one.close()


def child(directory: Path) -> int:
    """The process of the script."""
    return int((directory / "pid").read_text())


def state(pid: int) -> str:
    """How the kernel sees a process, '' if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_a_run_to_its_end(terminal: Opened) -> None:
    shown = terminal("2")
    shown.shows("paused")
    shown.type("n")
    shown.shows("What forward did")
    shown.type("c")
    shown.shows("exit 3")
    shown.shows("train.py exited with code 3")
    shown.type("q")
    assert shown.code() == 3
    assert shown.is_restored()


def test_a_quit_in_the_middle_leaves_nothing_running(terminal: Opened, tmp_path: Path) -> None:
    shown = terminal("1000000")
    shown.shows("paused")
    shown.type("c")
    shown.shows("running")
    shown.type("qq")
    assert shown.code() == 0
    assert shown.is_restored()
    assert state(child(tmp_path)) == ""


def test_sigterm_leaves_nothing_running(terminal: Opened, tmp_path: Path) -> None:
    shown = terminal("1000000")
    shown.shows("paused")
    shown.process.send_signal(signal.SIGTERM)
    assert shown.code() == 128 + signal.SIGTERM
    assert shown.is_restored()
    assert state(child(tmp_path)) == ""


def test_a_closed_terminal_leaves_nothing_running(terminal: Opened, tmp_path: Path) -> None:
    shown = terminal("1000000")
    shown.shows("paused")
    shown.type("c")
    shown.shows("running")
    shown.hang_up()
    assert shown.code() != 0
    assert state(child(tmp_path)) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_suspending_stops_the_script_too_until_fg(terminal: Opened, tmp_path: Path) -> None:
    shown = terminal("1000000")
    shown.shows("paused")
    shown.type("c")
    shown.shows("running")
    shown.type("\x1a")
    shown.until(lambda: state(shown.process.pid) == "T")
    shown.until(lambda: state(child(tmp_path)) == "T")
    shown.process.send_signal(signal.SIGCONT)
    shown.until(lambda: state(child(tmp_path)) != "T")
    shown.type("P")
    shown.shows("paused")
    shown.type("q")
    assert shown.code() == 0


def test_a_terminal_of_20_by_5_and_back(terminal: Opened) -> None:
    shown = terminal("2")
    shown.shows("paused")
    for columns, rows in [(20, 5), (100, 30)]:
        fcntl.ioctl(shown.near, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        shown.screen.resize(rows, columns)
        shown.screen.reset()
        os.killpg(shown.process.pid, signal.SIGWINCH)
        shown.shows("1 Layers")
    shown.shows("4 train.py")
    shown.type("q")
    assert shown.code() == 0
