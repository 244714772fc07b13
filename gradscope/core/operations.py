"""What expressions compute: arithmetic, comparison and reductions over numbers and arrays."""

import ast
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gradscope.core.tensors import Stats, TensorData

_SIZE_LIMIT = 100_000_000
_INTEGER_LIMIT = 1 << 63

Array: TypeAlias = npt.NDArray[np.float64] | npt.NDArray[np.bool_]
Number: TypeAlias = float | Array
"""A number in the wide sense: int, float, bool, or an array of float64 or bool."""


class OperationError(Exception):
    """An operation that its operands do not allow; the message is one line."""


@dataclass(frozen=True)
class Approx:
    """A number with a tolerance, as ``pytest.approx`` has it."""

    value: float
    rel: float | None = None
    abs: float | None = None

    def matches(self, actual: Number) -> bool:
        """Tell whether every element of ``actual`` is within the tolerance.

        The tolerance is the larger of ``rel`` (1e-6) times the expected value and ``abs``
        (1e-12); where only ``abs`` is given, it alone counts. NaN matches nothing.
        """
        relative = self.rel
        if relative is None:
            relative = 1e-6 if self.abs is None else 0.0
        tolerance = max(relative * abs(self.value), 1e-12 if self.abs is None else self.abs)
        values = np.asarray(actual, dtype=np.float64)
        with np.errstate(all="ignore"):
            near = np.abs(values - self.value) <= tolerance
        equal = values == self.value
        return bool(np.all(near | equal if math.isfinite(self.value) else equal))


Value: TypeAlias = Number | str | tuple[int, ...] | Approx | None


