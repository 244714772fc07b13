"""One colour for each meaning, on grounds dark and light, for terminals of every ability."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rich.color import Color
from rich.style import Style

from gradscope.core.words import Phase, Role


class Tone(StrEnum):
    """What a colour means. Meanings always come with a sign or a word as well."""

    GROUND = "ground"
    PANEL = "panel"
    """The ground of the header and the footer."""
    SELECT = "select"
    """The ground of the selected row."""
    TEXT = "text"
    HOT = "hot"
    """What the eye should find first."""
    DIM = "dim"
    """Labels; still readable."""
    FAINT = "faint"
    """Line numbers, axes and what lies ahead."""
    RULE = "rule"
    """Grid lines."""
    EDGE = "edge"
    """Borders of panes."""
    WEIGHT = "weight"
    GRAD = "grad"
    UPDATE = "update"
    LOSS = "loss"
    OK = "ok"
    WARN = "warn"
    ERROR = "error"
    NAN = "nan"
    """A cell that is not a number; a hue that no heatmap has."""
    INF = "inf"
    """An infinite cell; a hue that no heatmap has."""
    KEYWORD = "keyword"
    STRING = "string"
    NUMBER = "number"


class ColourMode(StrEnum):
    """How many colours the terminal has."""

    TRUE = "truecolor"
    EIGHT_BIT = "256"
    ANSI = "16"
    NONE = "none"


class Charset(StrEnum):
    """Which characters the terminal can show."""

    UNICODE = "unicode"
    ASCII = "ascii"


_TONES: dict[Tone, tuple[tuple[str, str, str], tuple[str, str, str]]] = {
    # tone: dark (24-bit, colour cube, ANSI name), light (the same)
    Tone.GROUND: (("#0e1116", "#121212", "default"), ("#fbfbf9", "#ffffff", "default")),
    Tone.PANEL: (("#161b22", "#1c1c1c", "default"), ("#eef0ee", "#eeeeee", "default")),
    Tone.SELECT: (("#1d2733", "#303030", "default"), ("#dbe9f9", "#d7d7ff", "default")),
    Tone.TEXT: (("#c9d1d9", "#d0d0d0", "default"), ("#24292f", "#262626", "default")),
    Tone.HOT: (("#f0f3f6", "#ffffff", "default"), ("#0b0d0f", "#000000", "default")),
    Tone.DIM: (("#818994", "#8a8a8a", "default"), ("#666e78", "#626262", "default")),
    Tone.FAINT: (("#4a525d", "#585858", "default"), ("#aab1b9", "#a8a8a8", "default")),
    Tone.RULE: (("#262c36", "#303030", "default"), ("#dfe3e6", "#dadada", "default")),
    Tone.EDGE: (("#2b323c", "#3a3a3a", "default"), ("#cfd5da", "#c6c6c6", "default")),
    Tone.WEIGHT: (("#6cb6ff", "#5fafff", "bright_blue"), ("#0969da", "#005fd7", "blue")),
    Tone.GRAD: (("#f0a35e", "#ffaf5f", "yellow"), ("#b35900", "#af5f00", "red")),
    Tone.UPDATE: (("#4fd1a1", "#5fd7af", "green"), ("#0a7d57", "#00875f", "green")),
    Tone.LOSS: (("#d59ae6", "#d787ff", "bright_magenta"), ("#8b3fb0", "#8700af", "magenta")),
    Tone.OK: (("#56c596", "#5fd787", "green"), ("#1a7f4b", "#008700", "green")),
    Tone.WARN: (("#e8c15a", "#ffd75f", "bright_yellow"), ("#8f6000", "#875f00", "default")),
    Tone.ERROR: (("#ec6a5e", "#ff5f5f", "bright_red"), ("#c4320a", "#d70000", "bright_red")),
    Tone.NAN: (("#ffe14d", "#ffff00", "bright_yellow"), ("#e0c000", "#d7d700", "magenta")),
    Tone.INF: (("#ff4df0", "#ff5fff", "bright_magenta"), ("#d400c4", "#d700d7", "magenta")),
    Tone.KEYWORD: (("#c3a5dc", "#d7afff", "magenta"), ("#8250df", "#5f00af", "magenta")),
    Tone.STRING: (("#7ec8a4", "#87d7af", "green"), ("#1a7f4b", "#00875f", "green")),
    Tone.NUMBER: (("#e8c15a", "#ffd787", "yellow"), ("#8f6000", "#875f00", "red")),
}

_FADED = frozenset({Tone.DIM, Tone.FAINT, Tone.RULE, Tone.EDGE})
_LOUD = frozenset({Tone.HOT, Tone.WARN, Tone.ERROR})

_PHASE_TONES: dict[Phase, Tone] = {
    Phase.BATCH: Tone.HOT,
    Phase.ZERO_GRAD: Tone.GRAD,
    Phase.FORWARD: Tone.WEIGHT,
    Phase.LOSS: Tone.LOSS,
    Phase.BACKWARD: Tone.GRAD,
    Phase.CLIP: Tone.GRAD,
    Phase.STEP: Tone.UPDATE,
    Phase.SCHEDULE: Tone.UPDATE,
    Phase.UNSCALE: Tone.GRAD,
    Phase.EVALUATE: Tone.WEIGHT,
    Phase.MANUAL: Tone.WARN,
}

_ROLE_TONES: dict[Role, Tone] = {
    Role.WEIGHT: Tone.WEIGHT,
    Role.GRAD: Tone.GRAD,
    Role.UPDATE: Tone.UPDATE,
    Role.ACTIVATION: Tone.WEIGHT,
    Role.GRAD_OUTPUT: Tone.GRAD,
    Role.STATE: Tone.UPDATE,
}


def tone_of(word: Phase | Role | None) -> Tone:
    """Return the tone of a role, or of what a phase writes; plain text for None."""
    match word:
        case Phase():
            return _PHASE_TONES[word]
        case Role():
            return _ROLE_TONES[word]
        case None:
            return Tone.TEXT


@dataclass(frozen=True)
class Palette:
    """The colours of one ground in one colour mode, and the characters to draw with."""

    dark: bool = True
    mode: ColourMode = ColourMode.TRUE
    charset: Charset = Charset.UNICODE

    @property
    def ascii(self) -> bool:
        """Whether only ASCII may be drawn."""
        return self.charset is Charset.ASCII

    @property
    def blends(self) -> bool:
        """Whether the terminal has colours enough to mix them and to fill half blocks."""
        return self.mode in {ColourMode.TRUE, ColourMode.EIGHT_BIT}

    def name(self, tone: Tone) -> str:
        """Return the colour as ``#rrggbb``, or as a name of the 16 colours, or ``default``."""
        dark, light = _TONES[tone]
        column = {ColourMode.TRUE: 0, ColourMode.EIGHT_BIT: 1, ColourMode.ANSI: 2}
        if self.mode is ColourMode.NONE:
            return "default"
        return (dark if self.dark else light)[column[self.mode]]

    def mix(self, tone: Tone, share: float, ground: Tone = Tone.GROUND) -> str:
        """Return ``tone`` with ``share`` (0 to 1) of ``ground`` in it; unmixed if it cannot be."""
        if not self.blends:
            return self.name(tone)
        return _mix(self.name(tone), self.name(ground), share)

    def style(self, tone: Tone, ground: Tone | str = Tone.GROUND, *, bold: bool = False) -> Style:
        """Return the style to write in ``tone`` on ``ground``, a tone or a colour's name."""
        name = self.name(ground) if isinstance(ground, Tone) else ground
        return _style(self, tone, name, bold)

    def glyph(self, unicode: str, ascii_: str) -> str:
        """Return the first text, or the second where only ASCII may be drawn."""
        return ascii_ if self.charset is Charset.ASCII else unicode


