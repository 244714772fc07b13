"""Curves in braille dots: every value dim, the moving average bright."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from gradscope.tui.draw.envelope import Floats, broken, envelope
from gradscope.tui.draw.palette import Palette, Tone
from gradscope.tui.draw.text import fit, row
from gradscope.tui.draw.ticks import log_labels, log_ticks, nice_ticks, tick_labels

_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.int32)
_BLANK, _GRID, _RAW, _MEAN, _POINT, _BROKEN = range(6)


@dataclass(frozen=True)
class Curve:
    """Values by iteration and their moving average, each of shape ``(n,)``; iterations rise."""

    iterations: Floats
    values: Floats
    average: Floats


@dataclass(frozen=True)
class Window:
    """The iterations to show, None for all, and whether the height is logarithmic."""

    span: tuple[float, float] | None = None
    log: bool = False


@dataclass(frozen=True)
class Chart:
    """A drawn chart, and where its plot lies: ``columns`` cells from ``left``, for ``span``."""

    strips: list[Strip]
    left: int
    columns: int
    span: tuple[float, float]

    def iteration_at(self, x: int) -> float | None:
        """Return the iteration in the middle of column ``x``; None off the plot."""
        if not 0 <= x - self.left < self.columns:
            return None
        first, last = self.span
        return first + (x - self.left + 0.5) / self.columns * (last - first)


def draw_chart(
    curve: Curve,
    window: Window,
    size: tuple[int, int],
    palette: Palette,
    *,
    tone: Tone = Tone.LOSS,
    point: float | None = None,
    note: str = "",
) -> Chart:
    """Return the chart in ``size`` (columns, rows) cells.

    ``point`` is an iteration to mark with an upright line and a dot on its value. ``note`` is
    shown where there is nothing to draw.
    """
    width, height = size
    finite = bool(len(curve.values)) and bool(np.isfinite(curve.values).any())
    if not finite or width < 12 or height < 3:
        return Chart(_nothing(width, height, palette, note), 0, 0, (0.0, 1.0))
    first, last = window.span or (float(curve.iterations[0]), float(curve.iterations[-1]))
    span = (first, last) if last > first else (first - 0.5, first + 0.5)
    part = _part(curve, span)
    values, average = _heights(part.values, window), _heights(part.average, window)
    extent = _extent(values, average, log=window.log)
    make, label = (log_ticks, log_labels) if window.log else (nice_ticks, tick_labels)
    ticks = make(*extent, max(3, (height - 1) // 3))
    labels = label(ticks, ascii_only=palette.ascii)
    left = max(len(text) for text in labels) + 1
    plot = _Plot(width - left, height - 1, span, extent, palette)
    plot.grid(ticks)
    if len(part.iterations) > 1:
        plot.line(part.iterations, values, _RAW)
        plot.line(part.iterations, average, _MEAN)
    plot.breaks(part.iterations, values)
    if point is not None and span[0] <= point <= span[1]:
        plot.point(point, _height_at(part, values, point))
    elif window.span is None:
        last = float(part.iterations[-1])
        plot.point(last, _height_at(part, average, last), upright=False)
    margin = {plot.row_of(tick): text for tick, text in zip(ticks, labels, strict=True)}
    strips = plot.strips(left, margin, tone)
    strips.append(_bottom(width, left, span, palette))
    return Chart(strips, left, width - left, span)


def _nothing(width: int, height: int, palette: Palette, note: str) -> list[Strip]:
    blank = Strip.blank(width, palette.style(Tone.TEXT))
    rows = [blank] * height
    rows[height // 2] = row(
        width, [(fit(note, width, "centre"), palette.style(Tone.DIM))], palette.style(Tone.TEXT)
    )
    return rows


def _part(curve: Curve, span: tuple[float, float]) -> Curve:
    """Return the points in ``span`` and one more on each side, which the line goes on to."""
    start = max(int(np.searchsorted(curve.iterations, span[0])) - 1, 0)
    end = int(np.searchsorted(curve.iterations, span[1], side="right")) + 1
    return Curve(
        curve.iterations[start:end].astype(np.float64),
        curve.values[start:end],
        curve.average[start:end],
    )


def _heights(values: Floats, window: Window) -> Floats:
    if not window.log:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log10(values), np.nan)


def _extent(values: Floats, average: Floats, *, log: bool) -> tuple[float, float]:
    """Return the range of heights to draw: from zero where the values come near to it."""
    finite = values[np.isfinite(values)]
    shown = average[np.isfinite(average)]
    both = np.concatenate([finite, shown])
    if both.size == 0:
        return 0.0, 1.0
    low, high = float(both.min()), float(both.max())
    if not log and 0 < low < 0.4 * high:
        low = 0.0
    # A mean of equal values may differ from them in its last digits.
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        margin = abs(low) * 0.1 or 0.5
        return low - margin, high + margin
    return low, high


def _height_at(part: Curve, heights: Floats, iteration: float) -> float:
    """Return the height of the last point at or before ``iteration``."""
    place = int(np.searchsorted(part.iterations, iteration, side="right")) - 1
    return float(heights[place]) if place >= 0 else float("nan")


def _bottom(width: int, left: int, span: tuple[float, float], palette: Palette) -> Strip:
    """Return the axis of iterations."""
    line = [" "] * width
    ticks = nice_ticks(*span, max(2, (width - left) // 9))
    whole = [tick for tick in ticks if float(tick).is_integer()] or [float(round(sum(span) / 2))]
    end = -1
    for tick, label in zip(whole, tick_labels(whole, ascii_only=palette.ascii), strict=True):
        place = left + int((tick - span[0]) / (span[1] - span[0]) * (width - left - 1))
        start = min(max(place - len(label) // 2, left), width - len(label))
        if start > end:
            line[start : start + len(label)] = label
            end = start + len(label)
    return row(width, [("".join(line), palette.style(Tone.DIM))], palette.style(Tone.TEXT))


class _Plot:
    """The cells of the plot: a character and what it belongs to for each."""

    def __init__(
        self,
        columns: int,
        rows: int,
        span: tuple[float, float],
        extent: tuple[float, float],
        palette: Palette,
    ) -> None:
        self._span, self._extent, self._palette = span, extent, palette
        self._fine = (1, 1) if palette.ascii else (4, 2)
        self._chars = np.full((rows, columns), ord(" "), dtype=np.int32)
        self._kinds = np.full((rows, columns), _BLANK, dtype=np.int8)

    @property
    def _shape(self) -> tuple[int, int]:
        rows, columns = self._chars.shape
        return rows * self._fine[0], columns * self._fine[1]

    def _dot_rows(self, heights: Floats) -> npt.NDArray[np.intp]:
        """Return the row of dots for each height, held inside the plot."""
        low, high = self._extent
        rows = self._shape[0]
        return np.clip(np.rint((high - heights) / (high - low) * (rows - 1)), 0, rows - 1).astype(
            np.intp
        )

    def row_of(self, height: float) -> int:
        """Return the row of cells that a height lies in."""
        return int(self._dot_rows(np.array([height]))[0]) // self._fine[0]

    def _column_of(self, iteration: float) -> int:
        first, last = self._span
        columns = self._chars.shape[1]
        return min(max(int((iteration - first) / (last - first) * columns), 0), columns - 1)

    def _set(
        self, where: npt.NDArray[np.bool_], chars: npt.NDArray[np.int32] | int, kind: int
    ) -> None:
        self._chars[where] = chars if isinstance(chars, int) else chars[where]
        self._kinds[where] = kind

    def grid(self, ticks: list[float]) -> None:
        """Draw a line at each tick."""
        for tick in ticks:
            self._chars[self.row_of(tick)] = ord(self._palette.glyph("┈", "."))
            self._kinds[self.row_of(tick)] = _GRID

    def line(self, iterations: Floats, heights: Floats, kind: int) -> None:
        """Draw the dots that a line covers, over what was drawn before."""
        rows, columns = self._shape
        low, high = envelope(iterations, heights, np.linspace(*self._span, columns + 1))
        passes = np.isfinite(low)
        top, bottom = self._dot_rows(np.nan_to_num(high)), self._dot_rows(np.nan_to_num(low))
        lines = np.arange(rows)[:, None]
        dots = (lines >= top) & (lines <= bottom) & passes
        if self._palette.ascii:
            self._set(dots, ord(":" if kind == _RAW else "*"), kind)
            return
        cells = dots.reshape(rows // 4, 4, columns // 2, 2) * _DOTS[None, :, None, :]
        codes = cells.sum(axis=(1, 3), dtype=np.int32)
        self._set(codes > 0, codes + 0x2800, kind)

    def breaks(self, iterations: Floats, heights: Floats) -> None:
        """Mark at the top each column in which a value cannot be drawn."""
        columns = self._chars.shape[1]
        where = broken(iterations, heights, np.linspace(*self._span, columns + 1))
        self._chars[0, where] = ord(self._palette.glyph("×", "x"))
        self._kinds[0, where] = _BROKEN

    def point(self, iteration: float, height: float, *, upright: bool = True) -> None:
        """Mark one point."""
        column = self._column_of(iteration)
        if upright:
            free = self._kinds[:, column] <= _GRID
            self._chars[free, column] = ord(self._palette.glyph("│", "|"))
            self._kinds[free, column] = _GRID
        if np.isfinite(height):
            line = self.row_of(height)
            self._chars[line, column] = ord(self._palette.glyph("●", "o"))
            self._kinds[line, column] = _POINT

    def strips(self, left: int, margin: dict[int, str], tone: Tone) -> list[Strip]:
        """Return the rows of the plot behind their labels."""
        palette = self._palette
        raw = palette.style(tone) + Style(color=palette.mix(tone, 0.62)) if palette.blends else None
        styles = {
            _BLANK: palette.style(Tone.TEXT),
            _GRID: palette.style(Tone.RULE),
            _RAW: raw or palette.style(Tone.DIM),
            _MEAN: palette.style(tone, bold=not palette.blends),
            _POINT: palette.style(Tone.HOT),
            _BROKEN: palette.style(Tone.ERROR, bold=True),
        }
        dim = palette.style(Tone.DIM)
        strips = []
        for number, (chars, kinds) in enumerate(zip(self._chars, self._kinds, strict=True)):
            text = "".join(map(chr, chars.tolist()))
            cuts = (np.flatnonzero(np.diff(kinds)) + 1).tolist()
            segments = [Segment(fit(margin.get(number, ""), left - 1, "right") + " ", dim)]
            for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
                segments.append(Segment(text[start:end], styles[int(kinds[start])]))
            strips.append(Strip(segments, left + len(text)))
        return strips
