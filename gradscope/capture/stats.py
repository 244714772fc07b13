"""Summary statistics of one tensor, right for every type and every magnitude."""

import math

import numpy as np
import torch

from gradscope.capture.arrays import Array, dtype_name, is_readable, to_array
from gradscope.capture.histograms import histogram
from gradscope.capture.thumbnails import thumbnail
from gradscope.core.tensors import Stats

_LARGE = 1e150
"""Beyond this magnitude, or below its reciprocal, squares leave float64."""


_PIECE = 1 << 13
"""Elements that are widened to float64 at a time, to stay in the cache."""


def measure(tensor: torch.Tensor) -> Stats | None:
    """Measure everything about a tensor; None where its elements cannot be had.

    Call it inside ``quiet()``.
    """
    shape, dtype = tuple(tensor.shape), dtype_name(tensor)
    if tensor.layout == torch.sparse_coo and is_readable(tensor):
        return _of_sparse(tensor, shape, dtype)
    array = to_array(tensor)
    if array is None:
        return None
    real = _as_real(array)
    return _of_array(real, shape, dtype, picture=real)


def _of_sparse(tensor: torch.Tensor, shape: tuple[int, ...], dtype: str) -> Stats | None:
    values = to_array(tensor.detach().coalesce().values())
    if values is None:
        return None
    dense = to_array(tensor)
    picture = None if dense is None else _as_real(dense)
    hidden = math.prod(shape) - values.size
    return _of_array(_as_real(values), shape, dtype, zeros=hidden, picture=picture)


def _as_real(array: Array) -> Array:
    """Return magnitudes of complex values, and everything as a type with fast arithmetic."""
    if array.dtype.kind == "c":
        return np.asarray(np.abs(array))
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _of_array(
    array: Array, shape: tuple[int, ...], dtype: str, *, picture: Array | None, zeros: int = 0
) -> Stats:
    """Measure real values, and with them ``zeros`` elements of zero that are not in the array."""
    count = array.size + zeros
    if count == 0:
        return Stats(shape, dtype, norm=0.0, zeros=0, nans=0, infs=0)
    flat = np.ascontiguousarray(array).reshape(-1)
    low, high = _extremes(flat, zeros)
    if math.isfinite(low) and math.isfinite(high):
        finite, nans, infs = flat, 0, 0
        norm, mean, std = _moments(flat, count, low, high)
    else:
        nans = int(np.count_nonzero(np.isnan(flat)))
        infs = int(np.count_nonzero(np.isinf(flat)))
        finite = flat[np.isfinite(flat)]
        norm = math.nan if nans else math.inf
        mean = low + high if nans or math.isinf(low + high) else math.nan
        std = math.nan
    bounds = (low, high) if finite is flat else _extremes(finite, zeros)
    return Stats(
        shape,
        dtype,
        norm=norm,
        mean=mean,
        std=std,
        min=low,
        max=high,
        zeros=_count_zeros(flat) + zeros,
        nans=nans,
        infs=infs,
        histogram=histogram(finite, *bounds, zeros) if finite.size + zeros else None,
        thumbnail=None if picture is None else thumbnail(picture),
    )


def _count_zeros(flat: Array) -> int:
    return int(np.count_nonzero(np.equal(flat, 0)))


def _extremes(flat: Array, zeros: int) -> tuple[float, float]:
    """Return minimum and maximum, NaN where there is one; hidden zeros count."""
    if flat.size == 0:
        return 0.0, 0.0
    if flat.dtype.kind == "f":
        low, high = (float(bound) for bound in torch.aminmax(torch.from_numpy(flat)))
    else:
        low, high = float(flat.min()), float(flat.max())
    if not zeros or math.isnan(low):
        return low, high
    return min(low, 0.0), max(high, 0.0)


def _moments(flat: Array, count: int, low: float, high: float) -> tuple[float, float, float]:
    """Return norm, mean and standard deviation of finite values, accumulated in float64."""
    largest = max(abs(low), abs(high))
    if largest == 0:
        return 0.0, 0.0, 0.0
    unit = 1.0 if 1 / _LARGE < largest < _LARGE else largest
    squares, total = _sums(flat, unit, 0.0)
    norm, mean = math.sqrt(squares), total / count
    if low == high:
        return norm * unit, low, 0.0
    variance = squares / count - mean * mean
    if variance < 1e-6 * mean * mean:
        # The difference of two nearly equal squares has lost its digits.
        hidden = count - flat.size
        variance = (_sums(flat, unit, mean)[0] + hidden * mean * mean) / count
    return norm * unit, mean * unit, math.sqrt(max(variance, 0.0)) * unit


def _sums(flat: Array, unit: float, middle: float) -> tuple[float, float]:
    """Return the sums of squares and of values, in units and less ``middle``."""
    squares, totals = [], []
    buffer = np.empty(min(_PIECE, flat.size))
    for start in range(0, flat.size, _PIECE):
        piece = flat[start : start + _PIECE]
        wide = buffer[: piece.size]
        np.copyto(wide, piece, casting="unsafe")
        if unit != 1.0:
            np.divide(wide, unit, out=wide)
        if middle:
            np.subtract(wide, middle, out=wide)
        squares.append(float(np.dot(wide, wide)))
        totals.append(float(wide.sum()))
    return math.fsum(squares), math.fsum(totals)