@lru_cache(4096)
def _style(palette: Palette, tone: Tone, ground: str, bold: bool) -> Style:  # noqa: FBT001
    if palette.blends:
        return Style(color=palette.name(tone), bgcolor=ground, bold=bold)
    return Style(
        color=palette.name(tone),
        bgcolor=ground,
        bold=bold or tone in _LOUD,
        dim=tone in _FADED and not bold,
    )


@lru_cache(1024)
def _mix(tone: str, ground: str, share: float) -> str:
    one, other = Color.parse(tone).triplet, Color.parse(ground).triplet
    if one is None or other is None:
        return tone
    pairs = zip(one, other, strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def detect_mode(colour_system: str | None, *, no_color: bool) -> ColourMode:
    """Return the mode for a colour system as Rich names it: ``truecolor``, ``256``, ``standard``.

    None is a terminal without colours; ``no_color`` is the user's wish for none.
    """
    if no_color or colour_system is None:
        return ColourMode.NONE
    modes = {"truecolor": ColourMode.TRUE, "256": ColourMode.EIGHT_BIT}
    return modes.get(colour_system, ColourMode.ANSI)


def detect_charset(environ: Mapping[str, str]) -> Charset:
    """Return what the locale in ``environ`` can show; Unicode where it says nothing."""
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "UTF-8"
    # Python itself sets LC_CTYPE so where the locale was C.
    if locale == "C.UTF-8" and environ.get("LANG") in {"C", "POSIX"}:
        return Charset.ASCII
    name = locale.lower().replace("-", "")
    return Charset.UNICODE if "utf8" in name else Charset.ASCII
