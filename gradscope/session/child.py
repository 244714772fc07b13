"""The child process: started so that the script in it finds what it would find under python."""

import contextlib
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import gradscope
from gradscope.session.source import SessionError

_LEAVING_SECONDS = 20.0
_URGES = ((signal.SIGINT, 2.0), (signal.SIGTERM, 1.0), (signal.SIGKILL, 1.0))
"""What a script gets that does not end by itself, and how long it gets then."""
_LAUNCH = Path(gradscope.__file__).parent / "launch" / "__main__.py"


@dataclass(frozen=True)
class LaunchSpec:
    """What to run: a script's path, or a module's name, and the arguments it gets."""

    target: str
    module: bool = False
    args: tuple[str, ...] = ()
    eager: bool = False
    """Run without ``torch.compile``, so that all modules can be watched."""

    @property
    def name(self) -> str:
        """What to call the run: the script's file name, or the module."""
        return self.target if self.module else Path(self.target).name


@dataclass
class Child:
    """A running child with this process's ends of its connections.

    All descriptors are non-blocking. ``terminal`` is the near end of the script's terminal,
    None where it has pipes instead.
    """

    process: subprocess.Popen[bytes]
    control: socket.socket
    outputs: dict[int, str]
    """Descriptors to read what the script prints, each with its stream."""
    stdin: int
    terminal: int | None
    exit_watch: int | None = None
    """A descriptor that becomes readable when the process has ended, where the system has one."""
    _alone: bool = field(default=False, init=False)

    def resize(self, columns: int, rows: int) -> None:
        """Give the script's terminal a size, which sends the script SIGWINCH."""
        if self.terminal is not None:
            with contextlib.suppress(OSError):
                _set_size(self.terminal, columns, rows)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the script and to whatever it has started."""
        if not self._alone:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def has_ended(self) -> bool:
        """Tell whether the process has ended."""
        if self.process.returncode is not None:
            return True
        if self.exit_watch is not None:
            poll = select.poll()  # unlike select, it takes descriptors of any number
            poll.register(self.exit_watch, select.POLLIN)
            return bool(poll.poll(0))
        return self.process.poll() is not None

    def await_end(self, seconds: float) -> bool:
        """Wait for the process to end; tell whether it did."""
        return _until(self.has_ended, seconds)

    def reap(self) -> int:
        """Return how the ended process ended: its exit code, or minus the signal."""
        return self.process.wait()

    def await_group(self, seconds: float) -> bool:
        """Wait for everything that the ended script has started; tell whether it is gone."""
        return _until(self._group_gone, seconds)

    def close(self) -> None:
        """Close all descriptors."""
        self.control.close()
        descriptors = {*self.outputs, self.stdin, self.terminal, self.exit_watch} - {None}
        for descriptor in descriptors:
            with contextlib.suppress(OSError):
                os.close(descriptor)  # type: ignore[arg-type]  # None was taken out
        self.outputs = {}
        self.stdin = -1
        self.terminal = self.exit_watch = None

    def _group_gone(self) -> bool:
        # Remembered, because the group's number may later belong to strangers.
        if not self._alone:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                self._alone = True
            except PermissionError:
                pass
        return self._alone


def spawn(spec: LaunchSpec, *, terminal: bool, size: tuple[int, int]) -> Child:
    """Start the child in a session and process group of its own.

    Call it from a thread that lives as long as this process: Linux ends the child with the
    thread that started it.

    Args:
        spec: What to run.
        terminal: Give the script a terminal of ``size`` (columns, rows) for its input and
            output; otherwise three pipes.
        size: Columns and rows.

    Raises:
        SessionError: The system cannot start it.
    """
    near, far = socket.socketpair()
    ours: list[int] = []
    theirs: list[int] = []
    try:
        os.set_blocking(near.fileno(), False)
        streams = _open_terminal(size, ours, theirs) if terminal else _open_pipes(ours, theirs)
        process = subprocess.Popen(
            _command_line(spec, far.fileno()),
            stdin=streams.stdin,
            stdout=streams.stdout,
            stderr=streams.stderr,
            pass_fds=[far.fileno()],
            start_new_session=True,
            env=_environment(terminal=terminal),
        )
    except OSError as error:
        near.close()
        for descriptor in ours:
            os.close(descriptor)
        raise SessionError(f"{spec.name} cannot be started: {error.strerror}") from error
    finally:
        far.close()
        for descriptor in theirs:
            os.close(descriptor)
    child = Child(process, near, streams.outputs, streams.write, streams.terminal)
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):
            child.exit_watch = os.pidfd_open(process.pid)
    return child


def end_child(
    child: Child, ask: Callable[[], None], *, patience: float, leaving: Callable[[], bool]
) -> None:
    """End the script and everything it has started, the gentler ways first.

    Args:
        child: The process; it is reaped.
        ask: Asks the script to end by itself.
        patience: Seconds that it gets for that.
        leaving: Tells whether it has started to end by itself; then its ``finally`` blocks, which
            may write a checkpoint, and the interpreter's own exit have more time.
    """
    if not child.has_ended():
        child.signal(signal.SIGCONT)
        ask()
        if not child.await_end(patience) and not (leaving() and child.await_end(_LEAVING_SECONDS)):
            for number, seconds in _URGES:
                child.signal(number)
                if child.await_end(seconds):
                    break
    child.reap()
    for number in (signal.SIGTERM, signal.SIGKILL):
        # Workers end by themselves when they see that the script is gone.
        if child.await_group(0.5):
            break
        child.signal(number)


@dataclass(frozen=True)
class _Streams:
    stdin: int
    stdout: int
    stderr: int
    outputs: dict[int, str]
    write: int
    terminal: int | None


def _open_terminal(size: tuple[int, int], ours: list[int], theirs: list[int]) -> _Streams:
    near, far = os.openpty()
    ours.append(near)
    theirs.append(far)
    _set_size(near, *size)
    os.set_blocking(near, False)
    return _Streams(far, far, far, {near: "tty"}, near, near)


def _open_pipes(ours: list[int], theirs: list[int]) -> _Streams:
    pairs = []
    for reading_is_ours in (False, True, True):
        pair = os.pipe()
        near, far = pair if reading_is_ours else pair[::-1]
        ours.append(near)
        theirs.append(far)
        os.set_blocking(near, False)
        pairs.append((near, far))
    (write, stdin), (out, stdout), (err, stderr) = pairs
    return _Streams(stdin, stdout, stderr, {out: "out", err: "err"}, write, None)


def _command_line(spec: LaunchSpec, control: int) -> list[str]:
    # The one place that knows how to repeat this interpreter's own flags; multiprocessing
    # uses it for the same purpose.
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001
    return [
        sys.executable,
        *flags,
        str(_LAUNCH),
        "--control",
        str(control),
        *(["--eager"] if spec.eager else []),
        *(["--module"] if spec.module else []),
        spec.target,
        *spec.args,
    ]


def _environment(*, terminal: bool) -> dict[str, str]:
    environment = dict(os.environ)
    if terminal:
        # These describe the user's own terminal; the script has another one, of another size.
        environment.pop("COLUMNS", None)
        environment.pop("LINES", None)
        environment.setdefault("TERM", "xterm-256color")
    return environment


def _set_size(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look again and again, ever less often; tell whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    pause = 0.001
    while not condition():
        rest = deadline - time.monotonic()
        if rest <= 0:
            return False
        time.sleep(min(pause, rest))
        pause = min(2 * pause, 0.05)
    return True
