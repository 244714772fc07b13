"""Expressions mean what Python and numpy mean by the same text, and fail in one way only."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gradscope.core.commands import Slice
from gradscope.core.expressions import ExpressionError, Scalar, parse
from gradscope.core.grammar import CALLS, NAMES
from gradscope.core.tensors import Measurement, TensorData
from gradscope.core.words import Role

SCALARS = {"iteration": 3, "epoch": 2, "loss": 2.25, "lr": 0.5, "grad_norm": -1.5}
ARRAY: npt.NDArray[np.float64] = np.linspace(-2, 3, 12).reshape(3, 4)


class Fixed:
    def scalar(self, name: Scalar) -> float | str | None:
        return SCALARS.get(name)

    def known(self, role: Role) -> Sequence[str]:
        return ["w"] if role is Role.WEIGHT else []

    def measured(self, role: Role, name: str) -> Measurement | None:  # noqa: ARG002  # a protocol
        return None

    def tensor(self, role: Role, name: str, index: Sequence[Slice]) -> TensorData | None:
        if role is not Role.WEIGHT:
            raise LookupError(f"{name} was not kept")
        keys = tuple(i.start if i.element else slice(i.start, i.stop, i.step) for i in index)
        try:
            part = np.asarray(ARRAY[keys])
        except IndexError as error:
            raise LookupError(str(error)) from None
        return TensorData("float64", "<f8", part.shape, ARRAY.shape, part.tobytes())


atoms = st.one_of(
    st.sampled_from(sorted(SCALARS)),
    st.integers(0, 50).map(str),
    st.floats(0, 100, allow_nan=False).map(lambda value: repr(round(value, 3))),
    st.sampled_from(["nan", "inf"]),
)


def calculation(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "//", "%"])
    return st.one_of(
        st.tuples(parts, operators, parts).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from("+-"), parts).map(lambda t: f"({t[0]}{t[1]})"),
        parts.map(lambda part: f"abs({part})"),
    )


def logic(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(parts, st.sampled_from(["and", "or"]), parts).map(lambda t: f"({' '.join(t)})"),
        parts.map(lambda part: f"(not {part})"),
    )


numbers = st.recursive(atoms, calculation, max_leaves=6)
comparisons = st.one_of(
    st.tuples(numbers, st.sampled_from(["<", "<=", "==", "!=", ">", ">="]), numbers).map(" ".join),
    st.tuples(numbers, numbers, numbers).map(lambda t: f"{t[0]} < {t[1]} <= {t[2]}"),
    numbers.map(lambda number: f"isnan({number})"),
)
conditions = st.recursive(comparisons, logic, max_leaves=6)


@example("(-abs(0))")
@given(st.one_of(numbers, conditions))
def test_numbers_and_conditions_agree_with_python(text: str) -> None:
    space = {**SCALARS, "nan": math.nan, "inf": math.inf, "isnan": math.isnan, "abs": abs}
    try:
        # The oracle: the text was made here, of numbers and operators.
        expected = eval(text, {"__builtins__": {}}, space)  # noqa: S307
    except ZeroDivisionError:
        with pytest.raises(ExpressionError, match="division by zero"):
            parse(text).evaluate(Fixed())
        return
    # Zeros agree whatever their sign, since Python's integers have none.
    found = parse(text).evaluate(Fixed())
    assert isinstance(found, float | int | np.bool)
    assert found == expected or (math.isnan(found) and math.isnan(expected))


ends = st.one_of(st.none(), st.integers(-5, 5))
slices = st.builds(slice, ends, ends, st.one_of(st.none(), st.sampled_from([-2, -1, 1, 2])))
keys = st.one_of(st.integers(-4, 3), slices)


def key_text(key: int | slice) -> str:
    if isinstance(key, int):
        return str(key)
    return ":".join("" if end is None else str(end) for end in (key.start, key.stop, key.step))


@given(st.lists(keys, min_size=1, max_size=2))
def test_indexing_agrees_with_numpy(index: list[int | slice]) -> None:
    text = f"weight('w')[{', '.join(key_text(key) for key in index)}]"
    try:
        expected = ARRAY[tuple(index)]
    except IndexError:
        with pytest.raises(ExpressionError):
            parse(text).evaluate(Fixed())
        return
    np.testing.assert_array_equal(np.asarray(parse(text).evaluate(Fixed())), expected)


@given(
    st.sampled_from(["norm", "mean", "std", "min", "max", "sum"]),
    st.integers(-9, 9),
    st.integers(0, 2),
)
def test_reductions_agree_with_numpy(name: str, factor: int, row: int) -> None:
    array = factor * ARRAY[row] - 1
    expected = np.linalg.norm(array) if name == "norm" else getattr(array, name)()
    value = parse(f"{name}({factor} * weight('w')[{row}] - 1)").evaluate(Fixed())
    assert value == pytest.approx(expected)


PIECES = [
    *(*NAMES, *CALLS, "w", '"w"', "'", '"', "(", ")", "[", "]", ",", ":", "...", "None", "True"),
    *("**", "//", "==", "is", "not", "and", "or", "in", "lambda", "if", "else", "for", "await"),
    *("yield", ":=", "0", "1", "1e308", "1j", "b''", "f'{1}'", " ", *"+-*/%<>=.!~@|&^{};#`$?"),
    "\\",
]


@given(
    st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join))
)
def test_nothing_but_expression_errors_comes_out(text: str) -> None:
    try:
        parse(text).test(Fixed())
    except ExpressionError as error:
        place, message = error.column, str(error)
        length = len(error.text)
    else:
        return
    assert 0 <= place <= length
    assert "\n" not in message
