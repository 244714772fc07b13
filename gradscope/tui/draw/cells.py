"""The cells of a tensor: what a heatmap shows and which elements each cell stands for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gradscope.core.layout import grid, is_vector
from gradscope.core.tensors import HISTOGRAM_BINS, Histogram, Stats, Thumbnail


@dataclass(frozen=True)
class Cells:
    """A tensor as cells: tiles ``(tiles, height, width)``, or a matrix ``(rows, columns)``.

    Elements are laid out as ``core.layout.grid`` says. Convolution kernels are tiles, and so is
    each cell of a vector. A cell stands for ``block`` elements (rows by columns of the grid) and
    holds the one of largest magnitude. ``total`` is the number of tiles in the tensor, 0 for a
    matrix. ``exact`` tells that cells have the full precision of the elements.
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
            flat = row * self.block[0] * grid(self.shape)[-1] + column * self.block[1]
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
    if is_vector(shape):
        return Cells(values.reshape(-1, 1, 1), shape, thumbnail.block, values.size)
    total = thumbnail.total if values.ndim == 3 else 0
    return Cells(values, shape, thumbnail.block, total)


def from_elements(array: npt.NDArray[np.generic]) -> Cells:
    """Return all elements of a tensor as cells; complex ones as their magnitudes."""
    real = np.abs(array) if np.iscomplexobj(array) else array
    values = np.asarray(real, dtype=np.float32)
    layout = (values.size, 1, 1) if is_vector(array.shape) else grid(array.shape)
    total = layout[0] if len(layout) == 3 else 0
    return Cells(values.reshape(layout), array.shape, total=total, exact=True)


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
