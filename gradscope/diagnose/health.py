"""The health of one parameter, at a glance."""

import math
from dataclasses import dataclass
from enum import StrEnum

from gradscope.core.numbers import format_number
from gradscope.core.tensors import Measurement, Stats


class Level(StrEnum):
    """How a parameter is doing."""

    OK = "ok"
    WATCH = "watch"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Health:
    """A level and its reason in a few words ('' where all is well)."""

    level: Level
    reason: str


_SMALLEST_RATIO = 1e-6
_LARGEST_RATIO = 1e-1


def health(
    weight: Measurement | None, grad: Measurement | None, update: Measurement | None
) -> Health:
    """Judge one parameter by its latest measurements.

    NaN or Inf anywhere is bad. A gradient that is zero everywhere, and an update whose norm is
    below a millionth or above a tenth of the weight's, are worth watching. A large update counts
    for matrices and kernels alone, and not where it started them from zero: biases and the shifts
    of normalisation layers begin at zero and have to outgrow their updates first. Without a
    gradient and an update there is nothing to judge by.
    """
    measured = [each for each in (weight, grad, update) if each is not None]
    for measurement in measured:
        if measurement.stats is not None and (what := _not_finite(measurement.stats)):
            return Health(Level.BAD, f"{what} in the {measurement.role.value}")
    gradient = grad.stats if grad is not None else None
    change = update.stats if update is not None else None
    if gradient is None and change is None:
        return Health(Level.UNKNOWN, "")
    if gradient is not None and gradient.numel and gradient.norm == 0:
        return Health(Level.WATCH, "the grad is zero everywhere")
    if change is not None and weight is not None and weight.stats is not None:
        reason = _odd_ratio(weight.stats, change)
        if reason:
            return Health(Level.WATCH, reason)
    return Health(Level.OK, "")


def _not_finite(stats: Stats) -> str:
    """Name what is not finite in a tensor; '' where all is."""
    if stats.nans is None or stats.infs is None:
        if math.isnan(stats.norm):
            return "NaN"
        return "Inf" if math.isinf(stats.norm) else ""
    if stats.nans:
        return "NaN"
    return "Inf" if stats.infs else ""


def _odd_ratio(weight: Stats, update: Stats) -> str:
    if weight.norm == 0:
        return ""
    ratio = update.norm / weight.norm
    if ratio < _SMALLEST_RATIO:
        return f"update only {format_number(ratio)} of weight"
    # A weight that equals its update was zero before.
    from_zero = math.isclose(ratio, 1, rel_tol=1e-6)
    if ratio > _LARGEST_RATIO and len(weight.shape) > 1 and not from_zero:
        return f"update is {format_number(ratio)} of weight"
    return ""
