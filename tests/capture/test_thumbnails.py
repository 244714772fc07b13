import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradscope.capture.thumbnails import thumbnail
from gradscope.core.layout import grid
from gradscope.core.tensors import Thumbnail


def made(array: np.ndarray) -> Thumbnail:
    found = thumbnail(array)
    assert found is not None
    return found


def test_a_small_matrix_is_itself() -> None:
    matrix = np.array([[1.0, -2.0], [0.5, 0.0]], np.float32)
    found = made(matrix)
    assert (found.shape, found.block, found.scale) == ((2, 2), (1, 1), 2.0)
    assert found.cells.tolist() == matrix.tolist()


def test_a_vector_is_one_row() -> None:
    assert made(np.arange(3.0)).cells.tolist() == [[0, 1, 2]]
    assert made(np.arange(65.0)).shape == (1, 33)


def test_a_block_shows_its_largest_magnitude_with_its_sign() -> None:
    matrix = np.zeros((128, 65), np.float32)
    matrix[1, 1], matrix[0, 0] = -4.0, 3.0
    matrix[127, 64] = 1.0
    found = made(matrix)
    assert (found.shape, found.block) == ((64, 33), (2, 2))
    assert (found.cells[0, 0], found.cells[63, 32]) == (-4, 1)
    assert np.count_nonzero(found.cells) == 2


def test_nan_comes_before_inf_and_inf_before_numbers() -> None:
    matrix = np.full((128, 64), 7.0, np.float32)
    matrix[0, 0], matrix[1, 0] = math.nan, math.inf
    matrix[2, 1] = -math.inf
    cells = made(matrix).cells
    assert math.isnan(cells[0, 0])
    assert cells[1, 1] == -math.inf
    assert cells[5, 5] == 7
    assert made(matrix).scale == 7


def test_kernels_stay_whole_and_the_first_ones_are_shown() -> None:
    kernels = np.random.default_rng(0).normal(size=(64, 32, 5, 5)).astype(np.float32)
    found = made(kernels)
    assert (found.shape, found.block, found.total) == ((163, 5, 5), (1, 1), 64 * 32)
    np.testing.assert_allclose(found.cells, kernels.reshape(-1, 5, 5)[:163], atol=2e-3)
    assert made(kernels[:2, :2]).shape == (4, 5, 5)


def test_pointwise_kernels_are_a_matrix() -> None:
    assert made(np.ones((8, 4, 1, 1), np.float32)).shape == (8, 4)


def test_other_shapes_are_matrices_that_are_most_like_a_square() -> None:
    assert made(np.ones((12, 5, 2))).shape == (12, 10)
    assert made(np.ones((1, 12, 10))).shape == (12, 10)
    assert made(np.ones((1, 1, 200, 200))).shape == (50, 50)
    assert made(np.array(3.0)).shape == (1, 1)
    assert thumbnail(np.ones((0, 4))) is None


def test_nothing_but_zeros_has_a_scale_of_one() -> None:
    found = made(np.zeros((2, 2)))
    assert found.scale == 1
    assert found.cells.tolist() == [[0, 0], [0, 0]]


@settings(deadline=None, max_examples=40)
@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 150), st.integers(1, 150)),
        elements=st.floats(-4, 4, width=16),
        fill=st.floats(-4, 4, width=16),
    )
)
def test_every_cell_is_the_largest_of_its_block(matrix: np.ndarray) -> None:
    found = made(matrix)
    matrix = matrix.reshape(grid(matrix.shape))
    rows, columns = found.block
    assert max(found.shape) <= 64
    for row in range(found.shape[0]):
        for column in range(found.shape[1]):
            block = matrix[row * rows : (row + 1) * rows, column * columns : (column + 1) * columns]
            expected = np.abs(block).max()
            assert abs(found.cells[row, column]) == pytest.approx(expected, rel=1e-3, abs=1e-6)
