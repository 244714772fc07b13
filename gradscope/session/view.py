"""What every front end shows of a recording at a cursor."""

import math
from dataclasses import dataclass

from gradscope.core.events import Moment, Optimizer
from gradscope.core.tensors import Measurement, Stats
from gradscope.core.words import Phase, Role
from gradscope.diagnose.health import Health, health
from gradscope.recording import Recording
from gradscope.session.marks import Mark, PhaseMark, phase_marks

__all__ = [
    "Column",
    "LayerRow",
    "Mark",
    "PhaseMark",
    "columns",
    "layer_rows",
    "phase_marks",
    "still_valid",
    "written",
]

_WRITERS = {
    Role.WEIGHT: frozenset({Phase.STEP, Phase.MANUAL}),
    Role.GRAD: frozenset(
        {Phase.ZERO_GRAD, Phase.BACKWARD, Phase.UNSCALE, Phase.CLIP, Phase.MANUAL}
    ),
    Role.UPDATE: frozenset({Phase.STEP, Phase.MANUAL}),
    Role.STATE: frozenset({Phase.STEP}),
    Role.ACTIVATION: frozenset({Phase.FORWARD, Phase.EVALUATE}),
    Role.GRAD_OUTPUT: frozenset({Phase.BACKWARD}),
}
"""The phases that can change a tensor of each role."""

