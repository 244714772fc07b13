"""The tensors of one parameter side by side, with one layout and one cursor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from textual.strip import Strip

from gradscope.tui.draw.budget import Budget
from gradscope.tui.draw.cells import Cells
from gradscope.tui.draw.colourmap import robust_scale
from gradscope.tui.draw.column import Spot, TensorView, draw_column
from gradscope.tui.draw.heatmap import pixel_rows
from gradscope.tui.draw.matrix import matrix_plan
from gradscope.tui.draw.palette import Palette, Tone
from gradscope.tui.draw.plan import Cursor, Plan
from gradscope.tui.draw.text import beside
from gradscope.tui.draw.tiles import tile_plan

GUTTER = 2
"""Cells between two columns."""
_TALLEST_HISTOGRAM = 8


def plan(cells: Cells, width: int, height: int) -> Plan:
    """Return the plan for cells like these on a pane of ``width`` by ``height`` pixels."""
    if not cells.tiled:
        return matrix_plan(cells.values.shape, (width, height))
    count, *kernel = cells.values.shape
    return tile_plan(count, (kernel[0], kernel[1]), (width, height))


@dataclass(frozen=True)
class Arrangement:
    """Which columns fit, how wide each is, how its rows are used and where its cells go.

    ``cells`` are those that decided the layout; without any there is no plan either.
    """

    columns: range
    each: int
    budget: Budget
    cells: Cells | None
    plan: Plan | None
    scales: tuple[float, ...] = ()
    """For each view the magnitude that its outermost colour stands for."""

    def column_at(self, x: int) -> tuple[int, int]:
        """Return which of the drawn columns cell ``x`` is in, and how far from its left edge."""
        return divmod(x, self.each + GUTTER)


def arrange(views: Sequence[TensorView], size: tuple[int, int], palette: Palette) -> Arrangement:
    """Return the layout of ``views`` in ``size`` (columns, rows) cells."""
    width, height = size
    count = 3 if width >= 52 else 2 if width >= 38 else 1
    each = max(1, (width - GUTTER * (count - 1)) // count)
    chosen = _choose(views, count)
    cells = next((view.cells for view in views if view.cells is not None), None)
    if cells is None or cells.values.size == 0:
        return Arrangement(chosen, each, Budget.for_height(height, (1, 1), each), None, None)
    kernel = cells.values.shape[1:] if cells.tiled else (1, 1)
    budget = Budget.for_height(height, (kernel[0], kernel[1]), each)
    pixels = pixel_rows(palette)
    if budget.heat == 0:
        return Arrangement(chosen, each, budget, cells, None)
    drawn = plan(cells, each, budget.heat * pixels)
    # Rows that no tile reaches do more good to the histogram.
    spare = budget.heat - -(-drawn.used // pixels)
    grown = min(budget.histogram + max(spare, 0), _TALLEST_HISTOGRAM)
    if budget.histogram and grown > budget.histogram:
        heat = budget.heat - (grown - budget.histogram)
        budget = replace(budget, heat=heat, histogram=grown)
        drawn = plan(cells, each, heat * pixels)
    scales = tuple(
        max((robust_scale(drawn.drawn_values(copy)) for copy in view.compared), default=0.0)
        for view in views
    )
    return Arrangement(chosen, each, budget, cells, drawn, scales)


def _choose(views: Sequence[TensorView], count: int) -> range:
    """Return which columns to draw where not all fit: around the one that has changed."""
    if len(views) <= count:
        return range(len(views))
    changed = next((number for number, view in enumerate(views) if view.fresh), 0)
    first = min(changed, len(views) - count)
    return range(first, first + count)


def draw_columns(
    views: Sequence[TensorView],
    arrangement: Arrangement,
    cursor: Cursor,
    picked: Sequence[npt.NDArray[np.float64] | None],
    palette: Palette,
) -> list[Strip]:
    """Return the rows of the columns; ``picked`` has the exact values at the cursor, if known."""
    each, where = arrangement.each, arrangement.plan
    drawn = []
    for number in arrangement.columns:
        view = views[number]
        spot = None
        if where is not None:
            held = where.hold(cursor)
            spot = Spot(where, held, arrangement.scales[number], picked[number])
        drawn.append(draw_column(view, spot, arrangement.budget, each, palette))
    filler = palette.style(Tone.TEXT)
    blank = Strip.blank(each, filler)
    height = max((len(rows) for rows in drawn), default=0)
    return [
        beside([rows[y] if y < len(rows) else blank for rows in drawn], GUTTER, filler)
        for y in range(height)
    ]
