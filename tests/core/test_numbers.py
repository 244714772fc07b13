"""Numbers read the same wherever they are shown."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradscope.core.numbers import format_count, format_number, format_seconds


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.1756, "0.1756"),
        (2.43451, "2.4345"),
        (-0.0514, "−0.0514"),
        (12.345, "12.35"),
        (123.46, "123.5"),
        (99_999.4, "99999"),
        (99_999.5, "1.0e5"),
        (5e-5, "5.0e−5"),
        (-4.94e-4, "−4.9e−4"),
        (0.000_999_95, "0.0010"),
        (1e-45, "1.0e−45"),
        (math.inf, "Inf"),
        (-math.inf, "−Inf"),
        (math.nan, "NaN"),
        (None, "–"),
    ],
)
def test_format_number(value: float | None, text: str) -> None:
    assert format_number(value) == text


def test_sign_and_ascii() -> None:
    assert format_number(5e-5, signed=True) == "+5.0e−5"
    assert format_number(-5e-5, ascii_only=True) == "-5.0e-5"
    assert format_number(0.0, signed=True) == "0"


@given(st.floats(min_value=-1e300, max_value=1e300))
def test_a_shown_number_is_near_the_measured_one_and_short(value: float) -> None:
    text = format_number(value, ascii_only=True)
    assert len(text) <= 9
    tolerance = abs(value) * 0.051 if "e" in text else 0.00005 + abs(value) * 0.0006
    assert abs(float(text) - value) <= tolerance


def test_counts_and_durations() -> None:
    assert format_count(145_578) == "145\xa0578"
    assert format_count(145_578, ascii_only=True) == "145,578"
    assert format_seconds(0.000_08) == "0.08 ms"
    assert format_seconds(0.01184) == "11.84 ms"
    assert format_seconds(1.254) == "1.25 s"
    assert format_seconds(125.2) == "2 min 05 s"
