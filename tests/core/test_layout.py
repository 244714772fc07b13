import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradscope.core.layout import grid, is_vector


@pytest.mark.parametrize(
    ("shape", "laid_out"),
    [
        ((), (1, 1)),
        ((7,), (1, 7)),
        ((1, 512), (1, 512)),
        ((512, 1), (1, 512)),
        ((1, 24, 1, 1), (1, 24)),
        ((3, 5), (3, 5)),
        ((64, 32, 3), (64, 96)),
        ((1, 128, 64), (128, 64)),
        ((8, 512, 512), (4096, 512)),
        ((64, 32, 5, 5), (2048, 5, 5)),
        ((8, 4, 1, 1), (8, 4)),
        ((4, 1, 3, 3, 3), (12, 3, 3)),
        ((2, 2, 3, 1, 1), (4, 3)),
        ((1, 1, 200, 200), (200, 200)),
        ((0,), (1, 0)),
        ((0, 4), (0, 4)),
    ],
)
def test_every_shape_has_one_layout(shape: tuple[int, ...], laid_out: tuple[int, ...]) -> None:
    assert grid(shape) == laid_out


@given(st.lists(st.integers(0, 70), max_size=6).map(tuple))
def test_a_layout_holds_every_element(shape: tuple[int, ...]) -> None:
    laid_out = grid(shape)
    assert math.prod(laid_out) == math.prod(shape)
    assert len(laid_out) in (2, 3)
    if is_vector(shape):
        assert laid_out[0] == 1
