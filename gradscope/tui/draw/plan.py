"""Where the cells of a tensor go on a pane, and how a cursor moves among them.

A plan is made once from the shape of the cells and the size of the pane in pixels (half blocks,
or whole characters where the terminal has no colours), so that several tensors of one shape are
drawn with one plan and compare by eye.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gradscope.tui.draw.cells import Cells
from gradscope.tui.draw.colourmap import EMPTY, FRAME, Codes

Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Cursor:
    """A cell: row and column in its kernel, or in the matrix, where ``kernel`` is 0."""

    kernel: int = 0
    row: int = 0
    column: int = 0


class Plan(Protocol):
    """A way to place the cells of one shape on a pane."""

    def codes(self, cells: Cells, scale: float, cursor: Cursor | None) -> Codes:
        """Return what every pixel shows, shape ``(height, width)`` of the pane."""

    def at(self, x: int, y: int, cursor: Cursor) -> Cursor | None:
        """Return the cell at a pixel of the page that ``cursor`` is on; None between cells."""

    def move(self, cursor: Cursor, right: int, down: int) -> Cursor:
        """Return the cell so many tiles or cells away, held inside the tensor."""

    def nudge(self, cursor: Cursor, right: int, down: int) -> Cursor:
        """Return the cell so many cells away inside the kernel."""

    def page(self, cursor: Cursor, pages: int) -> Cursor:
        """Return the cell so many pages further on."""

    def ends(self) -> tuple[Cursor, Cursor]:
        """Return the first and the last cell."""

    def span(self, cursor: Cursor) -> tuple[slice, slice]:
        """Return the rows and columns of cells that are drawn as one with the cursor's."""

    def shown(self, cursor: Cursor) -> tuple[int, int]:
        """Return the tiles on the cursor's page as a range; ``(0, 0)`` for a matrix."""

    def hold(self, cursor: Cursor) -> Cursor:
        """Return the cursor, moved inside where it lies outside."""

    def drawn_values(self, cells: Cells) -> Values:
        """Return the values that colours stand for: of pooled cells one for each drawn cell."""

    @property
    def used(self) -> int:
        """How many rows of pixels are drawn on."""


def pool(values: Values, rows: int, columns: int) -> Values:
    """Return the last two axes pooled to ``rows`` by ``columns``, by largest magnitude.

    NaN goes before Inf, Inf before any number. Axes that are short enough stay as they are.
    """
    for axis, count in ((-2, rows), (-1, columns)):
        length = values.shape[axis]
        if length > count:
            firsts = starts(length, count)
            most = np.maximum.reduceat(values, firsts, axis=axis)
            least = np.minimum.reduceat(values, firsts, axis=axis)
            with np.errstate(invalid="ignore"):
                values = np.where(most >= -least, most, least)
    return values


def starts(length: int, count: int) -> npt.NDArray[np.intp]:
    """Return where each of ``count`` nearly equal runs of ``length`` cells begins."""
    return (np.arange(count, dtype=np.intp) * length) // count


def ring(codes: Codes, top: int, left: int, bottom: int, right: int, *, over: bool) -> None:
    """Draw a frame along the given rows and columns, over cells only if ``over``."""
    height, width = codes.shape
    edge = np.zeros(codes.shape, dtype=bool)
    edge[max(top, 0) : bottom + 1, max(left, 0) : right + 1] = True
    edge[max(top + 1, 0) : min(bottom, height), max(left + 1, 0) : min(right, width)] = False
    if not over:
        edge &= codes == EMPTY
    codes[edge] = FRAME
