"""Tiles in a grid: convolution kernels, and the elements of a vector."""

from dataclasses import dataclass, replace

import numpy as np

from gradscope.tui.draw.cells import Cells
from gradscope.tui.draw.colourmap import EMPTY, Codes, quantise
from gradscope.tui.draw.plan import Cursor, Values, pool, ring


@dataclass(frozen=True)
class TilePlan:
    """Tiles of ``kernel`` cells, each drawn in ``tile`` pixels, in a grid with gaps."""

    count: int
    kernel: tuple[int, int]
    tile: tuple[int, int]
    grid: tuple[int, int]
    gaps: tuple[int, int]
    size: tuple[int, int]

    @property
    def per_page(self) -> int:
        """How many tiles fit on the pane."""
        return self.grid[0] * self.grid[1]

    def codes(self, cells: Cells, scale: float, cursor: Cursor | None) -> Codes:
        """Return what every pixel shows."""
        first = self._first(cursor or Cursor())
        tiles = quantise(self._tiles(cells, first), scale)
        (rows, columns), (gap_y, gap_x), (high, wide) = self.grid, self.gaps, self.tile
        blocks = np.full((rows * columns, high + gap_y, wide + gap_x), EMPTY, dtype=np.int16)
        blocks[: len(tiles), gap_y:, gap_x:] = tiles
        mosaic = (
            blocks.reshape(rows, columns, high + gap_y, wide + gap_x)
            .transpose(0, 2, 1, 3)
            .reshape(rows * (high + gap_y), columns * (wide + gap_x))
        )
        codes = np.full((self.size[1], self.size[0]), EMPTY, dtype=np.int16)
        codes[: mosaic.shape[0], : mosaic.shape[1]] = mosaic[: self.size[1], : self.size[0]]
        if cursor is not None:
            line, place = divmod(cursor.kernel - first, columns)
            top, left = line * (high + gap_y) + gap_y - 1, place * (wide + gap_x) + gap_x - 1
            ring(codes, top, left, top + high + 1, left + wide + 1, over=gap_x == 0)
        return codes

    def _tiles(self, cells: Cells, first: int) -> Values:
        """Return the tiles of one page, scaled up or pooled to their pixels."""
        tiles = cells.values[first : first + self.per_page]
        tiles = pool(tiles, *self.tile)
        for axis in (1, 2):
            tiles = np.repeat(tiles, max(1, self.tile[axis - 1] // tiles.shape[axis]), axis=axis)
        return tiles

    def _first(self, cursor: Cursor) -> int:
        return cursor.kernel // self.per_page * self.per_page

    def at(self, x: int, y: int, cursor: Cursor) -> Cursor | None:
        """Return the cell at a pixel."""
        (gap_y, gap_x), (high, wide) = self.gaps, self.tile
        line, down = divmod(y, high + gap_y)
        place, right = divmod(x, wide + gap_x)
        number = self._first(cursor) + line * self.grid[1] + place
        inside = down >= gap_y and right >= gap_x and place < self.grid[1] and line < self.grid[0]
        if not inside or number >= self.count:
            return None
        row = (down - gap_y) * self.kernel[0] // high
        column = (right - gap_x) * self.kernel[1] // wide
        return replace(cursor, kernel=number, row=row, column=column)

    def move(self, cursor: Cursor, right: int, down: int) -> Cursor:
        """Return the same cell of another kernel."""
        number = cursor.kernel + right
        if 0 <= number + down * self.grid[1] < self.count:
            number += down * self.grid[1]
        return self._to(cursor, number)

    def nudge(self, cursor: Cursor, right: int, down: int) -> Cursor:
        """Return another cell of the same kernel."""
        return replace(
            cursor,
            row=min(max(cursor.row + down, 0), self.kernel[0] - 1),
            column=min(max(cursor.column + right, 0), self.kernel[1] - 1),
        )

    def page(self, cursor: Cursor, pages: int) -> Cursor:
        """Return the same place on another page."""
        return self._to(cursor, cursor.kernel + pages * self.per_page)

    def _to(self, cursor: Cursor, number: int) -> Cursor:
        return replace(cursor, kernel=min(max(number, 0), self.count - 1))

    def ends(self) -> tuple[Cursor, Cursor]:
        """Return the first and the last cell."""
        return Cursor(), Cursor(self.count - 1, self.kernel[0] - 1, self.kernel[1] - 1)

    def span(self, cursor: Cursor) -> tuple[slice, slice]:
        """Return the one row and column of the cursor."""
        return slice(cursor.row, cursor.row + 1), slice(cursor.column, cursor.column + 1)

    def shown(self, cursor: Cursor) -> tuple[int, int]:
        """Return the tiles on this page."""
        first = self._first(cursor)
        return first, min(first + self.per_page, self.count)

    def hold(self, cursor: Cursor) -> Cursor:
        """Return the cursor, moved inside where it lies outside."""
        last = self.ends()[1]
        return Cursor(
            min(cursor.kernel, last.kernel),
            min(cursor.row, last.row),
            min(cursor.column, last.column),
        )

    def drawn_values(self, cells: Cells) -> Values:
        """Return all values, those of other pages too: a scale from them holds on every page."""
        return cells.values

    @property
    def used(self) -> int:
        """How many rows of pixels are drawn on."""
        rows = min(self.grid[0], -(-self.count // self.grid[1]))
        return rows * (self.tile[0] + self.gaps[0]) + self.gaps[0]


def tile_plan(count: int, kernel: tuple[int, int], size: tuple[int, int]) -> TilePlan:
    """Return the plan for ``count`` tiles of ``kernel`` cells on a pane of ``size`` pixels.

    Tiles are enlarged where all fit on one page, and pooled where not even one does.
    """
    width, height = size
    gaps = (1, 1)
    if kernel == (1, 1) and ((width - 1) // 2) * ((height - 1) // 2) < count:
        gaps = (1, 0)
    for scale in range(6, 0, -1):
        tile = (kernel[0] * scale, kernel[1] * scale)
        grid = _grid(tile, gaps, size)
        if grid[0] * grid[1] >= count:
            break
    else:
        tile = (
            max(1, min(kernel[0], height - 2 * gaps[0])),
            max(1, min(kernel[1], width - 2 * gaps[1])),
        )
        grid = _grid(tile, gaps, size)
    return TilePlan(count, kernel, tile, (max(grid[0], 1), max(grid[1], 1)), gaps, size)


def _grid(tile: tuple[int, int], gaps: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Return how many rows and columns of such tiles fit."""
    width, height = size
    return (height - gaps[0]) // (tile[0] + gaps[0]), (width - gaps[1]) // (tile[1] + gaps[1])
