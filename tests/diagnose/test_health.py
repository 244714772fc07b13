import math

import pytest

from gradscope.core.tensors import Measurement, Stats
from gradscope.core.words import Role
from gradscope.diagnose.health import Health, Level, health


def measured(
    role: Role,
    norm: float | None,
    *,
    nans: int | None = None,
    infs: int | None = None,
    shape: tuple[int, ...] = (4, 2),
) -> Measurement:
    stats = None if norm is None else Stats(shape, "float32", norm, nans=nans, infs=infs)
    return Measurement(role, "w", stats)


def weight(norm: float) -> Measurement:
    return measured(Role.WEIGHT, norm)


def grad(norm: float | None) -> Measurement:
    return measured(Role.GRAD, norm)


def update(norm: float) -> Measurement:
    return measured(Role.UPDATE, norm)


def test_without_a_grad_and_an_update_nothing_is_known() -> None:
    unknown = Health(Level.UNKNOWN, "")
    assert health(None, None, None) == unknown
    assert health(weight(1), None, None) == unknown
    assert health(weight(1), grad(None), None) == unknown


@pytest.mark.parametrize("norm", [1e-6, 1e-3, 0.1])
def test_an_update_in_proportion_is_ok(norm: float) -> None:
    assert health(weight(1), grad(1), update(norm)) == Health(Level.OK, "")
    assert health(weight(1), grad(None), update(norm)) == Health(Level.OK, "")


def test_an_update_out_of_proportion_is_watched() -> None:
    large = health(weight(2), grad(1), update(1))
    assert large == Health(Level.WATCH, "update is 0.5000 of weight")
    small = health(weight(2), grad(1), update(2e-7))
    assert small == Health(Level.WATCH, "update only 1.0e−7 of weight")
    assert health(weight(0), grad(1), update(1)).level is Level.OK


def test_what_began_at_zero_is_not_watched_for_growing() -> None:
    # After the first step, the weight is its update.
    assert health(weight(0.3), grad(1), update(0.3)).level is Level.OK
    bias = measured(Role.WEIGHT, 0.2, shape=(4,))
    grown = measured(Role.UPDATE, 0.1, shape=(4,))
    assert health(bias, grad(1), grown).level is Level.OK
    stuck = measured(Role.UPDATE, 1e-9, shape=(4,))
    assert health(bias, grad(1), stuck).level is Level.WATCH


def test_a_grad_of_zeros_is_watched_but_not_an_empty_one() -> None:
    assert health(weight(1), grad(0), update(0.01)) == Health(
        Level.WATCH, "the grad is zero everywhere"
    )
    empty = measured(Role.GRAD, 0, shape=(0, 3))
    assert health(weight(0), empty, None).level is Level.OK


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (measured(Role.WEIGHT, math.nan), "NaN in the weight"),
        (measured(Role.GRAD, math.inf), "Inf in the grad"),
        (measured(Role.UPDATE, math.nan, nans=0, infs=3), "Inf in the update"),
        (measured(Role.GRAD, math.nan, nans=1, infs=3), "NaN in the grad"),
    ],
)
def test_numbers_that_are_not_finite_are_bad(broken: Measurement, reason: str) -> None:
    parts = {Role.WEIGHT: weight(1), Role.GRAD: grad(1), Role.UPDATE: update(0.01)}
    parts[broken.role] = broken
    assert health(*parts.values()) == Health(Level.BAD, reason)


def test_a_norm_that_overflowed_over_finite_numbers_is_not_bad() -> None:
    huge = measured(Role.WEIGHT, math.inf, nans=0, infs=0)
    assert health(huge, grad(1), None).level is Level.OK
