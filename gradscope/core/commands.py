"""Commands: what the parent tells the child."""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from gradscope.core.words import Phase, Role, When


class Until(StrEnum):
    """Where a resumed run stops next."""

    MOMENT = "moment"
    """The next moment at the depth of the current stop: at the end of a phase the next end of a
    phase, inside a phase the next moment inside it or its end."""
    INTO = "into"
    """The next moment of any depth."""
    PHASE = "phase"
    """The next end of a phase. From inside a phase that is the end of that phase."""
    ITERATION = "iteration"
    """The first end of a phase in the next iteration."""
    EPOCH = "epoch"
    """The first end of a phase in the next epoch."""
    PLACE = "place"
    """The end of ``phase`` in ``iteration``, or that iteration's first where ``phase`` is None."""
    STEPS = "steps"
    """The optimizer step that completes ``count`` further iterations."""
    NEVER = "never"


class Resume(msgspec.Struct, frozen=True, tag="resume"):
    """Run on, and stop at the ``count``-th place of the kind that ``until`` names."""

    until: Until
    count: int = 1
    iteration: int | None = None
    phase: Phase | None = None


class Pause(msgspec.Struct, frozen=True, tag="pause"):
    """Stop at the next moment of any depth. Ignored where the run is stopped already."""


class Quit(msgspec.Struct, frozen=True, tag="quit"):
    """End the script where it is, running its ``finally`` blocks."""


class Select(msgspec.Struct, frozen=True, tag="select"):
    """The parameter whose copies before and after each phase are kept, whatever its size."""

    fqn: str


class Slice(msgspec.Struct, frozen=True, array_like=True):
    """One index of a tensor along one dimension: an element, or ``start:stop:step``."""

    start: int | None
    stop: int | None = None
    step: int | None = None
    element: bool = False


class ReadTensor(msgspec.Struct, frozen=True, tag="read"):
    """Ask for elements of a tensor. ``name`` is as in a Measurement; no index means all of it.

    Answered at a stop only; while the script runs the request waits for the next stop.
    """

    request: int
    role: Role
    name: str
    when: When = When.AFTER
    index: list[Slice] = []


class Evaluate(msgspec.Struct, frozen=True, tag="evaluate"):
    """Evaluate a Python expression in the script's frame at the stop; answered as its repr."""

    request: int
    expression: str


Command: TypeAlias = Resume | Pause | Quit | Select | ReadTensor | Evaluate
