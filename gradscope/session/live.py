"""A living run: a child process, and the recording that grows from what it tells."""

import atexit
import contextlib
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from gradscope.core.commands import Pause, Quit, Resume, Select, Slice, Until
from gradscope.core.tensors import TensorData
from gradscope.core.words import Role, When
from gradscope.recording import Recording, RecordingError
from gradscope.session.child import Child, LaunchSpec, end_child, spawn
from gradscope.session.following import FollowingSession
from gradscope.session.paths import create_default
from gradscope.session.pump import Pump
from gradscope.session.requests import kept_tensor
from gradscope.session.source import RunState, SessionError

_JOIN_SECONDS = 3.0


def start(
    command: LaunchSpec,
    *,
    recording_path: Path | None = None,
    terminal: bool,
    size: tuple[int, int] = (80, 24),
) -> "LiveSession":
    """Start a script; it stops at the end of the first phase of its first iteration.

    Call it from a thread that lives as long as this process, before an app takes over the
    terminal.

    Args:
        command: What to run.
        recording_path: Where to record it, a file that does not exist yet; None for a new file
            in the user's state directory, where the newest are kept.
        terminal: Give the script a terminal of its own, rather than pipes.
        size: Columns and rows of that terminal.

    Raises:
        RecordingError: The recording cannot be made.
        SessionError: The process cannot be started.
    """
    recording = Recording.create(recording_path) if recording_path else create_default(command.name)
    try:
        child = spawn(command, terminal=terminal, size=size)
    except SessionError:
        recording.close()
        recording.path.unlink()
        raise
    return LiveSession(child, recording, command.name)


class LiveSession(FollowingSession):
    """A run in a child process. Its methods may be called from any thread but the listeners'."""

    def __init__(self, child: Child, recording: Recording, script: str) -> None:
        super().__init__(child, recording, script)
        self._evaluated: int | None = None
        self._ended = False
        self._ending = threading.RLock()
        self._pump = Pump(child, self._deliver, self._finish)
        self._pump.start()
        atexit.register(self.close)
        self._pump.send(Resume(Until.PHASE))

    def resume(self, resume: Resume) -> None:
        """Run on until the place that ``resume`` names."""
        with self._changed:
            if self.state is RunState.STARTING:
                raise SessionError(f"{self.script} has not come to its first moment yet")
            if self.state is RunState.RUNNING:
                raise SessionError(f"{self.script} is running already")
            self._require_life()
            self.state = RunState.RUNNING
            self.cursor = self._end
            self._pump.send(resume)
            self._changed.notify_all()
        self._notify()

    def pause(self) -> None:
        """Stop at the next moment of any depth. Nothing happens where it is stopped already."""
        self._require_life()
        if self.state is not RunState.PAUSED:
            self._pump.send(Pause())

    def quit(self) -> None:
        """Ask the script to end where it is, with its ``finally`` blocks."""
        with self._changed:
            self._require_life()
            if self.state is RunState.PAUSED:
                self.state = RunState.RUNNING
            self._pump.send(Quit())

    def interrupt(self) -> None:
        """Send SIGINT to the script and what it has started, as its terminal would."""
        self._require_life()
        self._child.signal(signal.SIGINT)

    def select(self, fqn: str) -> None:
        """Keep copies of this parameter before and after each phase, whatever its size."""
        if self.state is not RunState.ENDED:
            self._pump.send(Select(fqn))

    def read_tensor(
        self, role: Role, name: str, when: When = When.AFTER, index: Sequence[Slice] = ()
    ) -> TensorData | None:
        """Return elements of a tensor at the cursor; None if the tensor is None.

        What was read before at this moment comes from the recording, the rest from the script,
        which answers at a stop.
        """
        cursor, end, state = self.cursor, self._end, self.state
        wanted = self._requests.tensor(role, name, when, index)
        if cursor != end or cursor is None or state is RunState.ENDED:
            return kept_tensor(self.recording, cursor, wanted)
        # An evaluated expression may have changed any tensor since it was kept.
        if self._evaluated != cursor:
            data = self.recording.tensor(cursor, wanted)
            if data is not None:
                return data
        self._require_stop("read tensors")
        answer = self._requests.ask(wanted, self._pump.send)
        if answer is not None:
            with contextlib.suppress(RecordingError):  # the pump's thread tells of a full disk
                self.recording.keep_tensor(cursor, wanted, answer)
        return answer

    def evaluate(self, expression: str) -> str:
        """Return the repr of a Python expression in the script's frame, however long it takes."""
        self._require_stop("evaluate expressions")
        self._evaluated = self._end
        return self._requests.evaluate(expression, self._pump.send)

    def write_input(self, text: str) -> None:
        """Write to the script's standard input."""
        self._require_life()
        self._pump.write_input(text.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Tell the script's terminal its size."""
        self._child.resize(columns, rows)

    def hold(self, *, held: bool) -> None:
        """Stop the script and what it has started where they are, or let them go on."""
        if self.state is not RunState.ENDED:
            self._child.signal(signal.SIGSTOP if held else signal.SIGCONT)

    def end(self) -> None:
        """End the script and everything it has started; a second caller waits for the first."""
        with self._ending:
            if self._ended:
                return
            self._ended = True
            self._closing.set()
            end_child(
                self._child,
                lambda: self._pump.send(Quit()),
                patience=0.3 if self.state is RunState.STARTING else 2.0,
                leaving=lambda: self._leaving,
            )
            self._pump.stop()
            self._pump.join(_JOIN_SECONDS)

    def close(self) -> None:
        """End the run with everything it has started, and close its recording.

        Idempotent, and meant to be called from handlers of signals and at exit too; not from a
        listener.
        """
        atexit.unregister(self.close)
        self.end()
        if self._pump.is_alive():
            # A handler has interrupted a thread that holds the recording: leave that as it is,
            # all that was committed is safe.
            return
        self._child.close()
        with contextlib.suppress(RecordingError):
            self.recording.close()

    def _require_life(self) -> None:
        if self.state is RunState.ENDED:
            raise SessionError(self.problem)

    def _require_stop(self, purpose: str) -> None:
        self._require_life()
        if self.state is not RunState.PAUSED:
            raise SessionError(f"{self.script} is running; pause it to {purpose}")
