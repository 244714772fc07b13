"""The answer panel: what a command said, over the bottom of the screen until the next key."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from gradscope.tui.draw.text import plain
from gradscope.tui.widgets.pane import palette_of


class AnswerPanel(VerticalScroll):
    """A few lines over the panes. It takes no room from them and goes when it is not wanted."""

    can_focus = False
    DEFAULT_CSS = """
    AnswerPanel {
        layer: above; dock: bottom; margin-bottom: 1; display: none;
        height: auto; max-height: 60%; padding: 0 1;
        background: $panel; color: $foreground; scrollbar-size-vertical: 1;
        &.-problem { color: $warning; }
        Static { width: auto; height: auto; }
    }
    """

    def compose(self) -> ComposeResult:
        """Place the text."""
        yield Static(markup=False)

    def show(self, text: str, *, problem: bool = False) -> None:
        """Show ``text``, from its first line; nothing where it is empty."""
        if not text and not self.display:
            return  # a new text would have the whole screen laid out anew
        self.display = bool(text)
        self.set_class(problem, "-problem")
        shown = palette_of(self.app).glyph(text, plain(text))
        self.query_one(Static).update(Content(shown))
        self.scroll_home(animate=False)