def to_float(data: TensorData) -> npt.NDArray[np.float64]:
    """Return the elements of a tensor as float64; of complex ones, the magnitudes."""
    array = data.array
    if np.iscomplexobj(array):
        array = np.abs(array)
    return array.astype(np.float64)


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape as people write it: ``32×3×5×5``, ``scalar``."""
    return "×".join(str(size) for size in shape) or "scalar"


def describe(value: Value) -> str:
    """Return a value in words, numbers with nine digits: ``a 2×3 array, norm 1.5``."""
    if isinstance(value, np.ndarray):
        if value.dtype == np.bool_:
            return f"{np.count_nonzero(value)} of {value.size} elements true"
        return f"a {shape_text(value.shape)} array, norm {reduce('norm', value):.9g}"
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, str):
        return f'"{value}"'
    return f"about {value.value:g}" if isinstance(value, Approx) else str(value)


_ARITHMETIC: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}


def arithmetic(op: ast.operator, left: Number, right: Number) -> Number:
    """Return ``left op right``, broadcasting as numpy does; powers are of float64.

    Raises:
        OperationError: Division of a number by zero, a result that is no real number or too
            large, shapes that do not go together.
    """
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return _array_arithmetic(op, left, right)
    if isinstance(op, ast.Pow):
        left = float(left)
    try:
        result = _ARITHMETIC[type(op)](left, right)
    except ZeroDivisionError:
        raise OperationError("division by zero") from None
    except OverflowError:
        raise OperationError("the result is too large for a float64") from None
    if isinstance(result, complex):
        raise OperationError("the result is not a real number")
    if isinstance(result, int) and abs(result) >= _INTEGER_LIMIT:
        return float(result)
    return result


def _array_arithmetic(op: ast.operator, left: Number, right: Number) -> Array:
    first, second = (np.asarray(side, dtype=np.float64) for side in (left, right))
    _check_shapes(first.shape, second.shape)
    with np.errstate(all="ignore"):
        return np.asarray(_ARITHMETIC[type(op)](first, second), dtype=np.float64)


def _check_shapes(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    try:
        shape = np.broadcast_shapes(left, right)
    except ValueError:
        message = f"shapes {shape_text(left)} and {shape_text(right)} do not go together"
        raise OperationError(message) from None
    if math.prod(shape) > _SIZE_LIMIT:
        raise OperationError(f"the result would have {shape_text(shape)} elements")


def negative(value: Number) -> Number:
    """Return ``-value``."""
    if isinstance(value, np.ndarray):
        return -np.asarray(value, dtype=np.float64)
    return -value


_COMPARISONS: dict[type[ast.cmpop], Callable[[Number, Number], Number]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def compare(op: ast.cmpop, left: Value, right: Value) -> bool | Array:
    """Return ``left op right``: one truth, or one for every element.

    Raises:
        OperationError: The two are not of a kind, or have no order.
    """
    equality = isinstance(op, (ast.Eq, ast.NotEq))
    if isinstance(left, Approx) and not isinstance(right, Approx):
        left, right = right, left
    if isinstance(right, Approx):
        if not equality:
            raise OperationError("approx(…) can only be compared with == and !=")
        if isinstance(left, (int, float, np.ndarray)):
            return right.matches(left) is isinstance(op, ast.Eq)
        raise OperationError(f"{describe(left)} cannot be compared with a number")
    if isinstance(left, (int, float, np.ndarray)) and isinstance(right, (int, float, np.ndarray)):
        return _compare_numbers(op, left, right)
    alike = (isinstance(left, str) and isinstance(right, str)) or (
        isinstance(left, tuple) and isinstance(right, tuple)
    )
    if not alike:
        raise OperationError(f"{describe(left)} cannot be compared with {describe(right)}")
    if not equality:
        raise OperationError("texts and shapes can only be compared with == and !=")
    return (left == right) is isinstance(op, ast.Eq)


def _compare_numbers(op: ast.cmpop, left: Number, right: Number) -> bool | Array:
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        _check_shapes(np.shape(left), np.shape(right))
    result = _COMPARISONS[type(op)](left, right)
    return result if isinstance(result, np.ndarray) else bool(result)


def from_stats(name: str, stats: Stats) -> float | None:
    """Return the reduction ``name`` of a tensor that was measured, None if it is not known."""
    if name in ("norm", "mean", "std", "min", "max", "zeros", "nans", "infs"):
        value: float | None = getattr(stats, name)
        return value
    return None


def reduce(name: str, value: Number) -> float:
    """Return one number of all elements, as ``Stats`` defines it.

    Raises:
        OperationError: The tensor is empty and has no such number.
    """
    array = np.asarray(value, dtype=np.float64)
    if array.size == 0 and name in ("mean", "std", "min", "max"):
        raise OperationError(f"an empty tensor has no {name}")
    with np.errstate(all="ignore"):
        return _REDUCTIONS[name](array)


_REDUCTIONS: dict[str, Callable[[npt.NDArray[np.float64]], float]] = {
    "norm": lambda array: float(np.linalg.norm(array.ravel())),
    "mean": lambda array: float(array.mean()),
    "std": lambda array: float(array.std()),
    "min": lambda array: float(array.min()),
    "max": lambda array: float(array.max()),
    "sum": lambda array: float(array.sum()),
    "zeros": lambda array: int(np.count_nonzero(array == 0)),
    "nans": lambda array: int(np.count_nonzero(np.isnan(array))),
    "infs": lambda array: int(np.count_nonzero(np.isinf(array))),
    "all": lambda array: bool(array.all()),
    "any": lambda array: bool(array.any()),
}

_ELEMENTWISE: dict[str, Callable[[npt.NDArray[np.float64]], Array]] = {
    "abs": np.abs,
    "isnan": np.isnan,
    "isinf": np.isinf,
}


def elementwise(name: str, value: Number) -> Number:
    """Return ``abs``, ``isnan`` or ``isinf`` of a number, or of every element of an array."""
    result = _ELEMENTWISE[name](np.asarray(value, dtype=np.float64))
    return result if isinstance(value, np.ndarray) else result.item()