_OPTIMIZERS_OWN = frozenset({Phase.ZERO_GRAD, Phase.STEP})
_LOOKED_BACK = 64


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
    ``changed``, ``same``, ``last step``, ``not measured``; ``none yet`` for an update before the
    first step; ``frozen`` where the parameter requires no grad, so that it has no grad and no
    update.
    """

    role: Role
    measurement: Measurement | None
    before: Measurement | None
    changed: bool
    note: str


def layer_rows(recording: Recording, cursor: int | None) -> list[LayerRow]:
    """Return every parameter of every model, in model order, with what is known of it."""
    at = 0 if cursor is None else cursor
    weights, grads, updates = (
        recording.measurements(role, at) for role in (Role.WEIGHT, Role.GRAD, Role.UPDATE)
    )
    rows = []
    for model in recording.models():
        for parameter in model.parameters:
            name = parameter.shared_with or parameter.fqn
            weight, grad, update = (
                found[1] if (found := of_role.get(name)) else None
                for of_role in (weights, grads, updates)
            )
            if grad is None and not parameter.requires_grad:
                grad = Measurement(Role.GRAD, name, None)
            judgement = health(weight, grad, update)
            rows.append(LayerRow(parameter.fqn, parameter.module, weight, grad, update, judgement))
    return rows


def columns(recording: Recording, cursor: int | None, fqn: str) -> tuple[Column, Column, Column]:
    """Return the weight, the grad and the update of a parameter at the cursor.

    A measurement counts until a phase that may have changed the tensor has gone by unmeasured;
    from then on the tensor is ``not measured``. The update is always that of the last step.
    """
    here = None if cursor is None else recording.latest_moment(cursor)
    parameters = (parameter for model in recording.models() for parameter in model.parameters)
    known = next((parameter for parameter in parameters if parameter.fqn == fqn), None)
    name = fqn if known is None else known.shared_with or fqn
    frozen = known is not None and not known.requires_grad
    weight, grad, update = (
        Column(role, None, None, changed=False, note="not measured")
        if here is None
        else _column(recording, here, role, name, frozen=frozen)
        for role in (Role.WEIGHT, Role.GRAD, Role.UPDATE)
    )
    return weight, grad, update


def written(moment: Moment) -> frozenset[Role]:
    """Return the roles of the tensors that a moment has changed, as far as its facts tell."""
    facts = moment.facts
    if moment.inside is not None:
        return frozenset({Role.GRAD}) if moment.inside.kind == "grad" else frozenset()
    if facts.weights_changed:
        return frozenset({Role.WEIGHT, Role.UPDATE})
    counts = (facts.grads_filled, facts.grads_accumulated, facts.grads_to_none, facts.grads_to_zero)
    clipped = facts.clip is not None and facts.clip.before != facts.clip.after
    graded = any(counts) or clipped or moment.phase is Phase.UNSCALE
    return frozenset({Role.GRAD}) if graded else frozenset()


def _column(recording: Recording, here: Moment, role: Role, name: str, *, frozen: bool) -> Column:
    if frozen and role is not Role.WEIGHT:
        last = recording.measurement(role, name, here.seq)
        if last is None or last[1].stats is None:
            return Column(role, Measurement(role, name, None), None, changed=False, note="frozen")
    now = still_valid(recording, here, role, name)
    start = recording.neighbour(here.seq, forward=False, whole_phase=True)
    earlier = None if start is None else recording.moment(start)
    before = None if earlier is None else still_valid(recording, earlier, role, name)
    if now is None:
        note = "none yet" if role is Role.UPDATE and _unstepped(recording, here) else "not measured"
        return Column(role, None, before and before[1], changed=False, note=note)
    changed = (
        now[0] == here.seq
        and _writes(here, role, name, recording.optimizers())
        and not (before is not None and _same(role, before[1].stats, now[1].stats))
    )
    note = "changed" if changed else "last step" if role is Role.UPDATE else "same"
    return Column(role, now[1], before and before[1], changed=changed, note=note)


def _unstepped(recording: Recording, here: Moment) -> bool:
    """Tell whether a moment lies before the first step that writes weights."""
    return here.iteration == 1 and not any(
        moment.seq <= here.seq and moment.phase in _WRITERS[Role.WEIGHT]
        for moment in recording.phases(1)
    )


def still_valid(
    recording: Recording, here: Moment, role: Role, name: str
) -> tuple[int, Measurement] | None:
    """Return the latest measurement that still holds at a moment, with the moment it is of."""
    found = recording.measurement(role, name, here.seq)
    if found is None or found[0] == here.seq or role is Role.UPDATE:
        return found
    if here.inside is not None and here.phase in _WRITERS[role]:
        start = recording.neighbour(here.seq, forward=False, whole_phase=True) or 0
        inside = recording.count(max(start, found[0]), here.seq)
        if inside != here.seq - max(start, found[0]):
            return None  # it may have been written at a moment that was not sent
    optimizers = recording.optimizers()
    at: int | None = here.seq
    for _ in range(_LOOKED_BACK):
        moment = None if at is None or at <= found[0] else recording.moment(at)
        if moment is None:
            return found
        if moment.inside is None and _writes(moment, role, name, optimizers):
            return None
        at = recording.neighbour(moment.seq, forward=False, whole_phase=True)
    return None


def _writes(moment: Moment, role: Role, name: str, optimizers: list[Optimizer]) -> bool:
    if moment.phase not in _WRITERS[role]:
        return False
    if moment.phase is Phase.MANUAL and moment.facts.weights_changed:
        # Grads that were changed by hand are reported in a phase of their own.
        return role is not Role.GRAD
    if moment.phase not in _OPTIMIZERS_OWN or moment.facts.optimizer is None:
        return True
    return any(
        name.partition(":")[0] in group.parameters
        for optimizer in optimizers
        if optimizer.index == moment.facts.optimizer
        for group in optimizer.groups
    )


def _same(role: Role, before: Stats | None, now: Stats | None) -> bool:
    """Tell whether two measurements may be of equal tensors, as far as both know them."""
    if before is None or now is None:
        return before is now
    if role is Role.GRAD and None in (before.mean, now.mean):
        # A free run sums its norms in another order; a backward may pass this grad by.
        return math.isclose(before.norm, now.norm, rel_tol=1e-6) or _both_nan(before.norm, now.norm)
    pairs = [
        (getattr(before, field), getattr(now, field)) for field in ("norm", "mean", "min", "max")
    ]
    if before.thumbnail is not None and now.thumbnail is not None:
        pairs.append((before.thumbnail.packed, now.thumbnail.packed))
    return all(
        first is None or second is None or first == second or _both_nan(first, second)
        for first, second in pairs
    )


def _both_nan(first: object, second: object) -> bool:
    return (
        isinstance(first, float)
        and isinstance(second, float)
        and math.isnan(first)
        and math.isnan(second)
    )
