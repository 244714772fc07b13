"""The actions of the screen: one table that feeds key bindings, footer, help and palette."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from textual.binding import Binding

from gradscope.session.source import RunState


class Group(StrEnum):
    """A heading of the help screen."""

    RUN = "Run the script"
    LOOK = "Look at a moment"
    PANES = "Panes"
    PROGRAM = "The program"


_STOPPED = frozenset({RunState.PAUSED, RunState.RECORDED})
_LOOKING_BACK = frozenset({RunState.RECORDED})
_GOING = frozenset({RunState.RUNNING, RunState.STARTING})
_ALWAYS = frozenset(RunState)


@dataclass(frozen=True)
class Action:
    """One thing that the user can do.

    Attributes:
        id: What the binding is called in a keymap.
        keys: Keys as Textual names them, the one to show first.
        label: A word or two for the footer.
        help: A sentence for the help screen and the palette.
        command: The line of the command language that it stands for; '' if it is the screen's own.
        method: The screen's own action, as Textual writes one; '' if it is a command.
        footer: The states of the run in which the footer shows it.
        priority: Whether the key works before the focused pane sees it: for those that must not
            wait, and those that open a prompt, into which the keys typed next belong.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    command: str = ""
    method: str = ""
    footer: frozenset[RunState] = frozenset()
    priority: bool = False

    @property
    def call(self) -> str:
        """The action as Textual runs it on the main screen."""
        return f"execute({self.command!r})" if self.command else self.method

    @property
    def key_names(self) -> tuple[str, ...]:
        """The keys as the footer and the help screen write them."""
        return tuple(_key_name(key) for key in self.keys)


_NAMES = {"slash": "/", "question_mark": "?", "colon": ":", "greater_than_sign": ">"}


def _key_name(key: str) -> str:
    return _NAMES.get(key, key.replace("ctrl+", "^"))


def _pane(number: int, name: str) -> Action:
    return Action(
        f"pane.{number}",
        (str(number),),
        name,
        f"Go to pane {number}: {name}.",
        method=f"pane({number})",
    )


