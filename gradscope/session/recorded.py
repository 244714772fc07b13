"""A run of which there is only the recording: the cursor moves over what was recorded."""

from collections.abc import Callable, Sequence
from pathlib import Path

from gradscope.core.commands import ReadTensor, Resume, Slice, Until
from gradscope.core.events import Moment
from gradscope.core.tensors import TensorData
from gradscope.core.words import Role, When
from gradscope.recording import Recording
from gradscope.session.ending import describe_end
from gradscope.session.requests import kept_tensor
from gradscope.session.source import RunState, Session, SessionError


def open_recording(path: Path | str) -> "RecordedSession":
    """Open the recording of an earlier run, at its first moment.

    Raises:
        RecordingError: The file cannot be read.
    """
    return RecordedSession(Recording.open(path))


class RecordedSession(Session):
    """A recorded run. ``resume`` goes where a living run would have stopped."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        started = recording.started()
        self.script = Path(started.script).name if started else recording.path.name
        self.state = RunState.RECORDED
        self.cursor = recording.first_seq()
        self.problem = describe_end(self.script, recording)
        self._listeners: list[Callable[[], None]] = []

    def resume(self, resume: Resume) -> None:
        """Move the cursor to the place that ``resume`` names, or to the last moment before it.

        Raises:
            SessionError: Nothing was recorded after the cursor, or not that place.
        """
        here = None if self.cursor is None else self.recording.moment(self.cursor)
        last = self.recording.last_seq()
        if here is None or last is None:
            raise SessionError(f"{self.recording.path.name} holds no moment")
        if resume.until is Until.PLACE:
            self.cursor = self._place(resume)
        elif here.seq == last:
            raise SessionError("this is the last recorded moment")
        else:
            target = self._target(here, resume)
            self.cursor = last if target is None else target
        for listener in tuple(self._listeners):
            listener()

    def pause(self) -> None:
        """Do nothing: a recording is always stopped."""

    def quit(self) -> None:
        """Raise SessionError: there is nothing to end."""
        raise self._lifeless()

    def interrupt(self) -> None:
        """Raise SessionError: there is no process."""
        raise self._lifeless()

    def select(self, fqn: str) -> None:
        """Do nothing: what was kept was kept."""

    def read_tensor(
        self, role: Role, name: str, when: When = When.AFTER, index: Sequence[Slice] = ()
    ) -> TensorData | None:
        """Return elements that were read at this moment while the run lived."""
        wanted = ReadTensor(0, role, name, when, list(index))
        return kept_tensor(self.recording, self.cursor, wanted)

    def evaluate(self, expression: str) -> str:  # noqa: ARG002  # the session's interface
        """Raise SessionError: there is no frame to evaluate in."""
        raise self._lifeless()

    def write_input(self, text: str) -> None:  # noqa: ARG002  # the session's interface
        """Raise SessionError: nobody reads it."""
        raise self._lifeless()

    def resize(self, columns: int, rows: int) -> None:
        """Do nothing: there is no terminal."""

    def wait(self, timeout: float | None = None) -> RunState:  # noqa: ARG002  # the interface
        """Return at once."""
        return self.state

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every move of the cursor, from the thread that moves it."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Close the file. Idempotent."""
        self.recording.close()

    def _target(self, here: Moment, resume: Resume) -> int | None:
        recording, count = self.recording, resume.count
        match resume.until:
            case Until.MOMENT | Until.INTO | Until.PHASE:
                inside = resume.until is Until.INTO or (
                    resume.until is Until.MOMENT and here.inside is not None
                )
                return recording.neighbour(
                    here.seq, forward=True, whole_phase=not inside, count=count
                )
            case Until.ITERATION:
                return recording.start_of(here.iteration + count, after=here.seq)
            case Until.EPOCH:
                return recording.start_of_epoch(here.epoch + count, after=here.seq)
            case Until.STEPS:
                return recording.completed(here.seq, count)
            case Until.PLACE | Until.NEVER:
                return None

    def _place(self, resume: Resume) -> int:
        iteration = resume.iteration or 1
        found = self.recording.find(iteration, resume.phase)
        if found is not None:
            return found
        where = f"iteration {iteration}"
        if resume.phase is not None and self.recording.find(iteration, None) is not None:
            raise SessionError(f"no {resume.phase.value} was recorded in {where}")
        first = self.recording.latest_moment(self.recording.first_seq())
        last = self.recording.latest_moment()
        held = f"{first.iteration} to {last.iteration}" if first and last else "none"
        raise SessionError(f"{where} was not recorded; the recording holds iterations {held}")

    def _lifeless(self) -> SessionError:
        return SessionError("this is a recording; there is no living script")
