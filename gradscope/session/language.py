"""The command language: one line in, one answer out, the same in every front end."""

from gradscope.core.grammar import nearest
from gradscope.recording import RecordingError
from gradscope.session import looking, movement
from gradscope.session.answers import Command, CommandError, Reply
from gradscope.session.completion import complete_line
from gradscope.session.history import note, note_pause, settle
from gradscope.session.source import Session, SessionError

__all__ = [
    "COMMANDS",
    "Command",
    "CommandError",
    "Reply",
    "complete",
    "execute",
    "find",
    "help_text",
    "parse_line",
]


def _help(_session: Session, text: str, _wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    shown = help_text(text)
    return Reply(shown, {"help": shown})


COMMANDS: tuple[Command, ...] = (
    *movement.COMMANDS,
    *looking.COMMANDS,
    Command("help", "help [NAME]", "list the commands, or explain one", _help, ("h", "?")),
)
"""All commands, in the order in which help lists them."""

_BY_NAME = {
    **{alias: command for command in COMMANDS for alias in command.aliases},
    **{command.name: command for command in COMMANDS},
}
_MOVEMENTS = frozenset(command.name for command in COMMANDS if command.moves)


def find(name: str) -> Command:
    """Return the command of that name, alias, or unambiguous beginning of a name.

    Raises:
        CommandError: There is none, or more than one.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    meant = [command.name for command in COMMANDS if command.name.startswith(name)]
    if len(meant) == 1:
        return _BY_NAME[meant[0]]
    if meant:
        raise CommandError(f"{name!r} may mean {' or '.join(meant)}")
    near = nearest(name, [command.name for command in COMMANDS])
    known = f"did you mean {' or '.join(near)}?" if near else "help lists the commands"
    raise CommandError(f"there is no command {name!r}; {known}")


def parse_line(line: str) -> tuple[Command, str]:
    """Return the command of a line, and the text after its name.

    Raises:
        CommandError: There is no command of that name.
    """
    name, _, rest = line.strip().partition(" ")
    if not name:
        raise CommandError("a command is missing; help lists them")
    if name[0] == "?" and len(name) > 1:
        return find("help"), name[1:]
    return find(name), rest.strip()


def execute(session: Session, line: str, *, wait: bool = True) -> Reply:
    """Carry out one line.

    With ``wait``, a command that makes the script run on answers when it has stopped or ended,
    however long that takes; ctrl+C then pauses it. Without, it answers at once.

    Raises:
        CommandError: The line is no command, or cannot be carried out now. The message is one
            line, but for an expression, which is repeated with a caret under the place.
    """
    command, rest = parse_line(line)
    settle(session, _MOVEMENTS)
    remembered = len(session.history)
    if command.name == "pause":
        note_pause(session)
    else:
        note(session, command, rest)
    try:
        return command.handler(session, rest, wait)
    except (SessionError, RecordingError, CommandError) as error:
        del session.history[remembered:]
        raise CommandError(str(error)) from None


def complete(session: Session, text: str) -> list[str]:
    """Return the lines that ``text`` could become, most likely first."""
    return complete_line(session, text, COMMANDS)


def help_text(name: str = "") -> str:
    """Return the list of commands, or the help of one.

    Raises:
        CommandError: There is no command of that name.
    """
    if name:
        command = find(name)
        lines = [command.usage, f"  {command.summary}"]
        lines += [f"  {line}" for line in command.details.splitlines()]
        if command.aliases:
            lines.append(f"  Also: {', '.join(command.aliases)}")
        return "\n".join(lines)
    width = max(len(command.usage) for command in COMMANDS)
    return "\n".join(f"{c.usage.ljust(width)}  {c.summary}" for c in COMMANDS)
