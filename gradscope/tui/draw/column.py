"""One tensor of the selected parameter: heatmap, scale, histogram, statistics, cursor cell."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from textual.strip import Strip

from gradscope.core.numbers import format_count, format_number
from gradscope.core.tensors import Stats
from gradscope.tui.draw.budget import Budget
from gradscope.tui.draw.cells import Cells
from gradscope.tui.draw.colourmap import quantise
from gradscope.tui.draw.heatmap import colour_bar, number_cells, paint
from gradscope.tui.draw.histogram import draw_histogram
from gradscope.tui.draw.palette import Palette, Tone
from gradscope.tui.draw.plan import Cursor, Plan
from gradscope.tui.draw.text import Part, fit, format_narrow, measure, row, spread
from gradscope.tui.draw.wrap import wrap


@dataclass(frozen=True)
class Norms:
    """The norm before and after this moment, as text (``0.1756``, ``None``, ``–``).

    ``change`` is their difference where both read the same though they are not.
    """

    before: str | None
    after: str
    change: str = ""


@dataclass(frozen=True)
class TensorView:
    """What a column shows.

    ``fresh`` tells that this moment changed the tensor, ``note`` says so in words. Where there
    are no cells to show, ``words`` says why. ``compared`` are all copies that share one scale
    with the cells.
    """

    title: str
    symbol: str
    tone: Tone
    note: str
    fresh: bool
    norms: Norms
    stats: Stats | None
    cells: Cells | None
    compared: tuple[Cells, ...]
    words: tuple[str, ...]


@dataclass(frozen=True)
class Spot:
    """Where the cells and the cursor are, and the magnitude that the outermost colour stands for.

    ``picked`` is the exact value at the cursor, or that of its whole kernel, if it is known.
    """

    plan: Plan
    cursor: Cursor
    scale: float
    picked: npt.NDArray[np.float64] | None = None


def draw_column(
    view: TensorView, spot: Spot | None, budget: Budget, width: int, palette: Palette
) -> list[Strip]:
    """Return the rows of one column."""
    text = palette.style(Tone.TEXT)
    blank = Strip.blank(width, text)
    strips = [_title(view, width, palette), _norms(view, width, palette)]
    if view.cells is None or spot is None or view.cells.values.size == 0:
        return [*strips, *_words(view, width, palette)]
    codes = spot.plan.codes(view.cells, spot.scale, spot.cursor)
    strips += paint(codes, palette, view.tone)[: budget.heat]
    if budget.bar:
        strips.append(colour_bar(width, spot.scale, palette))
    if budget.spaced:
        strips.append(blank)
    if budget.histogram:
        counts = view.stats.histogram if view.stats is not None else None
        strips += draw_histogram(counts, width, budget.histogram, palette, view.tone)
        odd = _odd_counts(view.stats, palette)
        if odd:
            strips[-1] = row(width, odd, text)
    if budget.stats:
        strips += _statistics(view.stats, width, palette)
    if budget.value:
        strips.append(_value(view, view.cells, spot, width, palette))
    if budget.table and view.cells.kernels:
        strips.append(blank)
        strips += _table(view.cells, spot, width, palette)
    return strips


def _title(view: TensorView, width: int, palette: Palette) -> Strip:
    left: list[Part] = [
        (view.title, palette.style(view.tone, bold=True)),
        (f" {view.symbol}", palette.style(Tone.DIM)),
    ]
    sign = palette.glyph("◆ ", "* ") if view.fresh else ""
    right: list[Part] = [(sign + view.note, palette.style(view.tone if view.fresh else Tone.DIM))]
    if measure(left) + measure(right) + 1 > width:
        left.pop()
    if measure(left) + measure(right) + 1 > width:
        right = [(sign.strip(), right[0][1])]
    return spread(width, left, right, palette.style(Tone.TEXT))


def _norms(view: TensorView, width: int, palette: Palette) -> Strip:
    dim, text = palette.style(Tone.DIM), palette.style(Tone.TEXT)
    hot = palette.style(Tone.HOT, bold=True)
    parts: list[Part] = [(palette.glyph("‖·‖ ", "|.| "), dim)]
    before, after = view.norms.before, view.norms.after
    if not view.fresh or before is None:
        parts.append((after, text))
    elif view.norms.change:
        sign = palette.glyph(" Δ ", " d ")
        parts += [(after, text), (sign, palette.style(view.tone)), (view.norms.change, hot)]
    else:
        parts += [(before, text), (palette.glyph(" → ", " > "), palette.style(view.tone))]
        parts.append((after, hot))
    zeros = _zeros(view.stats, palette)
    if measure(parts) + measure(zeros) + 1 > width:
        return row(width, parts, text)
    return spread(width, parts, zeros, text)


def _odd_counts(stats: Stats | None, palette: Palette) -> list[Part]:
    """Return how many elements are NaN and Inf, each behind the sign of such a cell."""
    if stats is None:
        return []
    parts: list[Part] = []
    signs = (palette.glyph("■", "N"), palette.glyph("■", "I"))
    if not palette.blends:
        signs = (palette.glyph("×", "N"), palette.glyph("∞", "I"))
    kinds = ((stats.nans, "NaN", Tone.NAN), (stats.infs, "Inf", Tone.INF))
    for sign, (count, name, tone) in zip(signs, kinds, strict=True):
        if count:
            words = f" {format_count(count, ascii_only=palette.ascii)} {name}  "
            parts += [(sign, palette.style(tone)), (words, palette.style(Tone.ERROR, bold=True))]
    return parts


def _zeros(stats: Stats | None, palette: Palette) -> list[Part]:
    """Return what share of the elements is zero."""
    if stats is None or not stats.zeros:
        return []
    share = 100 * stats.zeros / stats.numel
    if share < 0.05:
        count = format_count(stats.zeros, ascii_only=palette.ascii)
        noun = "zero" if stats.zeros == 1 else "zeros"
        return [(f"{count} {noun}", palette.style(Tone.DIM))]
    percent = f"{share:.0f}" if 1 <= share <= 99 or share == 100 else f"{share:.1f}"
    return [(f"{percent} % zero", palette.style(Tone.DIM))]


def _words(view: TensorView, width: int, palette: Palette) -> list[Strip]:
    """Return why there is nothing to see."""
    text = palette.style(Tone.TEXT)
    strips = [Strip.blank(width, text)]
    for number, words in enumerate(view.words):
        style = palette.style(Tone.TEXT if number == 0 else Tone.DIM, bold=number == 0)
        strips += [row(width, [(line, style)], text) for line in wrap(words, width)]
    return strips


def _statistics(stats: Stats | None, width: int, palette: Palette) -> list[Strip]:
    dim, text = palette.style(Tone.DIM), palette.style(Tone.TEXT)
    half = width // 2 - 1

    def number(value: float | None, *, signed: bool = True) -> str:
        return format_narrow(value, half - 4, signed=signed, ascii_only=palette.ascii)

    def pair(left: tuple[str, str], right: tuple[str, str]) -> Strip:
        first = fit(left[1], half - len(left[0]), "right")
        second = fit(right[1], width - half - 2 - len(right[0]), "right")
        return row(
            width,
            [(left[0], dim), (first, text), ("  ", text), (right[0], dim), (second, text)],
            text,
        )

    mean, std, least, most = (
        (stats.mean, stats.std, stats.min, stats.max) if stats is not None else (None,) * 4
    )
    return [
        pair(
            (palette.glyph("μ", "avg"), number(mean)),
            (palette.glyph("σ", "std"), number(std, signed=False)),
        ),
        pair(("min", number(least)), ("max", number(most))),
    ]


def _value(view: TensorView, cells: Cells, spot: Spot, width: int, palette: Palette) -> Strip:
    """Return the index and the value of the cursor cell."""
    value, exact, several = cell_value(cells, spot)
    number = format_number(value, signed=True, ascii_only=palette.ascii)
    number = ("" if exact else palette.glyph("≈", "~")) + number
    label = f"{palette.glyph('▫', 'o')} {index_text(cells, spot)}"
    if several and len(label) + len(number) + 5 <= width:
        label += " max"
    left: list[Part] = [(label, palette.style(view.tone))]
    right: list[Part] = [(number, palette.style(Tone.HOT, bold=True))]
    return spread(width, left, right, palette.style(Tone.TEXT))


def cell_value(cells: Cells, spot: Spot) -> tuple[float, bool, bool]:
    """Return a cell's value, whether it is exact, and whether several elements are pooled.

    Of several, it is the value of largest magnitude.
    """
    cursor, picked = spot.cursor, spot.picked
    rows, columns = spot.plan.span(cursor)
    part = cells.values[cursor.kernel] if cells.tiled else cells.values
    part = part[rows, columns]
    several = part.size > 1 or cells.block != (1, 1)
    if picked is not None and not several:
        if cells.kernels and picked.shape == cells.values.shape[1:]:
            return float(picked[cursor.row, cursor.column]), True, False
        if picked.size == 1:
            return float(picked.reshape(-1)[0]), True, False
    flat = part.reshape(-1)
    odd = np.flatnonzero(~np.isfinite(flat))
    place = int(odd[0]) if odd.size else int(np.abs(flat).argmax())
    return float(flat[place]), cells.exact, several


def index_text(cells: Cells, spot: Spot) -> str:
    """Return the index of the cursor cell, ``[0,8,1,1]``.

    Where several elements are pooled it has ranges, ``[0:2,8:16]``, or it is that of the first
    of them, ``[0,8,1…]``, if they are no block of the tensor itself.
    """
    rows, columns = spot.plan.span(spot.cursor)
    first = cells.index(spot.cursor.kernel, rows.start, columns.start)
    high, wide = cells.block
    if cells.tiled:
        sizes = [high * wide]
    else:
        sizes = [(rows.stop - rows.start) * high, (columns.stop - columns.start) * wide]
    if max(sizes) == 1:
        return f"[{','.join(map(str, first))}]"
    long = [axis for axis, length in enumerate(cells.shape) if length > 1]
    if len(long) != len(sizes):
        return f"[{','.join(map(str, first))}…]"
    ends = list(first)
    for axis, size in zip(long, sizes, strict=True):
        ends[axis] = min(first[axis] + size, cells.shape[axis]) - 1
    return f"[{','.join(map(_range, first, ends))}]"


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}:{last + 1}"


def _table(cells: Cells, spot: Spot, width: int, palette: Palette) -> list[Strip]:
    """Return the numbers of the kernel under the cursor on the colours of their cells."""
    cursor = spot.cursor
    kernel = cells.values[cursor.kernel]
    if spot.picked is not None and spot.picked.shape == kernel.shape:
        kernel = spot.picked.astype(np.float32)
    texts = [
        [format_number(float(value), signed=True, ascii_only=palette.ascii) for value in line]
        for line in kernel
    ]
    marked = (cursor.row, cursor.column)
    return number_cells(quantise(kernel, spot.scale), texts, width, palette, marked)
