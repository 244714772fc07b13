"""Summary statistics of one tensor, right for every type and every magnitude."""

import math
import threading
from dataclasses import dataclass

import numpy as np
import torch

from gradscope.capture.arrays import Array, dtype_name, is_readable, to_array
from gradscope.capture.histograms import histogram
from gradscope.capture.thumbnails import thumbnail
from gradscope.core.tensors import Stats

_LARGE = 1e150
"""Beyond this magnitude, or below its reciprocal, squares leave float64."""

_DOT = 1 << 13
"""Elements in one product: of more, BLAS would make it in several threads."""
_PIECE = 3 * _DOT
"""Elements that are looked at together, to stay in the cache."""


class _Buffers(threading.local):
    """Room for one piece, kept since new memory costs more than what is done in it."""

    def __init__(self) -> None:
        self.wide = np.empty(_PIECE)
        self.mask = np.empty(_PIECE, np.bool_)
        self.ones = np.ones(_DOT)


_buffers = _Buffers()


@dataclass(frozen=True)
class _Scan:
    """What one pass over an array finds. ``low`` and ``high`` are NaN where there is one."""

    low: float
    high: float
    zeros: int
    squares: float
    total: float


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
    scan = _look_over(flat, zeros)
    low, high = scan.low, scan.high
    if math.isfinite(low) and math.isfinite(high):
        finite, nans, infs = flat, 0, 0
        norm, mean, std = _moments(flat, count, scan)
    else:
        nans = int(np.count_nonzero(np.isnan(flat)))
        infs = int(np.count_nonzero(np.isinf(flat)))
        finite = flat[np.isfinite(flat)]
        norm = math.nan if nans else math.inf
        mean = low + high if nans or math.isinf(low + high) else math.nan
        std = math.nan
        inner = _look_over(finite, zeros)
        low, high = inner.low, inner.high
    return Stats(
        shape,
        dtype,
        norm=norm,
        mean=mean,
        std=std,
        min=scan.low,
        max=scan.high,
        zeros=scan.zeros,
        nans=nans,
        infs=infs,
        histogram=histogram(finite, low, high, zeros) if finite.size + zeros else None,
        thumbnail=None if picture is None else thumbnail(picture),
    )


def _look_over(flat: Array, zeros: int) -> _Scan:
    """Go once over real values, beside ``zeros`` hidden elements of zero."""
    lows, highs = ([0.0], [0.0]) if zeros or not flat.size else ([], [])
    squares: list[float] = []
    totals: list[float] = []
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, _PIECE):
            piece = flat[start : start + _PIECE]
            low, high = _extremes(piece)
            lows.append(low)
            highs.append(high)
            mask = _buffers.mask[: piece.size]
            zeros += piece.size - int(np.count_nonzero(np.not_equal(piece, 0, out=mask)))
            wide = _buffers.wide[: piece.size]
            np.copyto(wide, piece, casting="unsafe")
            _add_up(wide, squares, totals)
        low, high = float(np.min(lows)), float(np.max(highs))
    return _Scan(low, high, zeros, _total(squares), _total(totals))


def _extremes(piece: Array) -> tuple[float, float]:
    if piece.dtype.kind != "f":
        return float(piece.min()), float(piece.max())
    low, high = torch.aminmax(torch.from_numpy(piece))
    return low.item(), high.item()


def _add_up(wide: Array, squares: list[float], totals: list[float]) -> None:
    """Add the sums of the squares and of the values of a piece to both lists."""
    for start in range(0, wide.size, _DOT):
        part = wide[start : start + _DOT]
        squares.append(float(np.dot(part, part)))
        totals.append(float(np.dot(part, _buffers.ones[: part.size])))


def _total(parts: list[float]) -> float:
    try:
        return math.fsum(parts)
    except (ValueError, OverflowError):  # infinities of both signs, or a sum beyond the largest
        return math.nan


def _moments(flat: Array, count: int, scan: _Scan) -> tuple[float, float, float]:
    """Return norm, mean and standard deviation of finite values, accumulated in float64."""
    largest = max(abs(scan.low), abs(scan.high))
    if largest == 0:
        return 0.0, 0.0, 0.0
    unit, squares, total = 1.0, scan.squares, scan.total
    if not 1 / _LARGE < largest < _LARGE:
        unit = largest
        squares, total = _sums(flat, unit, 0.0)
    norm, mean = math.sqrt(squares), total / count
    if scan.low == scan.high:
        return norm * unit, scan.low, 0.0
    variance = squares / count - mean * mean
    if variance < 1e-6 * mean * mean:
        # The difference of two nearly equal squares has lost its digits.
        hidden = count - flat.size
        variance = (_sums(flat, unit, mean)[0] + hidden * mean * mean) / count
    return norm * unit, mean * unit, math.sqrt(max(variance, 0.0)) * unit


def _sums(flat: Array, unit: float, middle: float) -> tuple[float, float]:
    """Return the sums of squares and of values, in units and less ``middle``."""
    squares: list[float] = []
    totals: list[float] = []
    for start in range(0, flat.size, _PIECE):
        piece = flat[start : start + _PIECE]
        wide = _buffers.wide[: piece.size]
        np.copyto(wide, piece, casting="unsafe")
        if unit != 1.0:
            np.divide(wide, unit, out=wide)
        if middle:
            np.subtract(wide, middle, out=wide)
        _add_up(wide, squares, totals)
    return math.fsum(squares), math.fsum(totals)
