"""The help screen: every key, command, sign and word."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from gradscope.tui.actions import ACTIONS
from gradscope.tui.draw.palette import Tone
from gradscope.tui.draw.text import plain
from gradscope.tui.screens.glossary import SIGNS, WORDS, Entry
from gradscope.tui.widgets import palette_of
from gradscope.tui.widgets.pane import mark_terminal

_NAME_WIDTH = 13


class HelpScreen(ModalScreen[None]):
    """A page to scroll through; escape, q or ? closes it."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss", "Close"),
        Binding("j", "page('down')", "Down"),
        Binding("k", "page('up')", "Up"),
    ]

    def __init__(self, commands: Iterable[tuple[str, str]]) -> None:
        """Take the commands of the command language, each with its usage and help."""
        super().__init__()
        self._commands = tuple(commands)

    def compose(self) -> ComposeResult:
        """Place the sections one under the other."""
        with VerticalScroll() as page:
            page.border_title = "Help"
            page.border_subtitle = "arrow keys scroll, esc closes"
            yield Static(Group(*self._sections()))

    def on_mount(self) -> None:
        """Take the border that the terminal can show."""
        mark_terminal(self)

    def action_page(self, direction: str) -> None:
        """Move the page by a row."""
        self.query_one(VerticalScroll).scroll_relative(
            y=1 if direction == "down" else -1, animate=False
        )

    def _sections(self) -> Iterator[RenderableType]:
        for group, actions in ACTIONS.items():
            yield from self._section(
                group.value,
                (Entry(" ".join(action.key_names), Tone.HOT, action.help) for action in actions),
            )
        yield from self._section("Signs", SIGNS)
        yield from self._section("Words", WORDS)
        yield from self._section(
            "Commands, typed after :",
            (Entry(usage, Tone.HOT, text) for usage, text in self._commands),
            width=max((len(usage) for usage, _ in self._commands), default=0),
        )

    def _section(
        self, title: str, entries: Iterable[Entry], *, width: int = _NAME_WIDTH
    ) -> Iterator[RenderableType]:
        palette = palette_of(self.app)
        dim = Style(color=palette.name(Tone.DIM))
        table = Table.grid(padding=(0, 1, 0, 1), expand=True)
        table.add_column(width=width)
        table.add_column(ratio=1)
        for entry in entries:
            style = Style(color=palette.name(entry.tone), bold=True)
            sign = palette.glyph(entry.sign, entry.ascii or plain(entry.sign))
            meaning = palette.glyph(entry.meaning, plain(entry.meaning))
            table.add_row(Text(sign, style), Text(meaning, dim))
        yield Text(title, Style(bold=True, underline=True))
        yield table
        yield Text()
