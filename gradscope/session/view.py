"""What every front end shows of a recording at a cursor."""

from dataclasses import dataclass
from enum import StrEnum

from gradscope.core.tensors import Measurement
from gradscope.core.words import Phase, Role
from gradscope.diagnose.health import Health


class Mark(StrEnum):
    """Where a phase lies relative to the cursor."""

    DONE = "done"
    CURRENT = "current"
    AHEAD = "ahead"


@dataclass(frozen=True)
class PhaseMark:
    """A phase of the iteration at the cursor.

    ``count`` is how often it came in a row (micro-batches), ``duration`` their sum in seconds,
    ``seq`` the last one's moment; both are None for a phase that lies ahead. ``progress`` is
    what an unfinished phase has reached, such as ``5/10``, or ''.
    """

    phase: Phase
    mark: Mark
    count: int
    duration: float | None
    seq: int | None
    progress: str


@dataclass(frozen=True)
class LayerRow:
    """One parameter with the latest measurement of each role; None where there is none yet."""

    fqn: str
    module: str
    weight: Measurement | None
    grad: Measurement | None
    update: Measurement | None
    health: Health


@dataclass(frozen=True)
class Column:
    """One role of the selected parameter: as measured now and as it was before this phase.

    ``changed`` tells that this moment changed it. ``note`` says what the measurement is:
    ``changed``, ``same``, ``last step``, ``not measured``.
    """

    role: Role
    measurement: Measurement | None
    before: Measurement | None
    changed: bool
    note: str
