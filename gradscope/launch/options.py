"""The child's own command line, which only gradscope writes."""

import sys
from typing import NamedTuple


class Options(NamedTuple):
    """What to run: ``target`` is a script's path, or a module's name where ``module`` is set.

    ``control`` is the file descriptor of the socket to the parent.
    """

    control: int
    eager: bool
    module: bool
    target: str
    arguments: list[str]


def parse_options(words: list[str]) -> Options:
    """Return what ``--control FD [--eager] (--module NAME | SCRIPT) ARGS...`` says.

    Raises:
        SystemExit: The words are not of that form, which only a parent writes.
    """
    match words:
        case ["--control", descriptor, "--eager", *rest]:
            eager = True
        case ["--control", descriptor, *rest]:
            eager = False
        case _:
            descriptor, rest, eager = "", [], False
    module = rest[:1] == ["--module"]
    chosen = rest[1:] if module else rest
    if not descriptor.isdecimal() or not chosen:
        sys.stderr.write("gradscope: started without a parent; use the command gradscope run\n")
        raise SystemExit(2)
    return Options(int(descriptor), eager, module, chosen[0], chosen[1:])


def original_command(options: Options, words: list[str]) -> list[str]:
    """Return ``words``, how this process was started, as python would have got them alone."""
    flags = words[: words.index("--control") - 1]
    chosen = ["-m", options.target] if options.module else [options.target]
    return [*flags, *chosen, *options.arguments]
