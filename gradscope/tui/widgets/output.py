"""What the script prints."""

from typing import ClassVar, Unpack

from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from gradscope.core.numbers import format_count
from gradscope.tui.draw.output import draw_line
from gradscope.tui.draw.palette import Palette, Tone
from gradscope.tui.draw.scrollback import Scrollback
from gradscope.tui.draw.text import row
from gradscope.tui.widgets.pane import Options, Pane

LINES_KEPT = 20_000


class OutputPane(Pane):
    """The script's output as a terminal would show it, to scroll through."""

    KEY = "5"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_lines(-1)", "line up", show=False),
        Binding("down", "scroll_lines(1)", "line down", show=False),
        Binding("pageup", "scroll_pages(-1)", "page up", show=False),
        Binding("pagedown", "scroll_pages(1)", "page down", show=False),
        Binding("home", "scroll_lines(-1_000_000_000)", "oldest line", show=False),
        Binding("end", "follow", "newest line", show=False),
        Binding("left", "shift(-8)", "to the left", show=False),
        Binding("right", "shift(8)", "to the right", show=False),
    ]

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self._lines = Scrollback(LINES_KEPT)
        self._top: int | None = None
        """The line at the top, None while the newest lines are followed."""
        self._left = 0

    def on_mount(self) -> None:
        """Name the pane."""
        super().on_mount()
        self._update()

    def on_resize(self) -> None:
        """Say how much lies below now."""
        self._update()

    def append(self, stream: str, data: bytes) -> None:
        """Add bytes that came on ``stream`` (``out``, ``err`` or ``tty``), in their order."""
        del stream
        self._lines.feed(data)
        self._update()

    def clear(self) -> None:
        """Forget all output."""
        self._lines = Scrollback(LINES_KEPT)
        self._top, self._left = None, 0
        self._update()

    def _end(self) -> int:
        """Return the number after the last line worth showing: an empty last one is not."""
        end = self._lines.end
        return (
            end - 1 if end - self._lines.first > 1 and not self._lines.line(end - 1).text else end
        )

    def _first_shown(self, height: int) -> int:
        newest = max(self._end() - height, self._lines.first)
        return newest if self._top is None else min(max(self._top, self._lines.first), newest)

    def draw(self, width: int, height: int, palette: Palette) -> list[Strip]:
        """Return the visible lines."""
        first, end = self._first_shown(height), self._end()
        if end - self._lines.first == 1 and not self._lines.line(end - 1).text:
            dim = palette.style(Tone.DIM)
            return [row(width, [("nothing printed yet", dim)], palette.style(Tone.TEXT))]
        shown = range(first, min(first + height, end))
        return [draw_line(self._lines.line(number), width, self._left, palette) for number in shown]

    def _update(self) -> None:
        height, palette = self.size.height, self.palette
        total = format_count(self._end(), ascii_only=palette.ascii)
        where = ""
        if self._top is not None:
            below = self._end() - self._first_shown(height) - height
            where = f"{format_count(max(below, 0), ascii_only=palette.ascii)} below"
            where += palette.glyph(" · ", " - ")
        noun = "line" if self._end() == 1 else "lines"
        self.set_titles("Output", f"{where}{total} {noun}")
        self.changed()

    def action_scroll_lines(self, lines: int) -> None:
        """Scroll; at the end, follow what is printed."""
        height = self.size.height
        wanted = self._first_shown(height) + lines
        self._top = None if wanted >= self._end() - height else max(wanted, self._lines.first)
        self._update()

    def action_scroll_pages(self, pages: int) -> None:
        """Scroll by whole pages."""
        self.action_scroll_lines(pages * max(1, self.size.height - 1))

    def action_follow(self) -> None:
        """Show the newest lines, and those to come."""
        self._top = None
        self._update()

    def action_shift(self, cells: int) -> None:
        """Show what lies further right or left in long lines."""
        self._left = max(0, self._left + cells)
        self._update()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self.action_scroll_lines(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self.action_scroll_lines(3)
