"""What a half-typed command line could become."""

import re
from collections.abc import Callable, Iterable, Sequence

from gradscope.core.grammar import CALLS, NAMES, TENSORS
from gradscope.core.words import Phase, Role
from gradscope.session.answers import Command
from gradscope.session.looking import SERIES
from gradscope.session.names import module_names, parameter_names, state_names
from gradscope.session.source import Session

_LIMIT = 200
_QUOTED = re.compile(r"""(?P<call>\w+)\(\s*(?P<quote>["'])(?P<name>[^"']*)$""")
_WORD = re.compile(r"[A-Za-z_]\w*$")


def complete_line(session: Session, text: str, commands: Sequence[Command]) -> list[str]:
    """Return the lines that ``text`` could become, in the order of tables and of the model."""
    start = text.lstrip()
    name, space, rest = start.partition(" ")
    lead = text[: len(text) - len(start)]
    if not space:
        return [lead + c.name for c in commands if c.name.startswith(name) and c.name != name]
    command = next((c for c in commands if name in {c.name, *c.aliases}), None)
    if command is None or command.name not in _ARGUMENTS:
        return []
    head = text[: len(text) - len(rest)]
    found = _ARGUMENTS[command.name](session, rest, commands)
    return [head + line for line in found if line != rest][:_LIMIT]


def _last_word(rest: str, choices: Iterable[str]) -> list[str]:
    head, space, word = rest.rpartition(" ")
    return [head + space + choice for choice in choices if choice.startswith(word)]


def _show(session: Session, rest: str, _commands: Sequence[Command]) -> list[str]:
    if "(" in rest:
        return _expression(session, rest)
    words = rest.split(" ")[:-1]
    before = words[:1] == ["before"]
    words = words[1:] if before else words
    parameters, modules = parameter_names(session), [m for m in module_names(session) if m]
    if not words:
        first = [] if before else ["before"]
        return _last_word(rest, [*parameters, *modules, *Role, *first])
    if words == [Role.STATE]:
        return _last_word(rest, parameters)
    if words[0] == Role.STATE:
        prefix = f"{words[1]}:"
        known = [name.removeprefix(prefix) for name in state_names(session) if prefix in name]
        return _last_word(rest, known)
    if words[0] in {Role.ACTIVATION, Role.GRAD_OUTPUT}:
        return _last_word(rest, modules)
    return _last_word(rest, parameters)


def _expression(session: Session, rest: str) -> list[str]:
    quoted = _QUOTED.search(rest)
    if quoted is not None:
        of_module = TENSORS.get(quoted["call"]) in {Role.ACTIVATION, Role.GRAD_OUTPUT}
        names = module_names(session) if of_module else parameter_names(session)
        head = rest[: quoted.start("name")]
        close = quoted["quote"]
        return [f"{head}{n}{close}" for n in names if n.startswith(quoted["name"])]
    word = _WORD.search(rest)
    if word is None:
        return []
    head = rest[: word.start()]
    return [
        *(head + name for name in NAMES if name.startswith(word[0])),
        *(f"{head}{name}(" for name in CALLS if name.startswith(word[0])),
    ]


def _goto(session: Session, rest: str, _commands: Sequence[Command]) -> list[str]:
    number, colon, phase = rest.partition(":")
    if not colon:
        return []
    moment = session.recording.latest_moment(session.cursor)
    seen = [] if moment is None else [m.phase for m in session.recording.phases(moment.iteration)]
    order = dict.fromkeys([*seen, *Phase])
    return [f"{number}:{choice}" for choice in order if choice.startswith(phase)]


_ARGUMENTS: dict[str, Callable[[Session, str, Sequence[Command]], list[str]]] = {
    "show": _show,
    "goto": _goto,
    "print": lambda session, rest, _: _expression(session, rest),
    "layers": lambda session, rest, _: _last_word(rest, parameter_names(session)),
    "select": lambda session, rest, _: _last_word(rest, parameter_names(session)),
    "plot": lambda _session, rest, _: _last_word(rest, SERIES),
    "help": lambda _session, rest, commands: _last_word(rest, [c.name for c in commands]),
}
