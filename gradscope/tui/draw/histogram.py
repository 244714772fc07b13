"""Histograms as columns of eighth blocks."""

import numpy as np
import numpy.typing as npt
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from gradscope.core.tensors import Histogram
from gradscope.tui.draw.palette import Palette, Tone
from gradscope.tui.draw.text import row

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_ASCII = " .:|#"
"""Quarters of a row, as far as ASCII can tell them apart."""


def rebin(histogram: Histogram, columns: int) -> npt.NDArray[np.float64]:
    """Return the counts in ``columns`` equal bins that are symmetric around zero.

    Counts of a bin that straddles two columns are shared out by width.
    """
    counts = histogram.counts.astype(np.float64)
    reach = max(abs(histogram.low), abs(histogram.high))
    if histogram.high <= histogram.low or reach == 0:
        single = np.zeros(columns)
        place = 0.5 if reach == 0 else (histogram.low / reach + 1) / 2
        single[min(int(place * columns), columns - 1)] = counts.sum()
        return single
    edges = np.linspace(histogram.low, histogram.high, len(counts) + 1)
    below = np.concatenate([[0.0], np.cumsum(counts)])
    return np.diff(np.interp(np.linspace(-reach, reach, columns + 1), edges, below))


def draw_histogram(
    histogram: Histogram | None, width: int, height: int, palette: Palette, tone: Tone
) -> list[Strip]:
    """Return ``height`` rows of columns and, below them, an axis with a tick at zero.

    The area grows with the square root of the counts, so that tails can be seen; the axis says
    so. None, which is not measured, leaves the rows blank.
    """
    text = palette.style(Tone.TEXT)
    if histogram is None:
        return [Strip.blank(width, text)] * (height + 1)
    sizes = np.sqrt(rebin(histogram, width))
    ramp = palette.glyph(_EIGHTHS, _ASCII)
    steps = len(ramp) - 1
    peak = float(sizes.max()) or 1.0
    levels = np.ceil(sizes / peak * height * steps - 1e-9).astype(int)
    style = palette.style(tone)
    if palette.blends:
        style += Style(color=palette.mix(tone, 0.3))
    rows = []
    for line in reversed(range(height)):
        part = np.clip(levels - line * steps, 0, steps)
        rows.append(Strip([Segment("".join(ramp[level] for level in part.tolist()), style)], width))
    rows.append(_axis(width, palette))
    return rows


def _axis(width: int, palette: Palette) -> Strip:
    line, tick = palette.glyph("─", "-"), palette.glyph("┴", "+")
    note = palette.glyph("√n", "sqrt n") if width >= 16 else ""
    middle = width // 2
    left = line * middle + tick
    right = line * max(0, width - middle - 1 - len(note))
    return row(
        width,
        [(left + right, palette.style(Tone.RULE)), (note, palette.style(Tone.FAINT))],
        palette.style(Tone.TEXT),
    )
