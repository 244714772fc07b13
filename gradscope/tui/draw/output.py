"""Lines of a program's output, in the colours that it gave them."""

import re
from functools import lru_cache

from rich.ansi import AnsiDecoder
from rich.color import Color, ColorType
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from gradscope.tui.draw.palette import ColourMode, Palette, Tone
from gradscope.tui.draw.scrollback import Line
from gradscope.tui.draw.text import printable, row

_OTHER_CODES = re.compile(
    r"\x1b(?!\[[0-9;:]*m)(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?"
)


def draw_line(line: Line, width: int, start: int, palette: Palette) -> Strip:
    """Return ``width`` cells of a line from cell ``start`` on; a mark where it goes on."""
    whole = _coloured(line, palette)
    part = whole.crop(start, start + width)
    filler = palette.style(Tone.TEXT)
    if whole.cell_length <= start + width or width < 2:
        return part.adjust_cell_length(width, filler)
    more = row(1, [(palette.glyph("…", "~"), palette.style(Tone.DIM))], filler)
    return Strip.join([part.crop(0, width - 1).adjust_cell_length(width - 1, filler), more])


@lru_cache(512)
def _coloured(line: Line, palette: Palette) -> Strip:
    base = palette.style(Tone.TEXT)
    shown = line.text.rstrip("\r").expandtabs(8)
    if "\x1b" not in shown and not line.carried:
        return Strip([Segment(printable(shown), base)])
    decoder = AnsiDecoder()
    decoder.decode_line(line.carried)
    text = decoder.decode_line(_OTHER_CODES.sub("", shown))
    # A console is needed only for markup, which there is none of here.
    spans = [Segment(plain, base)] if not text.spans and (plain := text.plain) else []
    if not spans:
        place = 0
        for span in sorted(text.spans):
            if span.start > place:
                spans.append(Segment(text.plain[place : span.start], base))
            style = span.style if isinstance(span.style, Style) else Style.null()
            spans.append(Segment(text.plain[span.start : span.end], base + _able(style, palette)))
            place = span.end
        spans.append(Segment(text.plain[place:], base))
    return Strip([Segment(printable(part), style) for part, style, _ in spans if part])


def _able(style: Style, palette: Palette) -> Style:
    """Return the style as far as the palette's mode can show it."""
    if palette.mode is ColourMode.NONE:
        return style.without_color
    colour = style.color
    if (
        colour is None
        or colour.type is not ColorType.STANDARD
        or palette.mode is not ColourMode.TRUE
    ):
        return style
    return style + Style(color=_readable(colour, palette))


def _readable(colour: Color, palette: Palette) -> str:
    """Return one of the 16 colours as a shade that can be read on the palette's ground."""
    names = {
        1: Tone.ERROR,
        2: Tone.OK,
        3: Tone.WARN,
        4: Tone.WEIGHT,
        5: Tone.LOSS,
        6: Tone.UPDATE,
    }
    number = (colour.number or 0) % 8
    if number in names:
        return palette.name(names[number])
    faint = (number == 0) == palette.dark
    return palette.name(Tone.DIM if faint else Tone.HOT)
