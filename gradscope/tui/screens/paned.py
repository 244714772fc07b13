"""The layout of the main screen: which panes there are, which show, and what lies over them."""

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.screen import Screen

from gradscope.tui.screens.pages import Pages
from gradscope.tui.widgets import (
    BatchPane,
    CodePane,
    FactsPane,
    HeaderBar,
    LayerTree,
    LossChart,
    OutputPane,
    PhaseBar,
    TensorPane,
)
from gradscope.tui.widgets.answer import AnswerPanel
from gradscope.tui.widgets.key_bar import KeyBar
from gradscope.tui.widgets.prompt import Asks, Prompt


class PanedScreen(Screen[None]):
    """All panes, with keys to go between them; what they show is a subclass's business."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  # as Textual declares it
        (0, "-narrow"),
        (100, "-normal"),
        (150, "-wide"),
        (190, "-xwide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012  # as Textual declares it
        (0, "-low"),
        (16, "-short"),
        (34, "-tall"),
        (46, "-xtall"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.pages = Pages(self)

    def compose(self) -> ComposeResult:
        """Place the panes; the style sheet says where."""
        yield HeaderBar()
        yield PhaseBar()
        with Container(id="body"):
            with Container(id="left"):
                yield LayerTree(id="layers")
                yield FactsPane(id="facts")
            with Container(id="main"):
                yield TensorPane(id="tensor")
                with Container(id="lower"):
                    yield LossChart(id="loss")
                    with Container(id="side"):
                        yield CodePane(id="code")
                        yield OutputPane(id="output")
                        yield BatchPane(id="batch")
        yield AnswerPanel()
        with Container(id="bottom"):
            yield KeyBar()
            yield Prompt(self.completions)

    def completions(self, text: str) -> list[str]:
        """Return the commands that ``text`` could become."""
        raise NotImplementedError

    def script_resized(self, size: Size) -> None:
        """Take note of how much room there is for what the script prints."""
        raise NotImplementedError

    def on_resize(self) -> None:
        """Show as many panes as there is room for."""
        self.pages.apply()
        self.call_after_refresh(self._measure_side)

    @on(events.DescendantFocus)
    def _pane_focused(self) -> None:
        self.pages.follow_focus()

    def _measure_side(self) -> None:
        side = self.query_one("#side").size
        # A border and a padding of one cell at each side.
        if side.width > 4 and side.height > 2:
            self.script_resized(Size(side.width - 4, side.height - 2))

    def action_pane(self, number: int) -> None:
        """Go to a pane by its number."""
        self.pages.go(number)
        self.call_after_refresh(self._measure_side)

    def action_turn(self, offset: int) -> None:
        """Go to the pane after (1) or before (-1)."""
        self.pages.turn(offset)
        self.call_after_refresh(self._measure_side)

    def action_zoom(self) -> None:
        """Give the focused pane the whole screen, or take it back."""
        self.pages.zoom()
        self.call_after_refresh(self._measure_side)

    def action_prompt(self, asks: str, text: str = "") -> None:
        """Open the prompt over the footer."""
        self.query_one(AnswerPanel).show("")
        self.query_one(KeyBar).display = False
        self.query_one(Prompt).ask(Asks(asks), text)

    def action_dismiss_over(self) -> None:
        """Take away what lies over the panes, or else the zoom."""
        answer = self.query_one(AnswerPanel)
        if answer.display:
            answer.show("")
        elif self.pages.zoomed:
            self.action_zoom()

    def close_prompt(self) -> None:
        """Give the footer its place back, and the focus to the pane that had it."""
        self.query_one(Prompt).close()
        self.set_focus(None)
        self.query_one(KeyBar).display = True
        self.pages.go(self.pages.page)
