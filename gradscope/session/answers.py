"""What commands are, and what they answer with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from gradscope.session.source import Session


class CommandError(Exception):
    """A command cannot be understood or carried out; the message says why."""


@dataclass(frozen=True)
class Reply:
    """The answer to a command.

    ``text`` is for people and may have several lines. ``data`` is the same for programs: dicts,
    lists, strings, numbers, booleans and None; numbers may be NaN. ``leave`` asks the front end
    to end.
    """

    text: str
    data: dict[str, object] = field(default_factory=dict)
    leave: bool = False


Handler: TypeAlias = Callable[[Session, str, bool], Reply]
"""Takes the session, the text after the command's name, and whether to wait for a stop."""


@dataclass(frozen=True)
class Command:
    """One command of the language.

    Attributes:
        name: The full name.
        usage: The name with its arguments, optional ones in brackets.
        summary: One line on what it does.
        handler: Carries it out.
        aliases: Other names, such as a debugger's letter.
        details: More to say in its help, '' if nothing.
        moves: Whether it makes the script run on.
    """

    name: str
    usage: str
    summary: str
    handler: Handler
    aliases: tuple[str, ...] = ()
    details: str = ""
    moves: bool = False


def no_argument(command: str, text: str) -> None:
    """Refuse ``text`` after a command that takes none.

    Raises:
        CommandError: There is text.
    """
    if text:
        raise CommandError(f"{command} takes nothing after it, not {text!r}")


def count_of(command: str, text: str) -> int:
    """Return the number after a command, 1 where there is none.

    Raises:
        CommandError: It is no whole number from 1.
    """
    if not text:
        return 1
    if text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0:
        return int(text)
    raise CommandError(f"{command} takes a whole number from 1, not {text!r}")
