"""The explanation of one phase: what it did here, and what such a phase is for."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from gradscope.core.words import Phase
from gradscope.explain.words import Description
from gradscope.tui.draw.palette import Tone, tone_of
from gradscope.tui.draw.text import plain
from gradscope.tui.screens.glossary import PHASES
from gradscope.tui.widgets import palette_of
from gradscope.tui.widgets.pane import mark_terminal


class ExplainScreen(ModalScreen[None]):
    """A page about the current moment; escape, q or enter closes it."""

    CSS_PATH = "explain.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,w", "dismiss", "Close"),
    ]

    def __init__(self, phase: Phase, description: Description) -> None:
        super().__init__()
        self._phase = phase
        self._description = description

    def compose(self) -> ComposeResult:
        """Place the sentence, the numbers and the meaning of the phase."""
        with VerticalScroll() as page:
            page.border_title = Content.assemble("What ", (self._phase.value, self._colour), " did")
            page.border_subtitle = "esc closes"
            yield Static(Content(self._text(self._description.sentence)), classes="sentence")
            for row in self._description.rows:
                colour = f"${tone_of(row.role).value}" if row.role is not None else "$foreground"
                label = Content.styled(self._text(row.label).ljust(10), f"${Tone.DIM.value}")
                yield Static(label + Content.styled(self._text(row.text), colour))
            yield Static(Content(self._text(PHASES[self._phase])), classes="meaning")

    def on_mount(self) -> None:
        """Take the border that the terminal can show."""
        mark_terminal(self)

    def _text(self, text: str) -> str:
        return palette_of(self.app).glyph(text, plain(text))

    @property
    def _colour(self) -> str:
        tone = tone_of(self._phase)
        return f"bold ${tone.value}" if tone is not Tone.TEXT else "bold"
