"""One row of the layer tree: a name and the numbers of one parameter."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.style import Style

from gradscope.core.numbers import format_number
from gradscope.core.tensors import Measurement
from gradscope.core.words import Role
from gradscope.diagnose.health import Level
from gradscope.session.view import LayerRow
from gradscope.tui.draw.palette import Palette, Tone, tone_of
from gradscope.tui.draw.spark import sparkline
from gradscope.tui.draw.text import Part, fit, format_narrow, printable

_NUMBERS = 7
"""Cells for each of three numbers, the blank before it included."""
_LEAST = 3
"""Cells that are left to the name."""
_SIGN = 2


@dataclass(frozen=True)
class Columns:
    """How wide the parts of a row are, in cells; the trend may be left out with 0."""

    name: int
    trend: int

    @classmethod
    def for_width(cls, width: int, *, trend: bool) -> "Columns":
        """Share out ``width`` cells; a trend, if there is one, is drawn where it has room."""
        rest = width - 3 * _NUMBERS - _SIGN
        cells = min(16, rest - 12) if trend and rest >= 20 else 0
        return cls(max(rest - (cells + 1 if cells else 0), _LEAST), cells)

    def indented(self, cells: int) -> "Columns":
        """Return the columns of a row that begins so many cells further to the right."""
        return Columns(max(self.name - cells, _LEAST), self.trend)


def head_parts(
    columns: Columns, palette: Palette, fresh: frozenset[Role] = frozenset()
) -> list[Part]:
    """Return the heading of the columns; those of ``fresh`` roles have changed just now."""
    heads = [
        (palette.glyph("σ(w)", "std w"), Role.WEIGHT),
        (palette.glyph("‖g‖", "|g|"), Role.GRAD),
        (palette.glyph("lgΔ/w", "lgD/w"), Role.UPDATE),
    ]
    dim = palette.style(Tone.DIM)
    parts: list[Part] = [(fit("layer", columns.name), dim)]
    for text, role in heads:
        new = role in fresh
        sign = palette.glyph("◆", "*") if new else ""
        style = palette.style(tone_of(role), bold=new)
        parts.append((fit(sign + text, _NUMBERS, "right"), style))
    if columns.trend:
        parts.append((" " + fit(palette.glyph("‖g‖ trend", "|g| trend"), columns.trend), dim))
    return parts


def row_parts(
    row: LayerRow,
    name: list[Part],
    columns: Columns,
    palette: Palette,
    *,
    ground: str,
    trend: npt.NDArray[np.floating] | None = None,
) -> list[Part]:
    """Return one parameter's row behind ``name``, which is as wide as its column."""
    parts = list(name)
    blank = palette.style(Tone.TEXT, ground)

    def number(text: str, tone: Tone) -> None:
        tone = Tone.ERROR if text in {"NaN", "Inf"} else Tone.DIM if text in {"–", "None"} else tone
        shown = text.replace("–", "-").replace("−", "-") if palette.ascii else text
        parts.append((fit(shown, _NUMBERS, "right"), palette.style(tone, ground)))

    number(_value(row.weight, lambda it: None if it.stats is None else it.stats.std), Tone.WEIGHT)
    number(_value(row.grad, lambda it: None if it.stats is None else it.stats.norm), Tone.GRAD)
    number(_ratio(row), Tone.UPDATE)
    if columns.trend:
        line = "" if trend is None else sparkline(trend, columns.trend, ascii_only=palette.ascii)
        parts += [(" ", blank), (fit(line, columns.trend), _fade(palette, ground))]
    sign, tone = health_sign(row.health.level, palette)
    parts += [(" ", blank), (sign, palette.style(tone, ground, bold=tone is Tone.ERROR))]
    return parts


def _fade(palette: Palette, ground: str) -> Style:
    """Return a calmer amber: a trend is much colour for little news."""
    style = palette.style(Tone.GRAD, ground)
    return style + Style(color=palette.mix(Tone.GRAD, 0.35)) if palette.blends else style


def health_sign(level: Level, palette: Palette) -> tuple[str, Tone]:
    """Return the sign and the tone of a level of health."""
    match level:
        case Level.OK:
            return palette.glyph("●", "o"), Tone.OK
        case Level.WATCH:
            return palette.glyph("▲", "!"), Tone.WARN
        case Level.BAD:
            return palette.glyph("✖", "X"), Tone.ERROR
        case Level.UNKNOWN:
            return palette.glyph("·", "."), Tone.DIM


def name_part(name: str, kind: str, width: int, palette: Palette, style: Style) -> list[Part]:
    """Return a name in ``width`` cells; of one too long the first sign and the end are kept.

    ``kind``, the type of the module, is added where it fits.
    """
    name = printable(name)
    if len(name) > width:
        cut = name[0] + palette.glyph("…", "~") + name[2 - width :] if width > 3 else name
        return [(cut if len(cut) == width else name[:width], style)]
    room = width - len(name) - 1
    if kind and len(kind) <= room:
        dim = Style(color=palette.name(Tone.DIM), bgcolor=style.bgcolor, reverse=style.reverse)
        return [(name + " ", style), (fit(kind, room), dim)]
    return [(fit(name, width), style)]


def _value(measurement: Measurement | None, read: Callable[[Measurement], float | None]) -> str:
    if measurement is None:
        return "–"
    return "None" if measurement.stats is None else short(read(measurement))


def _ratio(row: LayerRow) -> str:
    if row.update is None or row.update.stats is None:
        return "–"
    if row.weight is None or row.weight.stats is None:
        return "–"
    change, size = row.update.stats.norm, row.weight.stats.norm
    if not math.isfinite(change) or not math.isfinite(size):
        return "NaN"
    if size == 0:
        return "–"
    return f"{math.log10(change / size):.1f}".replace("-", "−") if change else "−Inf"


def short(value: float | None) -> str:
    """Return a magnitude in at most six cells: three decimals, or a power of ten."""
    if value is None or not math.isfinite(value) or value == 0:
        return format_number(value)
    if 0.000_999_95 <= abs(value) < 99.995:
        return f"{value:.3f}" if abs(value) < 9.9995 else f"{value:.2f}"
    return format_narrow(value, 6)
