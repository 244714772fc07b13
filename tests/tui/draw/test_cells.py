"""Thumbnails that the child makes and elements that it sends, drawn by one layout."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradscope.capture.thumbnails import thumbnail
from gradscope.tui.draw.cells import Cells, from_elements, from_thumbnail
from gradscope.tui.draw.column import Spot, index_text
from gradscope.tui.draw.columns import plan
from gradscope.tui.draw.plan import Cursor

SHAPES = [
    (),
    (1,),
    (5,),
    (1, 6),
    (6, 1),
    (3, 4),
    (6, 4, 3),
    (1, 8, 4),
    (2, 3, 3, 3),
    (4, 3, 1, 1),
    (2, 2, 3, 2, 2),
    (2, 3, 1, 1, 4),
]


def counted(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Every element has a value of its own that half precision holds."""
    return np.arange(1, math.prod(shape) + 1, dtype=np.float32).reshape(shape)


def pooled(array: npt.NDArray[np.generic]) -> Cells:
    found = thumbnail(array)
    assert found is not None
    return from_thumbnail(found, array.shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_thumbnail_and_elements_draw_the_same_picture(shape: tuple[int, ...]) -> None:
    elements, kept = from_elements(counted(shape)), pooled(counted(shape))
    assert elements.values.shape == kept.values.shape
    np.testing.assert_allclose(elements.values, kept.values, rtol=1e-3)
    assert elements.total == kept.total
    assert elements.kernel_axes == kept.kernel_axes
    drawn = plan(elements, 30, 30)
    first, second = (drawn.codes(cells, 1.0, Cursor()) for cells in (elements, kept))
    assert first.tolist() == second.tolist()


shapes = st.lists(st.integers(1, 9), max_size=5).map(tuple)


@settings(deadline=None, max_examples=60)
@given(shapes, st.tuples(st.integers(0), st.integers(0), st.integers(0)))
def test_the_index_of_a_cell_is_that_of_the_element_it_shows(
    shape: tuple[int, ...], place: tuple[int, int, int]
) -> None:
    array = counted(shape)
    cells = from_elements(array)
    limits = cells.values.shape if cells.tiled else (1, *cells.values.shape)
    kernel, row, column = (at % limit for at, limit in zip(place, limits, strict=True))
    shown = cells.values[kernel, row, column] if cells.tiled else cells.values[row, column]
    index = cells.index(kernel, row, column)
    assert len(index) == len(shape)
    assert array[index] == shown
    axes = cells.kernel_axes
    if axes is not None:
        whole = array[index[:axes]].reshape(cells.values.shape[1:])
        assert whole.tolist() == cells.values[kernel].tolist()


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([1, 2, 3, 40, 70, 130]), min_size=1, max_size=4).map(tuple),
    st.tuples(st.integers(0), st.integers(0), st.integers(0)),
)
def test_a_pooled_cell_begins_at_its_index(
    shape: tuple[int, ...], place: tuple[int, int, int]
) -> None:
    assume(math.prod(shape) <= 1 << 20)
    array = np.arange(math.prod(shape), dtype=np.float64).reshape(shape)
    cells = pooled(array)
    limits = cells.values.shape if cells.tiled else (1, *cells.values.shape)
    kernel, row, column = (at % limit for at, limit in zip(place, limits, strict=True))
    shown = cells.values[kernel, row, column] if cells.tiled else cells.values[row, column]
    first = array[cells.index(kernel, row, column)]
    assert first <= shown * 1.001 + 0.5


@pytest.mark.parametrize(
    ("shape", "cell", "text"),
    [
        ((), Cursor(), "[]"),
        ((200,), Cursor(3), "[12:16]"),
        ((1, 200), Cursor(49), "[0,196:200]"),
        ((100, 30), Cursor(0, 49, 2), "[98:100,2]"),
        ((1, 100, 80), Cursor(0, 1, 3), "[0,2:4,6:8]"),
        ((90, 32, 3), Cursor(0, 1, 2), "[2,1,1…]"),
        ((2, 3, 3, 3), Cursor(5, 1, 2), "[1,2,1,2]"),
    ],
)
def test_the_index_as_text(shape: tuple[int, ...], cell: Cursor, text: str) -> None:
    cells = pooled(counted(shape))
    assert index_text(cells, Spot(plan(cells, 90, 90), cell, 1.0)) == text


def test_unsigned_integers_are_pooled_by_their_size() -> None:
    array = np.ones((128, 64), np.uint8)
    array[1, 0] = 200
    assert pooled(array).values[0, 0] == 200
    signed = np.zeros((128, 64), np.int8)
    signed[1, 0] = -128
    assert pooled(signed).values[0, 0] == -128
