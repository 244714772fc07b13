"""Thumbnails: tensors pooled for a heatmap."""

import numpy as np
import numpy.typing as npt

from gradscope.capture.arrays import Array
from gradscope.core.tensors import THUMBNAIL_SIDE, Thumbnail

_CELLS = THUMBNAIL_SIDE * THUMBNAIL_SIDE


def thumbnail(array: Array) -> Thumbnail | None:
    """Pool a real array of any shape; None for an empty one.

    The last two dimensions of an array of four or more are tiles, kept whole and unpooled as
    long as one fits; ``1 x 1`` tiles are laid out as a matrix. All other arrays are matrices
    whose columns are the last dimension.
    """
    if array.size == 0:
        return None
    if array.ndim >= 4 and 1 < array.shape[-1] * array.shape[-2] <= _CELLS:
        height, width = array.shape[-2:]
        tiles = array.reshape(-1, height, width)
        kept = tiles[: max(1, _CELLS // (height * width))]
        return _pack(kept, (1, 1), len(tiles))
    if array.ndim >= 4 and array.shape[-1] == array.shape[-2] == 1:
        array = array.reshape(array.shape[0], -1)
    columns = array.shape[-1] if array.ndim else 1
    matrix = array.reshape(-1, columns)
    block = (-(-matrix.shape[0] // THUMBNAIL_SIDE), -(-columns // THUMBNAIL_SIDE))
    return _pack(_pool(matrix, block), block, 1)


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
