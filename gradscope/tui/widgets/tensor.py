"""The selected parameter: WEIGHT, GRAD and UPDATE side by side."""

from collections.abc import Sequence
from typing import Unpack

import numpy as np
import numpy.typing as npt
from textual import events
from textual.content import Content
from textual.message import Message
from textual.strip import Strip

from gradscope.core.numbers import format_count
from gradscope.core.tensors import Stats
from gradscope.core.words import Role
from gradscope.session.view import Column
from gradscope.tui.draw.column import TensorView
from gradscope.tui.draw.columns import Arrangement, arrange, draw_columns
from gradscope.tui.draw.heatmap import pixel_rows
from gradscope.tui.draw.palette import Palette, Tone
from gradscope.tui.draw.plan import Cursor, Plan
from gradscope.tui.draw.text import plain, printable, row
from gradscope.tui.widgets.cells import CellPane
from gradscope.tui.widgets.copies import Elements, Flip, tensor_view
from gradscope.tui.widgets.pane import Options


class TensorPane(CellPane):
    """Three columns with one layout, one cursor cell and one alignment."""

    KEY = "2"
    WHOLE_LIMIT = 1 << 18
    """Tensors of at most this many elements are worth giving to ``show_elements``."""

    class CursorMoved(Message):
        """The cursor went to another cell.

        ``index`` is the first element that the cell stands for; ``kernel`` is how many of the
        leading indices name the whole kernel around it, None where the tensor has no kernels.
        """

        def __init__(self, fqn: str, index: tuple[int, ...], kernel: int | None) -> None:
            super().__init__()
            self.fqn = fqn
            self.index = index
            self.kernel = kernel

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self._columns: tuple[Column, ...] = ()
        self._flip = Flip.AFTER
        self._fqn = ""
        self._news = ""
        self._aside = ""
        self._elements: dict[Role, Elements] = {}
        self._picked: dict[Role, npt.NDArray[np.float64]] = {}
        self._views: tuple[TensorView, ...] = ()
        self._arranged: Arrangement | None = None
        self._arranged_for: tuple[object, ...] = ()

    def on_mount(self) -> None:
        """Name the pane before there is a tensor."""
        super().on_mount()
        self._look_again()

    def on_resize(self) -> None:
        """Say which kernels fit now."""
        self._retitle()

    def show(
        self,
        columns: Sequence[Column],
        flip: Flip = Flip.AFTER,
        *,
        fqn: str = "",
        news: str = "",
        aside: str = "",
    ) -> None:
        """Show the three columns of the parameter ``fqn`` (by default the one measured).

        ``news`` says what this moment did, for where the pane has the screen to itself. ``aside``
        is told beside the name, such as that the tensors are of an earlier iteration.
        """
        names = [column.measurement.name for column in columns if column.measurement is not None]
        name = fqn or next(iter(names), "")
        if name != self._fqn:
            self.cell = Cursor()
        if name != self._fqn or tuple(columns) != self._columns:
            self._elements, self._picked = {}, {}
        self._columns, self._flip, self._fqn = tuple(columns), flip, name
        self._news, self._aside = news, aside
        self._look_again()

    def show_elements(
        self,
        role: Role,
        after: npt.NDArray[np.generic] | None,
        before: npt.NDArray[np.generic] | None = None,
    ) -> None:
        """Show all elements of one column instead of its thumbnail, in the tensor's own shape.

        Valid until ``show`` is given other columns. With both copies the difference is exact too.
        """
        self._elements[role] = Elements(after, before)
        self._look_again()

    def show_cells(self, role: Role, value: npt.ArrayLike | None) -> None:
        """Show the exact value under the cursor: one element, or the whole kernel around it.

        Valid until the cursor moves or ``show`` is given other columns. None takes it back.
        """
        if value is None:
            self._picked.pop(role, None)
        else:
            array = np.asarray(value)
            real = np.abs(array) if np.iscomplexobj(array) else array
            self._picked[role] = np.asarray(real, dtype=np.float64)
        self.changed()

    @property
    def cursor_index(self) -> tuple[int, ...] | None:
        """The index of the first element under the cursor; None while nothing is shown."""
        arranged = self._arrange()
        if arranged.cells is None or arranged.plan is None:
            return None
        cell = arranged.plan.hold(self.cell)
        return arranged.cells.index(cell.kernel, cell.row, cell.column)

    @property
    def kernel_axes(self) -> int | None:
        """How many leading indices name the kernel under the cursor; None without kernels."""
        cells = self._arrange().cells
        return cells.kernel_axes if cells is not None else None

    def _look_again(self) -> None:
        """Take in new data."""
        self._arranged = None
        self._retitle()
        self.changed()

    def _arrange(self) -> Arrangement:
        """Return the layout for the present data, size and palette."""
        key = (self.size, self.palette)
        if self._arranged is None or key != self._arranged_for:
            self._views = tuple(
                tensor_view(column, self._flip, self._elements.get(column.role), self.palette)
                for column in self._columns
            )
            self._arranged = arrange(self._views, (self.size.width, self.size.height), self.palette)
            self._arranged_for = key
        return self._arranged

    def draw(self, width: int, height: int, palette: Palette) -> list[Strip]:
        """Return the rows of the columns, as many of them as fit side by side."""
        if not self._fqn:
            dim = palette.style(Tone.DIM)
            return [row(width, [("no tensor yet", dim)], palette.style(Tone.TEXT))]
        arranged = self._arrange()
        # What the script is asked for at the cursor is the copy after the phase.
        exact = self._picked if self._flip is Flip.AFTER else {}
        picked = [exact.get(column.role) for column in self._columns]
        strips = draw_columns(self._views, arranged, self.cell, picked, palette)
        filler = palette.style(Tone.TEXT)
        return [strip.adjust_cell_length(width, filler) for strip in strips[:height]]

    def _retitle(self) -> None:
        arranged = self._arrange()
        summary = describe(self._columns, arranged, self.cell, self.palette)
        news = self._news if self.screen.has_class("-single") else ""
        fresh = any(column.changed for column in self._columns)
        title = heading(self._fqn, self._aside, news, self.palette, fresh=fresh)
        self.set_titles(title, summary)

    def plan(self) -> Plan | None:
        """Return where the cells are now."""
        return self._arrange().plan

    def moved(self) -> None:
        """Show the new cell, and tell of it."""
        self._picked = {}
        self._retitle()
        self.changed()
        index = self.cursor_index
        if index is not None:
            self.post_message(self.CursorMoved(self._fqn, index, self.kernel_axes))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the cell under the pointer."""
        offset = event.get_content_offset(self)
        arranged = self._arrange()
        if offset is None or arranged.plan is None or offset.y < 2:
            return
        _, x = arranged.column_at(offset.x)
        pixels = pixel_rows(self.palette)
        for half in range(pixels):
            y = (offset.y - 2) * pixels + half
            cell = arranged.plan.at(x, y, arranged.plan.hold(self.cell))
            if cell is not None:
                self.move_to(cell)
                return


def heading(fqn: str, aside: str, news: str, palette: Palette, *, fresh: bool) -> Content:
    """Return the name of a parameter with what is to be said beside it."""
    parts: list[Content | tuple[str, str]] = [Content(printable(fqn) or "Tensor")]
    if aside:
        parts.append((f" {printable(aside)}", "$dim not bold"))
    if news:
        sign = palette.glyph("◆", "*") if fresh else palette.glyph("·", "-")
        told = plain(news) if palette.ascii else news
        parts.append((f" {sign} {printable(told)}", "not bold"))
    return Content.assemble(*parts)


def describe(
    columns: Sequence[Column], arranged: Arrangement, cell: Cursor, palette: Palette
) -> str:
    """Return which kernels are on the page, and the shape and size of the tensor."""
    measured = [column.measurement for column in columns if column.measurement is not None]
    stats = next((one.stats for one in measured if one.stats is not None), None)
    parts = [] if stats is None else [_shape(stats, palette)]
    if arranged.cells is not None and arranged.plan is not None:
        first, last = arranged.plan.shown(arranged.plan.hold(cell))
        total = max(arranged.cells.total, last)
        if last and last - first < total:
            noun = "kernels" if arranged.cells.kernels else "cells"
            dash = palette.glyph("–", "-")
            count = format_count(total, ascii_only=palette.ascii)
            parts.insert(0, f"{noun} {first + 1}{dash}{last} of {count}")
    return palette.glyph(" · ", " - ").join(parts)


def _shape(stats: Stats, palette: Palette) -> str:
    times, dot = palette.glyph("×", "x"), palette.glyph(" · ", " - ")
    shape = times.join(map(str, stats.shape)) or "scalar"
    count = format_count(stats.numel, ascii_only=palette.ascii)
    noun = "element" if stats.numel == 1 else "elements"
    return f"{shape} {stats.dtype}{dot}{count} {noun}"
