"""Python source as coloured lines."""

from collections.abc import Sequence
from functools import lru_cache

from pygments.lexers.python import PythonLexer
from pygments.token import Token, _TokenType
from textual.strip import Strip

from gradscope.tui.draw.palette import ColourMode, Palette, Tone
from gradscope.tui.draw.text import Part, fit, measure, printable, row

_LONGEST = 400_000
"""Longer sources stay uncoloured, which would take seconds."""

_TONES: tuple[tuple[_TokenType, Tone], ...] = (
    (Token.Keyword.Constant, Tone.NUMBER),
    (Token.Keyword, Tone.KEYWORD),
    (Token.Operator.Word, Tone.KEYWORD),
    (Token.Comment, Tone.DIM),
    (Token.String, Tone.STRING),
    (Token.Number, Tone.NUMBER),
    (Token.Operator, Tone.DIM),
    (Token.Punctuation, Tone.DIM),
)


@lru_cache(16)
def coloured_lines(text: str) -> tuple[tuple[tuple[str, Tone], ...], ...]:
    """Return each line of Python source as pieces with their tones."""
    if len(text) > _LONGEST:
        return tuple(((printable(line), Tone.TEXT),) for line in text.split("\n"))
    lines: list[list[tuple[str, Tone]]] = [[]]
    for kind, piece in PythonLexer(stripnl=False, ensurenl=False).get_tokens(text):
        tone = next((tone for parent, tone in _TONES if kind in parent), Tone.TEXT)
        for number, part in enumerate(piece.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append((printable(part), tone))
    return tuple(tuple(line) for line in lines)


def draw_code(
    text: str,
    size: tuple[int, int],
    palette: Palette,
    *,
    top: int = 1,
    current: int | None = None,
    tone: Tone = Tone.TEXT,
) -> list[Strip]:
    """Return ``size`` (columns, rows) of the source from line ``top`` on.

    ``current`` is the line (from 1) to mark, in ``tone``.
    """
    width, height = size
    lines = coloured_lines(text)
    digits = max(3, len(str(len(lines))))
    shown = range(max(top, 1), min(max(top, 1) + height, len(lines) + 1))
    return [
        _line(
            lines[number - 1],
            fit(str(number), digits, "right"),
            width,
            palette,
            mark=tone if number == current else None,
        )
        for number in shown
    ]


def _line(
    pieces: Sequence[tuple[str, Tone]],
    number: str,
    width: int,
    palette: Palette,
    *,
    mark: Tone | None,
) -> Strip:
    here = mark is not None
    ground = palette.name(Tone.SELECT if here else Tone.GROUND)
    if mark is not None and palette.mode is ColourMode.TRUE:
        ground = palette.mix(Tone.GROUND, 0.16, mark)
    sign = palette.glyph("▶", ">") if here else " "
    parts: list[Part] = [
        (sign, palette.style(mark or Tone.TEXT, ground, bold=True)),
        (
            number + " ",
            palette.style(Tone.TEXT if here else Tone.FAINT, ground),
        ),
    ]
    parts += [
        (text, palette.style(tone, ground, bold=here and tone in {Tone.TEXT, Tone.HOT}))
        for text, tone in pieces
    ]
    filler = palette.style(Tone.TEXT, ground)
    if measure(parts) <= width or width < 2:
        return row(width, parts, filler)
    ellipsis = palette.glyph("…", "~")
    cut = row(width - 1, parts, filler)
    return Strip.join([cut, row(1, [(ellipsis, palette.style(Tone.DIM, ground))], filler)])
