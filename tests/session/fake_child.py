"""A child whose script speaks the protocol itself, with ``send`` and ``receive``."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from gradscope.core import commands, events, tensors, words
from gradscope.core.commands import Command
from gradscope.core.events import Event
from gradscope.core.wire import command_decoder, encode
from tests.recording.build import measured, moment

control = socket.socket(fileno=int(sys.argv[2]))


def _commands() -> Iterator[Command]:
    decoder = command_decoder()
    while data := control.recv(1 << 16):
        yield from decoder.feed(data)


def send(*sent: Event) -> None:
    control.sendall(b"".join(encode(event) for event in sent))


_received = _commands()
namespace = {
    **vars(commands),
    **vars(events),
    **vars(tensors),
    **vars(words),
    "control": control,
    "measured": measured,
    "moment": moment,
    "receive": lambda: next(_received),
    "send": send,
}
exec(compile(Path(sys.argv[3]).read_text(), sys.argv[3], "exec"), namespace)  # noqa: S102  # a test's own script
