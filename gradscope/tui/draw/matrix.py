"""A matrix in one piece, pooled or enlarged to its pane."""

from dataclasses import dataclass

import numpy as np

from gradscope.tui.draw.cells import Cells
from gradscope.tui.draw.colourmap import EMPTY, Codes, quantise
from gradscope.tui.draw.plan import Cursor, Values, pool, ring, starts


@dataclass(frozen=True)
class MatrixPlan:
    """A matrix in one piece: ``drawn`` cells, each ``scale`` pixels, both rows by columns."""

    shape: tuple[int, int]
    drawn: tuple[int, int]
    scale: tuple[int, int]
    size: tuple[int, int]

    def codes(self, cells: Cells, scale: float, cursor: Cursor | None) -> Codes:
        """Return what every pixel shows; a margin of one pixel leaves room for the frame."""
        (rows, columns), (high, wide) = self.drawn, self.scale
        drawn = quantise(pool(cells.values, rows, columns), scale)
        drawn = np.repeat(np.repeat(drawn, high, axis=0), wide, axis=1)
        codes = np.full((self.size[1], self.size[0]), EMPTY, dtype=np.int16)
        view = codes[1:, 1:]
        view[: drawn.shape[0], : drawn.shape[1]] = drawn[: view.shape[0], : view.shape[1]]
        if cursor is not None:
            row, column = self._drawn(cursor)
            top, left = row * high, column * wide
            ring(codes, top, left, top + high + 1, left + wide + 1, over=True)
        return codes

    def _drawn(self, cursor: Cursor) -> tuple[int, int]:
        """Return which drawn cell the cursor's cell is in."""
        return tuple(  # type: ignore[return-value]  # two of them
            int(np.searchsorted(starts(length, count), place, side="right")) - 1
            for length, count, place in zip(
                self.shape, self.drawn, (cursor.row, cursor.column), strict=True
            )
        )

    def _cell(self, row: int, column: int) -> Cursor:
        """Return the first cell of a drawn one, held inside the matrix."""
        (rows, columns), (height, width) = self.drawn, self.shape
        row, column = min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)
        return Cursor(0, row * height // rows, column * width // columns)

    def at(self, x: int, y: int, cursor: Cursor) -> Cursor | None:
        """Return the cell at a pixel."""
        del cursor
        row, column = (y - 1) // self.scale[0], (x - 1) // self.scale[1]
        inside = 0 <= row < self.drawn[0] and 0 <= column < self.drawn[1]
        return self._cell(row, column) if inside else None

    def move(self, cursor: Cursor, right: int, down: int) -> Cursor:
        """Return the drawn cell so far away."""
        row, column = self._drawn(cursor)
        return self._cell(row + down, column + right)

    def nudge(self, cursor: Cursor, right: int, down: int) -> Cursor:
        """Return the drawn cell so far away: a matrix has no kernels to move in."""
        return self.move(cursor, right, down)

    def page(self, cursor: Cursor, pages: int) -> Cursor:
        """Return the cell a quarter of the matrix further down or up."""
        row, column = self._drawn(cursor)
        return self._cell(row + pages * max(1, self.drawn[0] // 4), column)

    def ends(self) -> tuple[Cursor, Cursor]:
        """Return the first and the last cell."""
        return Cursor(), self._cell(*self.drawn)

    def span(self, cursor: Cursor) -> tuple[slice, slice]:
        """Return the rows and columns that are pooled with the cursor's."""
        row, column = self._drawn(cursor)
        return _run(row, *self._axis(0)), _run(column, *self._axis(1))

    def _axis(self, axis: int) -> tuple[int, int]:
        return self.shape[axis], self.drawn[axis]

    def shown(self, cursor: Cursor) -> tuple[int, int]:
        """Return no tiles."""
        del cursor
        return 0, 0

    def hold(self, cursor: Cursor) -> Cursor:
        """Return the cursor, moved inside where it lies outside."""
        rows, columns = self.shape
        return Cursor(0, min(cursor.row, rows - 1), min(cursor.column, columns - 1))

    def drawn_values(self, cells: Cells) -> Values:
        """Return one value for each drawn cell."""
        return pool(cells.values, *self.drawn)

    @property
    def used(self) -> int:
        """How many rows of pixels are drawn on."""
        return self.drawn[0] * self.scale[0] + 2


def _run(number: int, length: int, count: int) -> slice:
    return slice(number * length // count, max(1, (number + 1) * length // count))


def matrix_plan(shape: tuple[int, ...], size: tuple[int, int]) -> MatrixPlan:
    """Return the plan for a matrix of ``shape`` on a pane of ``size`` (columns, rows) pixels."""
    width, height = size
    rows, columns = max(shape[0], 1), max(shape[1], 1)
    drawn = (max(1, min(rows, height - 2)), max(1, min(columns, width - 2)))
    high = min(max((height - 2) // rows, 1), 6)
    wide = min(max((width - 2) // columns, 1), 6)
    # Cells stay nearly square, or rows and columns would be taken for each other.
    high, wide = min(high, 2 * wide), min(wide, 2 * high)
    return MatrixPlan((rows, columns), drawn, (high, wide), size)
