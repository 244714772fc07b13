"""The loss curve."""

from typing import ClassVar, Unpack

import numpy as np
import numpy.typing as npt
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.strip import Strip

from gradscope.core.numbers import format_count, format_number
from gradscope.recording.series import Series
from gradscope.tui.draw.chart import Chart, Curve, Window, draw_chart
from gradscope.tui.draw.envelope import MovingAverage
from gradscope.tui.draw.palette import Palette
from gradscope.tui.widgets.pane import Options, Pane

_EMPTY = Curve(np.empty(0), np.empty(0), np.empty(0))


class LossChart(Pane):
    """A scalar over all iterations: every value dim, its moving average bright."""

    KEY = "3"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "zoom(0.5)", "zoom in", show=False),
        Binding("minus", "zoom(2.0)", "zoom out", show=False),
        Binding("left", "pan(-0.25)", "earlier", show=False),
        Binding("right", "pan(0.25)", "later", show=False),
        Binding("0", "reset", "whole curve", show=False),
        Binding("l", "log", "log scale", show=False),
    ]

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self._curve = _EMPTY
        self._series_name = "Loss"
        self._cursor: int | None = None
        self._hover: float | None = None
        self._window = Window()
        self._average = MovingAverage()
        self._chart: Chart | None = None
        self._shown: tuple[str, int | None, tuple[int, bytes]] | None = None

    def on_mount(self) -> None:
        """Name the pane before there is a curve."""
        super().on_mount()
        self._retitle()

    def show(
        self,
        series: Series,
        ema: npt.NDArray[np.float64] | None = None,
        *,
        name: str = "Loss",
        cursor: int | None = None,
    ) -> None:
        """Show ``series``.

        ``ema`` is its moving average, one value for each of its values; without it the chart
        works one out. ``cursor`` is the iteration that the screen shows, where it is not the last.
        """
        past = cursor is not None and len(series.iterations) and cursor < series.iterations[-1]
        shown = (name, cursor if past else None, _end(series))
        if ema is None and shown == self._shown:
            return
        self._shown = shown
        average = self._average.of(series.values) if ema is None else ema
        self._curve = Curve(series.iterations.astype(np.float64), series.values, average)
        self._series_name, self._cursor = shown[:2]
        self._retitle()
        self.changed()

    def _retitle(self) -> None:
        average = self._curve.average
        ascii_only = self.palette.ascii
        shown = float(average[-1]) if len(average) else None
        title = Content.assemble(
            f"{self._series_name} ",
            (format_number(shown, ascii_only=ascii_only), "$loss"),
            (" ema", "$dim not bold"),
            (" log" if self._window.log else "", "$dim not bold"),
        )
        self.set_titles(title, _readout(self._curve, self._point(), ascii_only=ascii_only))

    def draw(self, width: int, height: int, palette: Palette) -> list[Strip]:
        """Return the rows of the chart."""
        self._chart = draw_chart(
            self._curve,
            self._window,
            (width, height),
            palette,
            point=self._point(),
            note="no loss yet" if not len(self._curve.values) else "no finite loss",
        )
        return self._chart.strips

    def _point(self) -> float | None:
        """Return the iteration to read out: under the pointer, or that of the screen."""
        return self._hover if self._hover is not None else self._cursor

    def _span(self) -> tuple[float, float]:
        if self._window.span is not None:
            return self._window.span
        iterations = self._curve.iterations
        return float(iterations[0]), float(iterations[-1])

    def _look(self, first: float, last: float) -> None:
        """Show ``first`` to ``last``, or all where that is more than there is."""
        least, most = float(self._curve.iterations[0]), float(self._curve.iterations[-1])
        size = max(last - first, 4.0)
        if size >= most - least:
            self._window = Window(None, self._window.log)
        else:
            start = min(max(first, least), most - size)
            self._window = Window((start, start + size), self._window.log)
        self.changed()

    def action_zoom(self, factor: float) -> None:
        """Show more or fewer iterations, around the pointer or the newest."""
        if len(self._curve.values) > 1:
            first, last = self._span()
            fixed = self._hover if self._hover is not None else last
            self._look(fixed - (fixed - first) * factor, fixed + (last - fixed) * factor)

    def action_pan(self, share: float) -> None:
        """Show earlier or later iterations."""
        if self._window.span is not None:
            first, last = self._span()
            step = (last - first) * share
            self._look(first + step, last + step)

    def action_reset(self) -> None:
        """Show the whole curve again."""
        self._window = Window(None, self._window.log)
        self.changed()

    def action_log(self) -> None:
        """Turn the logarithmic scale on or off."""
        self._window = Window(self._window.span, not self._window.log)
        self._retitle()
        self.changed()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Read out the point under the pointer."""
        offset = event.get_content_offset(self)
        hover = self._chart.iteration_at(offset.x) if offset and self._chart else None
        self._point_at(hover)

    def on_leave(self) -> None:
        """Stop reading out."""
        self._point_at(None)

    def _point_at(self, hover: float | None) -> None:
        if hover != self._hover:
            self._hover = hover
            self._retitle()
            self.changed()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in."""
        event.stop()
        self.action_zoom(0.5)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out."""
        event.stop()
        self.action_zoom(2.0)


def _end(series: Series) -> tuple[int, bytes]:
    """Return what differs whenever a series has grown: only its last value may still change."""
    return len(series.values), series.values[-1:].tobytes() + series.iterations[-1:].tobytes()


def _readout(curve: Curve, point: float | None, *, ascii_only: bool) -> str:
    """Return the values at ``point``, or the newest and the least of all."""
    dot = " - " if ascii_only else " · "
    values = curve.values
    if point is not None and len(values):
        place = max(int(np.searchsorted(curve.iterations, round(point), side="right")) - 1, 0)
        at = format_count(int(curve.iterations[place]), ascii_only=ascii_only)
        value = format_number(float(values[place]), ascii_only=ascii_only)
        mean = format_number(float(curve.average[place]), ascii_only=ascii_only)
        return f"iteration {at}{dot}{value}{dot}ema {mean}"
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return ""
    last = format_number(float(values[-1]), ascii_only=ascii_only)
    least = format_number(float(finite.min()), ascii_only=ascii_only)
    lost = len(values) - finite.size
    note = f"{lost} not finite{dot}" if lost else ""
    return f"{note}now {last}{dot}min {least}"
