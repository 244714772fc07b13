"""Histograms of arrays, in pieces small enough to stay in the cache."""

import numpy as np
import numpy.typing as npt

from gradscope.capture.arrays import Array
from gradscope.core.tensors import HISTOGRAM_BINS, Histogram

_PIECE = 1 << 13
_LONG_PIECE = 1 << 17
_BYTE = 256


def histogram(finite: Array, low: float, high: float, zeros: int = 0) -> Histogram:
    """Count finite real values in equal bins from ``low`` to ``high``, their extremes.

    ``zeros`` values of zero are counted besides those in ``finite``, shape ``(n,)``; the
    extremes are taken to include them.
    """
    if low == high:
        counts = np.zeros(HISTOGRAM_BINS, np.int64)
        counts[0] = finite.size + zeros
    else:
        counts = _count(finite, low, high)
        if zeros:
            counts += _count(np.zeros(1), low, high) * zeros
    return Histogram(low, high, counts.astype("<i8").tobytes())


def _count(values: Array, low: float, high: float) -> npt.NDArray[np.int64]:
    """Count values by bin.

    Two neighbours are counted at once, as a pair of bytes: counting is what takes the time.
    """
    narrow = values.dtype == np.float32 and 1e-30 < high - low < 1e30
    buffer = np.empty(min(_PIECE, values.size), np.float32 if narrow else np.float64)
    bins = np.zeros(min(_LONG_PIECE, values.size + 1), np.uint8)
    pairs = np.zeros(_BYTE * HISTOGRAM_BINS, np.int64)
    padding = 0
    for start in range(0, values.size, _LONG_PIECE):
        part = values[start : start + _LONG_PIECE]
        for place in range(0, part.size, _PIECE):
            piece = part[place : place + _PIECE]
            scaled = _scaled(piece, buffer[: piece.size], low, high)
            np.copyto(bins[place : place + piece.size], scaled, casting="unsafe")
        even = part.size + part.size % 2
        if even != part.size:
            bins[part.size] = 0
            padding += 1
        pairs += np.bincount(bins[:even].view(np.uint16), minlength=pairs.size)
    table = pairs.reshape(HISTOGRAM_BINS, _BYTE)[:, :HISTOGRAM_BINS]
    counts: npt.NDArray[np.int64] = table.sum(axis=0) + table.sum(axis=1)
    counts[0] -= padding
    return counts


def _scaled(piece: Array, out: Array, low: float, high: float) -> Array:
    """Bring values from between the extremes to between 0 and the last bin."""
    if out.dtype == np.float32:
        np.subtract(piece, np.float32(low), out=out)
        np.multiply(out, np.float32(HISTOGRAM_BINS / (high - low)), out=out)
    else:
        # Halves, since the distance between the extremes of float64 may be none.
        np.multiply(piece, 0.5, out=out, casting="unsafe")
        np.subtract(out, low / 2, out=out)
        np.divide(out, high / 2 - low / 2, out=out)
        np.multiply(out, HISTOGRAM_BINS, out=out)
    np.minimum(out, out.dtype.type(HISTOGRAM_BINS - 1), out=out)
    return out
