"""The bar at the top: what runs, where it is, and whether it is stopped."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Unpack

from textual.strip import Strip

from gradscope.core.numbers import format_count
from gradscope.tui.draw.palette import Palette, Tone
from gradscope.tui.draw.text import Part, measure, printable, spread
from gradscope.tui.widgets.pane import Drawn, Options


class StateKind(StrEnum):
    """What the state of a run amounts to; it decides sign and colour."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"
    FAILED = "failed"
    RECORDED = "recorded"


_SIGNS = {
    StateKind.STARTING: ("…", ".", Tone.DIM),
    StateKind.RUNNING: ("▶", ">", Tone.OK),
    StateKind.PAUSED: ("‖", "=", Tone.WARN),
    StateKind.ENDED: ("■", "#", Tone.TEXT),
    StateKind.FAILED: ("✖", "X", Tone.ERROR),
    StateKind.RECORDED: ("◂", "<", Tone.HOT),
}


@dataclass(frozen=True)
class HeaderInfo:
    """What the header tells. Texts that are not known yet are '', numbers None."""

    script: str = ""
    model: str = ""
    optimizer: str = ""
    iteration: int | None = None
    epoch: int | None = None
    device: str = ""
    state: str = ""
    kind: StateKind = StateKind.STARTING


class HeaderBar(Drawn):
    """One row: the script, its model and optimizer; iteration, epoch, device and state."""

    DEFAULT_CSS = """
    HeaderBar { height: 1; background: $panel; }
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self._info = HeaderInfo()

    def show(self, info: HeaderInfo) -> None:
        """Show ``info``."""
        if info != self._info:
            self._info = info
            self.changed()

    def draw(self, width: int, height: int, palette: Palette) -> list[Strip]:
        """Return the one row; what matters least is left out where it does not fit."""
        del height
        info = self._info
        device = info.device
        names = [name for name in (info.script, info.model, info.optimizer) if name]
        left, right = _left(palette, names), _right(palette, info, device)
        while measure(left) + measure(right) + 2 > width and (names or device):
            if len(names) > 1:
                names.pop()
            elif device:
                device = ""
            else:
                names.pop()
            left, right = _left(palette, names), _right(palette, info, device)
        return [spread(width, left, right, palette.style(Tone.TEXT, Tone.PANEL))]


def _left(palette: Palette, names: list[str]) -> list[Part]:
    panel = Tone.PANEL
    parts: list[Part] = [
        (palette.glyph(" ∂ ", " d "), palette.style(Tone.GRAD, panel, bold=True)),
        ("gradscope ", palette.style(Tone.HOT, panel, bold=True)),
    ]
    for number, name in enumerate(names):
        rule = palette.glyph("│ ", "| ") if number == 0 else palette.glyph(" · ", " - ")
        parts.append((rule, palette.style(Tone.FAINT, panel)))
        parts += _values(printable(name), palette)
    return parts


def _values(text: str, palette: Palette) -> list[Part]:
    """Return ``SGD lr 0.02 m 0.9`` with its names of settings dim."""
    words = text.split(" ")
    return [
        (
            word if number == 0 else f" {word}",
            palette.style(Tone.TEXT if number == 0 or word[:1].isdigit() else Tone.DIM, Tone.PANEL),
        )
        for number, word in enumerate(words)
    ]


def _right(palette: Palette, info: HeaderInfo, device: str) -> list[Part]:
    panel = Tone.PANEL
    dim, text = palette.style(Tone.DIM, panel), palette.style(Tone.TEXT, panel)
    parts: list[Part] = []
    if info.iteration is not None:
        count = format_count(info.iteration, ascii_only=palette.ascii)
        parts += [("iteration ", dim), (count, palette.style(Tone.HOT, panel, bold=True))]
    if info.epoch is not None:
        parts += [("   epoch ", dim), (format_count(info.epoch, ascii_only=palette.ascii), text)]
    if device:
        parts.append((f"   {printable(device)}", dim))
    if info.state:
        sign, plain, tone = _SIGNS[info.kind]
        state = f"   {palette.glyph(sign, plain)} {printable(info.state)} "
        parts.append((state, palette.style(tone, panel, bold=True)))
    return parts
