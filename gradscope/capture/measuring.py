"""Measurements of many tensors at one moment, as closely as was asked."""

from collections.abc import Iterable, Sequence

import torch

from gradscope.capture.arrays import is_readable
from gradscope.capture.norms import norm_stats, total
from gradscope.capture.parameters import Parameter
from gradscope.capture.reporter import Content
from gradscope.capture.stats import measure
from gradscope.capture.weights import sum_up
from gradscope.core.events import Facts
from gradscope.core.tensors import Measurement
from gradscope.core.words import Detail, Role


def measure_all(
    role: Role, tensors: Iterable[tuple[str, torch.Tensor | None]], detail: Detail
) -> list[Measurement]:
    """Measure tensors by name; what is None is measured as None, what is unreadable left out.

    Call it inside ``quiet()``.
    """
    named = [(name, t) for name, t in tensors if t is None or is_readable(t)]
    if detail is Detail.FULL:
        full = [(name, t, None if t is None else measure(t)) for name, t in named]
        return [Measurement(role, name, s) for name, t, s in full if t is None or s is not None]
    found = iter(norm_stats([tensor for _, tensor in named if tensor is not None]))
    return [Measurement(role, name, None if t is None else next(found)) for name, t in named]


def weights(parameters: Sequence[Parameter], detail: Detail) -> list[Measurement]:
    """Measure weights; call it inside ``quiet()``."""
    tensors = [(p.fqn, p.tensor) for p in parameters]
    return measure_all(Role.WEIGHT, [(n, t) for n, t in tensors if t is not None], detail)


def grads(parameters: Sequence[Parameter], detail: Detail) -> list[Measurement]:
    """Measure grads, None for those that are None; call it inside ``quiet()``."""
    alive = [(p.fqn, p.tensor) for p in parameters]
    tensors = [(name, t.grad) for name, t in alive if t is not None]
    return measure_all(Role.GRAD, tensors, detail)


def updates(parameters: Sequence[Parameter], detail: Detail) -> list[Measurement]:
    """Measure the latest updates of those that had one; call it inside ``quiet()``."""
    tensors = [(p.fqn, p.update) for p in parameters if p.update is not None]
    return measure_all(Role.UPDATE, tensors, detail)


def moved(
    parameters: Sequence[Parameter],
    detail: Detail,
    *,
    by_hand: bool = False,
    optimizer: int | None = None,
    skipped: str = "",
) -> Content:
    """Describe the latest change of some weights; call it inside ``quiet()``."""
    change = sum_up(parameters)
    facts = Facts(
        weights_changed=change.elements,
        parameters_changed=change.parameters,
        largest_update=change.largest,
        by_hand=by_hand,
        optimizer=optimizer,
        skipped=skipped,
    )
    return Content(facts, weights(parameters, detail) + updates(parameters, detail))


def total_norm(measurements: Iterable[Measurement]) -> float:
    """Return the norm of all measured tensors together."""
    return total([m.stats.norm for m in measurements if m.stats is not None])
