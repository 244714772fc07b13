"""Thumbnails: tensors pooled for a heatmap."""

import numpy as np
import numpy.typing as npt

from gradscope.capture.arrays import Array
from gradscope.core.layout import grid
from gradscope.core.tensors import THUMBNAIL_SIDE, Thumbnail

_CELLS = THUMBNAIL_SIDE * THUMBNAIL_SIDE


def thumbnail(array: Array) -> Thumbnail | None:
    """Pool a real array of any shape, laid out as ``core.layout.grid`` says.

    Tiles are not pooled; as many of the first are kept as there is room for. None for an empty
    array.
    """
    if array.size == 0:
        return None
    # A wrapped-around minus of an integer would pass for its magnitude.
    laid_out = array.reshape(grid(array.shape))
    cells = laid_out.astype(np.float64) if array.dtype.kind in "biu" else laid_out
    if cells.ndim == 3:
        count, height, width = cells.shape
        return _pack(cells[: max(1, _CELLS // (height * width))], (1, 1), count)
    rows, columns = cells.shape
    block = (-(-rows // THUMBNAIL_SIDE), -(-columns // THUMBNAIL_SIDE))
    return _pack(_pool(cells, block), block, 1)


def _pool(matrix: Array, block: tuple[int, int]) -> Array:
    """Reduce each block to its element of largest magnitude, NaN before all."""
    highest = lowest = matrix
    for axis in (0, 1):
        if block[axis] > 1:
            starts = np.arange(0, matrix.shape[axis], block[axis])
            highest = np.maximum.reduceat(highest, starts, axis=axis)
            lowest = np.minimum.reduceat(lowest, starts, axis=axis)
    if highest is lowest:
        return matrix
    with np.errstate(invalid="ignore"):
        return np.where(np.isnan(highest) | (highest >= -lowest), highest, lowest)


def _pack(cells: Array, block: tuple[int, int], total: int) -> Thumbnail:
    values: npt.NDArray[np.float64] = cells.astype(np.float64)
    sizes = np.abs(values)
    scale = float(np.max(sizes, where=np.isfinite(sizes), initial=0.0)) or 1.0
    with np.errstate(invalid="ignore"):
        packed = (values / scale).astype("<f2").tobytes()
    return Thumbnail(tuple(cells.shape), block, total, scale, packed)
