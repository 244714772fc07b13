"""The cells of a tensor: what a heatmap shows and which elements each cell stands for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gradscope.core.tensors import HISTOGRAM_BINS, THUMBNAIL_SIDE, Histogram, Stats, Thumbnail


@dataclass(frozen=True)
class Cells:
    """A tensor as cells: tiles ``(tiles, height, width)``, or a matrix ``(rows, columns)``.

    Convolution kernels are tiles, and so is each cell of a vector. A cell stands for ``block``
    elements (rows by columns) and holds the one of largest magnitude. ``total`` is the number of
    tiles in the tensor, 0 for a matrix. ``exact`` tells that cells have the full precision of
    the elements.
    """

    values: npt.NDArray[np.float32] = field(compare=False)
    shape: tuple[int, ...]
    block: tuple[int, int] = (1, 1)
    total: int = 0
    exact: bool = False

    @property
    def tiled(self) -> bool:
        """Whether cells come as tiles."""
        return self.values.ndim == 3

    @property
    def kernels(self) -> bool:
        """Whether cells come as tiles of more than one cell."""
        return self.tiled and self.values.shape[1:] != (1, 1)

    @property
    def complete(self) -> bool:
        """Whether every element of the tensor has a cell of its own."""
        return self.values.size == math.prod(self.shape)

    def index(self, kernel: int, row: int, column: int) -> tuple[int, ...]:
        """Return the index in the tensor of the first element that a cell stands for."""
        if self.tiled:
            height, width = self.values.shape[1:]
            flat = ((kernel * height + row) * width + column) * math.prod(self.block)
        else:
            columns = math.prod(self.shape[1:])
            flat = row * self.block[0] * columns + column * self.block[1]
        return _unravel(flat, self.shape)

    @property
    def kernel_axes(self) -> int | None:
        """How many leading indices name a kernel; None for a matrix."""
        if not self.kernels:
            return None
        size, axes = 1, len(self.shape)
        while axes and size < math.prod(self.values.shape[1:]):
            axes -= 1
            size *= self.shape[axes]
        return axes


def _unravel(flat: int, shape: Sequence[int]) -> tuple[int, ...]:
    index: list[int] = []
    for size in reversed(shape):
        flat, rest = divmod(flat, max(size, 1))
        index.append(rest)
    return tuple(reversed(index))


def from_thumbnail(thumbnail: Thumbnail, shape: tuple[int, ...]) -> Cells:
    """Return the cells that a measurement kept of a tensor of ``shape``."""
    values = thumbnail.cells
    if values.ndim < 2 or (len(shape) < 2 and values.shape[0] == 1):
        return Cells(values.reshape(-1, 1, 1), shape, thumbnail.block, values.size)
    total = thumbnail.total if values.ndim == 3 else 0
    return Cells(values, shape, thumbnail.block, total)


def from_elements(array: npt.NDArray[np.generic], like: Thumbnail | None = None) -> Cells:
    """Return all elements of a tensor as cells, kept as kernels where ``like`` does so.

    Complex elements are shown as their magnitudes.
    """
    real = np.abs(array) if np.iscomplexobj(array) else array
    values = np.asarray(real, dtype=np.float32)
    kernels = _has_kernels(array) if like is None else len(like.shape) == 3
    if kernels or array.ndim < 2:
        tiles = values.reshape(-1, *(array.shape[-2:] if kernels else (1, 1)))
        return Cells(tiles, array.shape, total=len(tiles), exact=True)
    matrix = values.reshape(array.shape[0], math.prod(array.shape[1:]))
    return Cells(matrix, array.shape, exact=True)


def _has_kernels(array: npt.NDArray[np.generic]) -> bool:
    """Say whether a thumbnail of ``array``, which a bare norm comes without, would be tiles."""
    return array.ndim >= 4 and 1 < math.prod(array.shape[-2:]) <= THUMBNAIL_SIDE**2


def difference(after: Cells, before: Cells) -> Cells | None:
    """Return after minus before; None where cells are pooled, whose difference means nothing."""
    if after.values.shape != before.values.shape:
        return None
    if (after.block, before.block) != ((1, 1), (1, 1)):
        return None
    return Cells(
        after.values - before.values,
        after.shape,
        total=after.total,
        exact=after.exact and before.exact,
    )


def stats_of(cells: Cells) -> Stats | None:
    """Return the statistics of cells that hold every element; None where they do not.

    They are as precise as the cells are.
    """
    if not cells.complete or cells.values.size == 0:
        return None
    values = cells.values.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        norm, mean, std = np.sqrt((values**2).sum()), values.mean(), values.std()
    finite = values[np.isfinite(values)]
    histogram = None
    if finite.size:
        low, high = float(finite.min()), float(finite.max())
        bins = np.histogram(finite, HISTOGRAM_BINS, (low, high))[0] if high > low else None
        counts = np.zeros(HISTOGRAM_BINS, dtype="<i8") if bins is None else bins.astype("<i8")
        if bins is None:
            counts[0] = finite.size
        histogram = Histogram(low, high, counts.tobytes())
    return Stats(
        shape=cells.shape,
        dtype="",
        norm=float(norm),
        mean=float(mean),
        std=float(std),
        min=float(values.min()),
        max=float(values.max()),
        zeros=int((values == 0).sum()),
        nans=int(np.isnan(values).sum()),
        infs=int(np.isinf(values).sum()),
        histogram=histogram,
    )
