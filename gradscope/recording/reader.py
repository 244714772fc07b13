"""Reading a recording: every question that a front end asks of a run."""

from gradscope.core.commands import ReadTensor
from gradscope.core.events import (
    Ended,
    Environment,
    Finished,
    Model,
    Moment,
    Notice,
    Optimizer,
    Preview,
    Started,
)
from gradscope.core.tensors import Measurement, TensorData
from gradscope.core.words import Phase, Role
from gradscope.recording.events import EventTable
from gradscope.recording.measurements import MeasurementTable
from gradscope.recording.moments import MomentTable
from gradscope.recording.output import OutputChunk, OutputTable, SourceTable, TensorTable
from gradscope.recording.scalars import ScalarTable
from gradscope.recording.series import Series
from gradscope.recording.store import Store


class Reader:
    """The reading half of a recording, through one connection that any thread may use.

    Every method raises RecordingError, in one line, where the file makes no sense.
    """

    def __init__(self, store: Store) -> None:
        self.path = store.path
        self._events = EventTable(store)
        self._moments = MomentTable(store)
        self._measurements = MeasurementTable(store)
        self._scalars = ScalarTable(store)
        self._output = OutputTable(store)
        self._sources = SourceTable(store)
        self._tensors = TensorTable(store)
        self._first, self._last = self._moments.bounds()

    # The run

    def started(self) -> Started | None:
        """Return how the run was started."""
        return self._events.last(Started)

    def environment(self) -> Environment | None:
        """Return torch's version and device; None before the script imports it."""
        return self._events.last(Environment)

    def models(self) -> list[Model]:
        """Return the latest state of each model, by index."""
        return list({model.index: model for _, model in self._events.all(Model)}.values())

    def optimizers(self, seq: int | None = None) -> list[Optimizer]:
        """Return each optimizer as it was at the moment ``seq`` (None: now), by index."""
        return list(
            {
                optimizer.index: optimizer
                for after, optimizer in self._events.all(Optimizer)
                if seq is None or after < seq
            }.values()
        )

    def notices(self) -> list[str]:
        """Return what the user should know about what is watched, in order."""
        return [notice.text for _, notice in self._events.all(Notice)]

    def finished(self) -> Finished | None:
        """Return how the script came to its end, in the child's own words."""
        return self._events.last(Finished)

    def ended(self) -> Ended | None:
        """Return how the child process ended."""
        return self._events.last(Ended)

    # Moments

    def first_seq(self) -> int | None:
        """Return the first recorded moment."""
        return self._first

    def last_seq(self) -> int | None:
        """Return the last recorded moment."""
        return self._last

    def moment(self, seq: int) -> Moment | None:
        """Return exactly this moment, without its measurements and batch."""
        return self._moments.get(seq)

    def latest_moment(self, at: int | None = None) -> Moment | None:
        """Return the last recorded moment at or before ``at`` (None: of all)."""
        last = self._last if at is None else at
        return None if last is None else self._moments.latest(last)

    def neighbour(
        self, seq: int, *, forward: bool, whole_phase: bool = False, count: int = 1
    ) -> int | None:
        """Return the ``count``-th moment after or before ``seq``, of ends of phases if asked."""
        return self._moments.neighbour(seq, forward=forward, whole_phase=whole_phase, count=count)

    def find(self, iteration: int, phase: Phase | None) -> int | None:
        """Return the first moment of that phase in an iteration, or its first of all."""
        return self._moments.find(iteration, phase)

    def start_of(self, iteration: int, *, after: int) -> int | None:
        """Return the first end of a phase after ``after`` in at least this iteration."""
        return self._moments.start_of(after, iteration)

    def start_of_epoch(self, epoch: int, *, after: int) -> int | None:
        """Return the first end of a phase after ``after`` in at least this epoch."""
        return self._moments.start_of_epoch(after, epoch)

    def completed(self, after: int, count: int = 1) -> int | None:
        """Return the ``count``-th optimizer step after ``after`` that completes its iteration."""
        return self._moments.completed(after, count)

    def count(self, after: int, until: int) -> int:
        """Return how many moments were recorded after ``after`` up to ``until``, included."""
        return self._moments.count(after, until)

    def phases(self, iteration: int) -> list[Moment]:
        """Return the ends of the phases of an iteration, in order."""
        return self._moments.phases(iteration)

    def batch(self, at: int) -> tuple[int, list[Preview]] | None:
        """Return the latest previews of a batch at or before ``at``, with their moment."""
        return self._moments.batch(at)

    # Numbers

    def measurement(self, role: Role, name: str, at: int) -> tuple[int, Measurement] | None:
        """Return the latest measurement of a tensor at or before ``at``, with its moment."""
        return self._measurements.latest(role, name, at)

    def measurements(self, role: Role, at: int) -> dict[str, tuple[int, Measurement]]:
        """Return the latest measurement of every tensor of a role, with its moment, by name."""
        return self._measurements.all_latest(role, at)

    def before(self, role: Role, name: str, at: int) -> tuple[int, Measurement] | None:
        """Return the latest measurement from before the phase that ``at`` ends or lies in."""
        end = self.neighbour(at, forward=False, whole_phase=True)
        return None if end is None else self.measurement(role, name, end)

    def series(self, name: str) -> Series:
        """Return ``loss``, ``grad_norm`` or ``lr`` over all iterations that have one.

        The value of an iteration is its last, which may still change while it goes on.
        """
        return self._scalars.series(name)

    def tensor(self, seq: int, wanted: ReadTensor) -> TensorData | None:
        """Return elements that were kept at the moment ``seq``; None if they were not."""
        return self._tensors.get(seq, wanted)

    # Text

    def output(self, after: int = 0, limit: int = 256) -> list[OutputChunk]:
        """Return up to ``limit`` pieces of output with ids above ``after``, in order."""
        return self._output.after(after, limit)

    def newest_output(self, limit: int = 64) -> list[OutputChunk]:
        """Return the last ``limit`` pieces of output, in order."""
        return self._output.newest(limit)

    def source(self, file: str) -> str | None:
        """Return a file of the user's code as it was when the run passed through it."""
        return self._sources.get(file)
