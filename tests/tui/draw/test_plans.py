import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradscope.tui.draw.cells import Cells, from_elements
from gradscope.tui.draw.colourmap import EMPTY, FRAME
from gradscope.tui.draw.columns import plan
from gradscope.tui.draw.plan import Cursor


def kernels(count: int, high: int, wide: int) -> Cells:
    return Cells(np.ones((count, high, wide), np.float32), (count, high, wide), total=count)


def test_tiles_are_paged() -> None:
    drawn = plan(kernels(40, 3, 3), 24, 14)
    # Six rows of pixels a tile with its gap would be too many: three rows of four and a half.
    assert drawn.shown(Cursor(0)) == (0, 15)
    assert drawn.shown(Cursor(15)) == (15, 30)
    assert drawn.shown(Cursor(39)) == (30, 40)
    assert drawn.page(Cursor(3), 1) == Cursor(18)
    assert drawn.page(Cursor(38), 1) == Cursor(39)
    assert drawn.page(Cursor(3), -1) == Cursor(0)
    assert drawn.ends() == (Cursor(0), Cursor(39, 2, 2))


def test_arrows_go_from_tile_to_tile() -> None:
    drawn = plan(kernels(40, 3, 3), 24, 14)
    assert drawn.move(Cursor(7, 1, 1), 1, 0) == Cursor(8, 1, 1)
    assert drawn.move(Cursor(7), 0, 1) == Cursor(12)
    assert drawn.move(Cursor(2), 0, -1) == Cursor(2)
    assert drawn.move(Cursor(39), 1, 0) == Cursor(39)
    assert drawn.nudge(Cursor(7, 1, 1), 5, -5) == Cursor(7, 0, 2)


def test_few_tiles_are_enlarged() -> None:
    drawn = plan(kernels(2, 3, 3), 24, 14)
    codes = drawn.codes(kernels(2, 3, 3), 1.0, None)
    # Two tiles of twelve pixels do not fit beside each other in 24, two of nine do.
    assert (codes != EMPTY).sum() == 2 * 81


def test_pixels_lead_back_to_cells() -> None:
    drawn = plan(kernels(40, 3, 3), 24, 14)
    assert drawn.at(1, 1, Cursor()) == Cursor(0, 0, 0)
    assert drawn.at(0, 1, Cursor()) is None
    assert drawn.at(5 + 2, 4 + 3, Cursor(15)) == Cursor(21, 2, 2)
    assert drawn.at(23, 1, Cursor()) is None
    matrix = plan(from_elements(np.ones((4, 4))), 24, 14)
    assert matrix.at(1, 1, Cursor()) == Cursor(0, 0, 0)
    assert matrix.at(0, 0, Cursor()) is None


def test_matrix_moves_by_what_is_drawn() -> None:
    drawn = plan(from_elements(np.ones((100, 100))), 12, 12)
    assert drawn.move(Cursor(), 1, 2) == Cursor(0, 20, 10)
    assert drawn.move(Cursor(), -1, -1) == Cursor()
    assert drawn.ends()[1] == Cursor(0, 90, 90)
    assert drawn.page(Cursor(), 1) == Cursor(0, 20, 0)
    assert drawn.shown(Cursor()) == (0, 0)


def test_a_cursor_from_a_larger_tensor_is_held_inside() -> None:
    assert plan(kernels(4, 3, 3), 24, 14).hold(Cursor(99, 9, 9)) == Cursor(3, 2, 2)
    assert plan(from_elements(np.ones((2, 2))), 24, 14).hold(Cursor(0, 9, 9)) == Cursor(0, 1, 1)


SIZES = st.tuples(st.integers(1, 60), st.integers(1, 60))


@given(st.integers(1, 50), st.integers(1, 12), st.integers(1, 12), SIZES)
def test_tiles_of_any_shape_fit_any_pane(
    count: int, high: int, wide: int, size: tuple[int, int]
) -> None:
    cells = kernels(count, high, wide)
    drawn = plan(cells, *size)
    for number in (0, count - 1):
        codes = drawn.codes(cells, 1.0, Cursor(number))
        assert codes.shape == size[::-1]
    assert drawn.shown(Cursor())[1] >= 1


@given(st.integers(1, 90), st.integers(1, 90), SIZES, st.integers(0, 89), st.integers(0, 89))
def test_matrices_of_any_shape_fit_any_pane(
    rows: int, columns: int, size: tuple[int, int], row: int, column: int
) -> None:
    cells = from_elements(np.ones((rows, columns), np.float32))
    drawn = plan(cells, *size)
    cursor = drawn.hold(Cursor(0, row, column))
    codes = drawn.codes(cells, 1.0, cursor)
    assert codes.shape == size[::-1]
    if min(size) >= 3:
        assert (codes == FRAME).any()
    down, across = drawn.span(cursor)
    assert down.start <= cursor.row < down.stop
    assert across.start <= cursor.column < across.stop
