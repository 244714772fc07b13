"""The user's script, at the line that runs."""

from pathlib import PurePath
from typing import ClassVar, Unpack

from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from gradscope.core.words import Phase, Role
from gradscope.tui.draw.code import coloured_lines, draw_code
from gradscope.tui.draw.palette import Palette, Tone, tone_of
from gradscope.tui.draw.text import printable, row
from gradscope.tui.widgets.pane import Options, Pane


class CodePane(Pane):
    """A source file with the current line marked in the colour of what its phase writes."""

    KEY = "4"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_lines(-1)", "line up", show=False),
        Binding("down", "scroll_lines(1)", "line down", show=False),
        Binding("pageup", "scroll_pages(-1)", "page up", show=False),
        Binding("pagedown", "scroll_pages(1)", "page down", show=False),
        Binding("home", "scroll_lines(-1_000_000)", "first line", show=False),
        Binding("end", "scroll_lines(1_000_000)", "last line", show=False),
    ]

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self._text = ""
        self._line: int | None = None
        self._tone = Tone.TEXT
        self._top: int | None = None

    def on_mount(self) -> None:
        """Name the pane before there is a file."""
        super().on_mount()
        if not self._text:
            self.set_titles("Code")

    def show(
        self,
        file: str,
        text: str,
        line: int | None,
        role: Role | Phase | None = None,
        function: str = "",
    ) -> None:
        """Show ``text`` of ``file`` around ``line`` (from 1), inside ``function``."""
        shown = (self._text, self._line, self._tone)
        if (text, line) != shown[:2]:
            self._top = None
        self._text, self._line, self._tone = text, line, tone_of(role)
        where = f"line {line}" if line is not None else ""
        if function and not function.startswith("<"):
            where += f"{self.palette.glyph(' · ', ' - ')}{function}()"
        self.set_titles(printable(PurePath(file).name) or "Code", where)
        if (self._text, self._line, self._tone) != shown:
            self.changed()

    def draw(self, width: int, height: int, palette: Palette) -> list[Strip]:
        """Return the visible lines; the current one is kept in the middle."""
        if not self._text:
            dim = palette.style(Tone.DIM)
            return [row(width, [("no source here yet", dim)], palette.style(Tone.TEXT))]
        return draw_code(
            self._text,
            (width, height),
            palette,
            top=self._first_line(height),
            current=self._line,
            tone=self._tone,
        )

    def _first_line(self, height: int) -> int:
        lines = len(coloured_lines(self._text))
        wanted = self._top if self._top is not None else (self._line or 1) - height // 2
        return max(1, min(wanted, lines - height + 1))

    def action_scroll_lines(self, lines: int) -> None:
        """Scroll until the current line changes."""
        self._top = self._first_line(self.size.height) + lines
        self._top = self._first_line(self.size.height)
        self.changed()

    def action_scroll_pages(self, pages: int) -> None:
        """Scroll by whole pages."""
        self.action_scroll_lines(pages * max(1, self.size.height - 1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self.action_scroll_lines(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self.action_scroll_lines(3)
