"""The footer: the keys that matter now."""

from collections.abc import Iterable

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.strip import Strip

from gradscope.tui.draw.palette import Palette, Tone
from gradscope.tui.draw.text import plain
from gradscope.tui.widgets.pane import Drawn

Key = tuple[str, str, str]
"""A key's name, what it does in a word, and the action to run on the screen when clicked."""

_PINNED = 2
_GAP = 2


class KeyBar(Drawn):
    """One row of keys. The last two stand at the right end; what does not fit is left out."""

    DEFAULT_CSS = """
    KeyBar { height: 1; background: $panel; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._keys: tuple[Key, ...] = ()

    def show(self, keys: Iterable[Key]) -> None:
        """Show these keys."""
        shown = tuple(keys)
        if shown != self._keys:
            self._keys = shown
            self.changed()

    def draw(self, width: int, height: int, palette: Palette) -> list[Strip]:
        """Return the one row."""
        ground = palette.style(Tone.TEXT, Tone.PANEL)
        bold = palette.style(Tone.TEXT, Tone.PANEL, bold=True)
        label_style = palette.style(Tone.DIM, Tone.PANEL)
        segments: list[Segment] = []
        column = 0
        for start, key in _placed(self._keys, width):
            name, label = (palette.glyph(text, plain(text)) for text in key[:2])
            segments += [
                Segment(" " * (start - column), ground),
                Segment(name, bold),
                Segment(f" {label}", label_style),
            ]
            column = start + _width((name, label, ""))
        return [Strip(segments).adjust_cell_length(width, ground)][:height]

    async def on_click(self, event: events.Click) -> None:
        """Do what the clicked key does."""
        for start, key in _placed(self._keys, self.size.width):
            if start <= event.x < start + _width(key):
                await self.screen.run_action(key[2])
                return


def _placed(keys: tuple[Key, ...], width: int) -> list[tuple[int, Key]]:
    """Return the keys that fit into ``width``, each with its first column."""
    pinned, rest = keys[-_PINNED:], keys[:-_PINNED]
    end = width - 1
    right = []
    for key in reversed(pinned):
        if end - _width(key) < 1:
            break
        end -= _width(key)
        right.append((end, key))
        end -= _GAP
    left = []
    column = 1
    for key in rest:
        if column + _width(key) > end:
            break
        left.append((column, key))
        column += _width(key) + _GAP
    return left + right[::-1]


def _width(key: Key) -> int:
    return cell_len(key[0]) + 1 + cell_len(key[1])
