from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gradscope import capture
from gradscope.capture.gate import Place
from gradscope.capture.inspector import Inspector
from gradscope.core.events import Event, Model, Moment, Notice, Optimizer
from gradscope.core.tensors import Measurement
from gradscope.core.words import Detail, Phase, Role


class RecordingGate:
    """Keeps all that capture says, and calls ``visit`` at every moment as if stopped there.

    Where ``stops`` says so, a moment is measured in full, whatever holds for the others.
    """

    def __init__(self, ends: Detail | None, inside: Detail | None) -> None:
        self._ends = ends
        self._inside = inside
        self.places: list[Place] = []
        self.moments: list[Moment] = []
        self.events: list[Event] = []
        self.visit: Callable[[Moment], None] = lambda _: None
        self.stops: Callable[[Place], bool] = lambda _: False
        self.inspector: Inspector
        self.settle: Callable[[], None]

    def look(self, place: Place) -> Detail | None:
        self.places.append(place)
        if self.stops(place):
            return Detail.FULL
        return self._ends if place.inside is None else self._inside

    def arrive(self, moment: Moment) -> None:
        self.moments.append(moment)
        self.visit(moment)

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def ends(self) -> list[Moment]:
        return [moment for moment in self.moments if moment.inside is None]

    def phases(self, iteration: int | None = None) -> list[str]:
        return [
            str(moment.phase)
            for moment in self.ends()
            if iteration is None or moment.iteration == iteration
        ]

    def of(self, phase: Phase) -> list[Moment]:
        return [moment for moment in self.ends() if moment.phase is phase]

    def inside(self, iteration: int = 1) -> list[tuple[str, str]]:
        return [
            (moment.inside.kind, moment.inside.name)
            for moment in self.moments
            if moment.inside is not None and moment.iteration == iteration
        ]

    def models(self) -> list[Model]:
        return [event for event in self.events if isinstance(event, Model)]

    def optimizers(self) -> list[Optimizer]:
        return [event for event in self.events if isinstance(event, Optimizer)]

    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]


def measured(moment: Moment, role: Role) -> dict[str, Measurement]:
    return {m.name: m for m in moment.measurements if m.role is role}


@contextmanager
def watching(
    ends: Detail | None = Detail.FULL, inside: Detail | None = None
) -> Iterator[RecordingGate]:
    gate = RecordingGate(ends, inside)
    installed = capture.install(gate)
    gate.inspector = installed.inspector
    gate.settle = installed.settle
    try:
        yield gate
    finally:
        installed.remove()
    assert gate.notices() == []
    assert [place.seq for place in gate.places] == list(range(1, len(gate.places) + 1))
