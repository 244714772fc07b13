"""Histograms of arrays, in pieces small enough to stay in the cache."""

import threading

import numpy as np
import numpy.typing as npt
import torch

from gradscope.capture.arrays import Array
from gradscope.core.tensors import HISTOGRAM_BINS, Histogram

_PIECE = 3 << 13
"""Elements scaled at a time. Of few more, torch would count in several threads."""
_FEW = 1 << 12
_BYTE = 256
_BINS = HISTOGRAM_BINS + 1
"""The last one holds the upper bound alone, until it is joined to the one before."""


class _Buffers(threading.local):
    """Room for one piece, kept since new memory costs more than what is done in it."""

    def __init__(self) -> None:
        self.narrow = np.empty(_PIECE, np.float32)
        self.wide = np.empty(_PIECE)
        self.bins = np.empty(2 * _PIECE, np.uint8)


_buffers = _Buffers()


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
    """Count values by bin."""
    narrow = values.dtype == np.float32 and 1e-30 < high - low < 1e30
    buffer = _buffers.narrow if narrow else _buffers.wide
    counts = np.zeros(_BINS, np.int64)
    pairs: npt.NDArray[np.int64] | None = None
    for start in range(0, values.size, 2 * _PIECE):
        part = values[start : start + 2 * _PIECE]
        bins = _buffers.bins[: part.size]
        for place in range(0, part.size, _PIECE):
            piece = part[place : place + _PIECE]
            scaled = _scaled(piece, buffer[: piece.size], low, high)
            np.copyto(bins[place : place + piece.size], scaled, casting="unsafe")
        if bins.size <= _FEW:
            counts += np.bincount(bins, minlength=_BINS)
            continue
        counts[bins[-1]] += bins.size % 2
        found = _count_pairs(bins[: bins.size - bins.size % 2])
        pairs = found if pairs is None else np.add(pairs, found, out=pairs)
    if pairs is not None:
        counts += pairs[:, :_BINS].sum(axis=0) + pairs.sum(axis=1)
    counts[-2] += counts[-1]
    return counts[:-1]


def _count_pairs(bins: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Count two neighbours at once, since counting is what takes the time."""
    neighbours = torch.from_numpy(bins).view(torch.int16)
    found = torch.bincount(neighbours, minlength=_BYTE * _BINS)
    return np.asarray(found.numpy()).reshape(_BINS, _BYTE)


def _scaled(piece: Array, out: Array, low: float, high: float) -> Array:
    """Bring values from between the extremes to between 0 and the number of bins."""
    if out.dtype == np.float32:
        np.subtract(piece, np.float32(low), out=out)
        np.multiply(out, np.float32(HISTOGRAM_BINS / (high - low)), out=out)
    else:
        # Halves, since the distance between the extremes of float64 may be none.
        np.multiply(piece, 0.5, out=out, casting="unsafe")
        np.subtract(out, low / 2, out=out)
        np.divide(out, high / 2 - low / 2, out=out)
        np.multiply(out, HISTOGRAM_BINS, out=out)
    return out