ACTIONS: dict[Group, tuple[Action, ...]] = {
    Group.RUN: (
        Action(
            "next",
            ("n",),
            "next",
            "Run to the end of the next phase, or inside a phase to the next module or gradient.",
            command="next",
            footer=_STOPPED,
        ),
        Action(
            "toggle",
            ("space",),
            "next or pause",
            "Run to the next moment, or pause a script that runs.",
            method="next_or_pause",
            priority=True,
        ),
        Action(
            "into",
            ("s",),
            "into",
            "Step into a phase: forward by modules, backward by gradients.",
            command="into",
            footer=_STOPPED,
        ),
        Action("out", ("o",), "out", "Finish the phase.", command="out"),
        Action(
            "phase",
            ("p",),
            "phase",
            "Run to the end of the next phase.",
            command="phase",
        ),
        Action(
            "iteration",
            ("i",),
            "iteration",
            "Run into the next iteration.",
            command="iteration",
            footer=_STOPPED,
        ),
        Action(
            "epoch",
            ("e",),
            "epoch",
            "Run until the DataLoader starts over.",
            command="epoch",
        ),
        Action(
            "back",
            ("b",),
            "back",
            "Look at the moment before this one (in a recorded run).",
            method="back(False)",
            footer=_LOOKING_BACK,
        ),
        Action(
            "back.iteration",
            ("B",),
            "back an iteration",
            "Look at the same phase one iteration earlier (in a recorded run).",
            method="back(True)",
        ),
        Action(
            "continue",
            ("c",),
            "continue",
            "Run on without a stop.",
            command="continue",
            footer=_STOPPED,
        ),
        Action(
            "run",
            ("r",),
            "run N",
            "Run as many iterations as you then type.",
            method="prompt('run')",
            priority=True,
        ),
        Action(
            "goto",
            ("g",),
            "goto",
            "Run to an iteration and phase, such as 120:backward.",
            method="prompt('goto')",
            footer=_STOPPED,
            priority=True,
        ),
        Action(
            "pause",
            ("P",),
            "pause",
            "Stop the running script at its next moment.",
            command="pause",
            footer=_GOING,
        ),
        Action(
            "interrupt",
            ("ctrl+c",),
            "pause or quit",
            "Pause a running script, interrupt it at a second press; quit where none runs.",
            method="pause_or_quit",
            priority=True,
        ),
        Action(
            "input",
            ("greater_than_sign",),
            "input",
            "Type a line for a script that waits in input(); ctrl+d ends its input.",
            method="prompt('input')",
            footer=_GOING,
            priority=True,
        ),
    ),
    Group.LOOK: (
        Action(
            "filter",
            ("slash",),
            "filter",
            "Show only layers whose name holds what you type.",
            method="prompt('filter')",
            footer=_ALWAYS,
            priority=True,
        ),
        Action(
            "flip",
            ("v",),
            "before ⇄ after",
            "Show the tensors after this phase, before it, or the difference.",
            method="flip",
            footer=_ALWAYS,
        ),
        Action(
            "follow",
            ("f",),
            "follow",
            "Let the selected layer follow the moment, or stay.",
            method="follow",
        ),
        Action(
            "explain",
            ("w", "enter"),
            "explain",
            "Explain what this phase does, with its numbers.",
            method="explain",
        ),
    ),
    Group.PANES: (
        _pane(1, "layers"),
        _pane(2, "weight, grad and update"),
        _pane(3, "loss"),
        _pane(4, "code"),
        _pane(5, "output"),
        _pane(6, "batch"),
        Action("pane.next", ("tab",), "next pane", "Go to the next pane.", method="turn(1)"),
        Action(
            "pane.previous",
            ("shift+tab",),
            "previous pane",
            "Go to the pane before.",
            method="turn(-1)",
        ),
        Action(
            "zoom",
            ("m",),
            "zoom",
            "Give the focused pane the whole screen, or take it back.",
            method="zoom",
            footer=_ALWAYS,
        ),
        Action(
            "dismiss",
            ("escape",),
            "close",
            "Close what lies over the panes, or else the zoom.",
            method="dismiss_over",
        ),
    ),
    Group.PROGRAM: (
        Action(
            "command",
            ("colon",),
            "command",
            "Type a command; tab completes, up and down recall.",
            method="prompt('command')",
            priority=True,
        ),
        Action(
            "help",
            ("question_mark",),
            "help",
            "Show this help.",
            method="help",
            footer=_ALWAYS,
        ),
        Action(
            "palette",
            ("ctrl+p",),
            "palette",
            "Find an action or command by name.",
            method="app.command_palette",
            footer=_ALWAYS,
        ),
        Action(
            "theme",
            ("t",),
            "theme",
            "Change between the dark and the light theme.",
            method="app.switch_theme",
        ),
        Action(
            "suspend",
            ("ctrl+z",),
            "suspend",
            "Go back to the shell; the script waits until fg.",
            method="app.suspend_process",
            priority=True,
        ),
        Action(
            "quit",
            ("q",),
            "quit",
            "End the script cleanly and leave. A running script asks for a second press.",
            method="quit",
            footer=frozenset({RunState.ENDED}),
        ),
    ),
}


def all_actions() -> Iterator[Action]:
    """Yield the actions of all groups."""
    return chain.from_iterable(ACTIONS.values())


def bindings() -> list[Binding]:
    """Return the key bindings of the main screen, one for each action."""
    return [
        Binding(
            ",".join(action.keys),
            action.call,
            action.label,
            show=False,
            priority=action.priority,
            id=action.id,
        )
        for action in all_actions()
    ]


def footer(state: RunState) -> Iterator[tuple[str, str, str]]:
    """Yield key, label and call of each action that the footer shows while the run is so."""
    for action in all_actions():
        if state in action.footer:
            yield action.key_names[0], action.label, action.call
