"""The prompt: one line at the bottom of the screen for whatever the user has to type."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Label

Completer = Callable[[str], Sequence[str]]
"""Returns what a beginning of a line could become: whole lines, likeliest first."""


class Asks(StrEnum):
    """What a prompt asks for."""

    COMMAND = "command"
    GOTO = "goto"
    RUN = "run"
    FILTER = "filter"
    INPUT = "input"


_LABELS = {
    Asks.COMMAND: ":",
    Asks.GOTO: "goto",
    Asks.RUN: "run",
    Asks.FILTER: "/",
    Asks.INPUT: ">",
}
_HINTS = {
    Asks.COMMAND: "a command: tab completes, help lists them",
    Asks.GOTO: "iteration, or iteration:phase, such as 120:backward",
    Asks.RUN: "how many iterations",
    Asks.FILTER: "part of a layer's name",
    Asks.INPUT: "a line for the script, ctrl+d ends its input",
}


class _Completions(Suggester):
    def __init__(self, completer: Completer) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._completer = completer

    async def get_suggestion(self, value: str) -> str | None:
        return next((line for line in self._completer(value) if line.startswith(value)), None)


class _Line(Input):
    """An input whose ctrl+d can end the script's input, and whose tab completes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("tab", "cursor_right_or_accept", "Complete"),
        ("ctrl+d", "end_or_delete", "End of input"),
        ("up", "recall(-1)", "Earlier line"),
        ("down", "recall(1)", "Later line"),
        ("escape", "leave", "Leave"),
    ]

    class Recall(Message):
        """An earlier (-1) or a later (1) line is wanted."""

        def __init__(self, offset: int) -> None:
            super().__init__()
            self.offset = offset

    class Leave(Message):
        """The line is not wanted any more."""

    class End(Message):
        """The script's input is at its end."""

    def action_cursor_right_or_accept(self) -> None:
        """Take the suggestion as it stands."""
        self.cursor_position = len(self.value)
        self.action_cursor_right()

    def action_end_or_delete(self) -> None:
        """End the input where the line is empty, as a terminal does; delete otherwise."""
        if self.value:
            self.action_delete_right()
        else:
            self.post_message(self.End())

    def action_recall(self, offset: int) -> None:
        """Ask for another line of the history."""
        self.post_message(self.Recall(offset))

    def action_leave(self) -> None:
        """Give the line up."""
        self.post_message(self.Leave())


class Prompt(Horizontal):
    """One line to type into, with a history for each thing it asks for and with completion."""

    DEFAULT_CSS = """
    Prompt {
        height: 1; display: none; background: $panel;
        Label { width: auto; padding: 0 1; color: $accent; text-style: bold; }
        Input {
            width: 1fr; height: 1; border: none; padding: 0; background: $panel;
            &:focus { border: none; background-tint: $foreground 0%; }
            & > .input--cursor, &:ansi > .input--cursor {
                color: $foreground; background: $panel; text-style: reverse;
            }
            & > .input--placeholder, & > .input--suggestion { color: $dim; background: $panel; }
        }
    }
    """

    @dataclass
    class Submitted(Message):
        """A line was typed."""

        asks: Asks
        text: str

    @dataclass
    class Edited(Message):
        """The line changed while it is being typed."""

        asks: Asks
        text: str

    @dataclass
    class Left(Message):
        """The prompt was given up."""

        asks: Asks

    class EndOfInput(Message):
        """The script's input is to end."""

    def __init__(self, completer: Completer, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._completer = completer
        self._asks = Asks.COMMAND
        self._history: dict[Asks, list[str]] = {asks: [] for asks in Asks}
        self._place = 0

    def compose(self) -> ComposeResult:
        """Place the label and the line."""
        yield Label(":")
        line = _Line(compact=True, select_on_focus=False)
        line.cursor_blink = False
        yield line

    def ask(self, asks: Asks, text: str = "") -> None:
        """Open the prompt and give it the focus, with ``text`` typed already."""
        self._asks = asks
        self._place = len(self._history[asks])
        line = self.query_one(_Line)
        line.suggester = _Completions(self._completer) if asks is Asks.COMMAND else None
        line.placeholder = _HINTS[asks]
        line.value = text
        line.cursor_position = len(text)
        self.query_one(Label).update(_LABELS[asks])
        self.display = True
        # At once, so that keys that follow are typed into the line.
        self.screen.set_focus(line)

    def close(self) -> None:
        """Hide the prompt."""
        self.display = False

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell what is being typed."""
        event.stop()
        if self.display:
            self.post_message(self.Edited(self._asks, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Remember the line and hand it on."""
        event.stop()
        history = self._history[self._asks]
        if event.value and event.value not in history[-1:]:
            history.append(event.value)
        self.post_message(self.Submitted(self._asks, event.value))

    def on__line_recall(self, event: _Line.Recall) -> None:
        """Show another line of the history; after the newest comes an empty line."""
        event.stop()
        history = self._history[self._asks]
        self._place = max(0, min(len(history), self._place + event.offset))
        line = self.query_one(_Line)
        line.value = history[self._place] if self._place < len(history) else ""
        line.cursor_position = len(line.value)

    def on__line_leave(self, event: _Line.Leave) -> None:
        """Give the prompt up."""
        event.stop()
        self.post_message(self.Left(self._asks))

    def on__line_end(self, event: _Line.End) -> None:
        """End the script's input; elsewhere ctrl+d on an empty line leaves the prompt."""
        event.stop()
        if self._asks is Asks.INPUT:
            self.post_message(self.EndOfInput())
        else:
            self.post_message(self.Left(self._asks))
