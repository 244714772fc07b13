"""Rows of text that are exactly as wide as asked for, in terminal cells."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from gradscope.core.numbers import MINUS, format_number

Part: TypeAlias = tuple[str, Style]
"""A piece of text in one style."""


def printable(text: str) -> str:
    """Return ``text`` in one line: tabs as four spaces, other control characters as ``�``."""
    if text.isprintable():
        return text
    return "".join(
        "�" if unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} else sign
        for sign in text.replace("\t", "    ")
    )


_PLAIN = {
    "‖": "|",
    "→": "->",
    "←": "<-",
    "×": "x",
    "·": "*",
    "−": "-",
    "–": "-",
    "—": "-",
    "…": "...",
    "Δ": "d",
    "∂": "d",
    "σ": "std",
    "μ": "mean",
    "β": "betas",
    "√": "sqrt ",
    "≈": "~",
    "±": "+-",
    "≤": "<=",
    "≥": ">=",
    "▲": "!",
    "✖": "X",
    "⇄": "/",
    "◆": "*",
    "▫": "o",
    "\u2009": ",",
    "\u202f": ",",
    "\u00a0": " ",
}


def plain(text: str) -> str:
    """Return ``text`` with the signs that gradscope uses in sentences written in ASCII."""
    return text if text.isascii() else "".join(_PLAIN.get(sign, sign) for sign in text)


def fit(
    text: str,
    width: int,
    align: Literal["left", "right", "centre"] = "left",
    *,
    ellipsis: str = "…",
) -> str:
    """Return ``text`` in exactly ``width`` cells: padded, or cut with an ellipsis at its end."""
    if width <= 0:
        return ""
    length = cell_len(text)
    if length > width:
        room = width - cell_len(ellipsis)
        return set_cell_size(text, width) if room < 1 else set_cell_size(text, room) + ellipsis
    space = width - length
    match align:
        case "left":
            return text + " " * space
        case "right":
            return " " * space + text
        case "centre":
            return " " * (space // 2) + text + " " * (space - space // 2)


def format_narrow(
    value: float | None, width: int, *, signed: bool = False, ascii_only: bool = False
) -> str:
    """Return a number as ``format_number`` does, of fewer digits if it is wider than ``width``."""
    text = format_number(value, signed=signed, ascii_only=ascii_only)
    if len(text) <= width or value is None or "e" not in text:
        return text
    sign = text[0] if not text[0].isdigit() else ""
    mantissa, _, exponent = f"{abs(value):.0e}".partition("e")
    power = str(int(exponent))
    return f"{sign}{mantissa}e{power if ascii_only else power.replace('-', MINUS)}"


def measure(parts: Iterable[Part]) -> int:
    """Return how many cells the parts take."""
    return sum(cell_len(text) for text, _ in parts)


def row(width: int, parts: Iterable[Part], filler: Style) -> Strip:
    """Return the parts as a row of ``width`` cells, cut or filled up with ``filler``."""
    segments = [Segment(text, style) for text, style in parts if text]
    return Strip(segments).adjust_cell_length(max(width, 0), filler)


def spread(width: int, left: Sequence[Part], right: Sequence[Part], filler: Style) -> Strip:
    """Return a row with ``left`` at its start and ``right`` at its end.

    Where both do not fit, ``left`` gives way, and then the beginning of ``right``.
    """
    room = width - measure(right)
    if room <= 0:
        return row(width - room, right, filler).crop(-room, width - room)
    start = row(room, left, filler)
    return Strip.join([start, row(width - room, right, filler)])


def beside(strips: Iterable[Strip], gap: int, filler: Style) -> Strip:
    """Return the strips in one row, ``gap`` cells apart."""
    joined: list[Strip] = []
    for number, strip in enumerate(strips):
        if number and gap:
            joined.append(Strip.blank(gap, filler))
        joined.append(strip)
    return Strip.join(joined)
