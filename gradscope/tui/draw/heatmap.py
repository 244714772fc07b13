"""Heatmaps as rows of text: half blocks in colour, shades or signs where there is none."""

from functools import lru_cache

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from gradscope.core.numbers import format_number
from gradscope.tui.draw.colourmap import (
    EMPTY,
    FRAME,
    INFINITE,
    LEVELS,
    NOT_A_NUMBER,
    Codes,
    colours,
    glyphs,
    is_bright,
    tone_of_code,
)
from gradscope.tui.draw.palette import ColourMode, Palette, Tone
from gradscope.tui.draw.text import Part, fit, measure, row

_CODES = EMPTY + 2


def pixel_rows(palette: Palette) -> int:
    """Return how many rows of pixels one row of text holds."""
    return 2 if palette.blends and not palette.ascii else 1


def paint(codes: Codes, palette: Palette, frame: Tone) -> list[Strip]:
    """Return the picture of ``codes``, whose height is a multiple of ``pixel_rows``.

    ``frame`` is the tone of the cursor frame.
    """
    if pixel_rows(palette) == 1:
        return _paint_glyphs(codes, palette, frame)
    table = _pairs(palette, frame)
    pairs = codes[0::2].astype(np.int32) * _CODES + codes[1::2]
    width = pairs.shape[1]
    strips = []
    for line in pairs:
        cuts = (np.flatnonzero(np.diff(line)) + 1).tolist()
        segments = []
        for start, end in zip([0, *cuts], [*cuts, width], strict=True):
            glyph, style = table(int(line[start]))
            segments.append(Segment(glyph * (end - start), style))
        strips.append(Strip(segments, width))
    return strips


class _Pairs:
    """The glyph and style for each pair of an upper and a lower pixel, made when first used."""

    def __init__(self, names: tuple[str, ...], dark: str, light: str) -> None:
        self._names = names
        self._inks = (light, dark)
        self._known: dict[int, tuple[str, Style]] = {}

    def __call__(self, pair: int) -> tuple[str, Style]:
        known = self._known.get(pair)
        if known is None:
            upper, lower = divmod(pair, _CODES)
            known = self._known[pair] = self._make(upper, lower)
        return known

    def _make(self, upper: int, lower: int) -> tuple[str, Style]:
        names = self._names
        if upper != lower:
            return "▀", Style(color=names[upper], bgcolor=names[lower])
        # Only where both halves agree is there room for a sign beside the colour.
        sign = {NOT_A_NUMBER: "×", INFINITE: "∞"}.get(upper, " ")
        ink = self._inks[is_bright(names[upper])]
        return sign, Style(color=ink, bgcolor=names[upper])


@lru_cache(32)
def _pairs(palette: Palette, frame: Tone) -> _Pairs:
    dark, light = ("#0b0d0f", "#f5f7fa")
    return _Pairs(colours(palette, frame), dark, light)


@lru_cache(512)
def _glyph_style(palette: Palette, code: int, frame: Tone) -> Style:
    if code == EMPTY:
        return palette.style(Tone.TEXT)
    if code > EMPTY:
        return palette.style(frame, bold=True)
    if palette.mode is ColourMode.NONE or (code < LEVELS and palette.mode is not ColourMode.ANSI):
        return palette.style(Tone.TEXT)
    tone = tone_of_code(code)
    return Style(color=palette.name(tone), bgcolor=palette.name(Tone.GROUND))


def _paint_glyphs(codes: Codes, palette: Palette, frame: Tone) -> list[Strip]:
    signs = glyphs(palette)
    strips = []
    for y, line in enumerate(codes.tolist()):
        segments = [
            Segment(
                signs[code] if code != FRAME else _corner(codes, y, x, palette),
                _glyph_style(palette, code, frame),
            )
            for x, code in enumerate(line)
        ]
        strips.append(Strip(segments).simplify())
    return strips


def _corner(codes: Codes, y: int, x: int, palette: Palette) -> str:
    """Return the piece of a frame at a cell, by which of its neighbours are frame too."""
    around = np.pad(codes, 1, constant_values=EMPTY)[y : y + 3, x : x + 3] == FRAME
    up, down, left, right = around[0, 1], around[2, 1], around[1, 0], around[1, 2]
    if up and down:
        return palette.glyph("│", "|")
    if left and right:
        return palette.glyph("─", "-")
    corners = palette.glyph("┌┐└┘", "++++")
    return corners[2 * bool(up) + bool(left)]


def colour_bar(width: int, scale: float, palette: Palette) -> Strip:
    """Return the legend: the map from minus to plus, and the magnitude at its ends."""
    dim, text = palette.style(Tone.DIM), palette.style(Tone.TEXT)
    number = palette.glyph("±", "+-") + format_number(scale, ascii_only=palette.ascii)
    ends = (palette.glyph("− ", "- "), " + ")
    bar = max(4, width - len(ends[0]) - len(ends[1]) - len(number))
    levels = np.rint(np.linspace(0, LEVELS - 1, bar)).astype(np.int16)
    if pixel_rows(palette) == 1:
        bars = _paint_glyphs(levels[None], palette, Tone.DIM)[0]
    else:
        lower = np.full_like(levels, EMPTY)
        bars = paint(np.stack([levels, lower]), palette, Tone.DIM)[0]
    segments = [Segment(ends[0], dim), *bars, Segment(ends[1], dim), Segment(number, text)]
    return Strip(segments).adjust_cell_length(width, text)


def number_cells(
    codes: Codes, texts: list[list[str]], width: int, palette: Palette, marked: tuple[int, int]
) -> list[Strip]:
    """Return a table of numbers on the colours of their cells, the ``marked`` one in frames.

    ``codes`` and ``texts`` have the same rows and columns.
    """
    columns = codes.shape[1]
    cell = width // columns
    filler = palette.style(Tone.TEXT)
    names = colours(palette, Tone.HOT) if palette.blends else ()
    strips = []
    for y, line in enumerate(texts):
        parts: list[Part] = []
        for x, text in enumerate(line):
            here = (y, x) == marked
            if names:
                name = names[int(codes[y, x])]
                ink = "#101215" if is_bright(name) else "#f5f7fa"
                style = Style(color=ink, bgcolor=name, bold=here, underline=here)
            else:
                style = palette.style(Tone.HOT if here else Tone.TEXT, bold=here)
            shown = f"[{text}]" if here and measure([(text, style)]) + 2 <= cell else text
            parts.append((fit(shown, cell, "centre"), style))
        strips.append(row(width, parts, filler))
    return strips
