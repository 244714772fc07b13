"""Frames for the events of a run that torch need not be there for.

``Started`` and ``Finished`` are told of every script, while the structs of core load msgspec and
numpy, which must not come before the script's own imports.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Packable: TypeAlias = (
    bool | int | float | str | Sequence["Packable"] | Mapping[str, "Packable"] | None
)

PROTOCOL = 1
"""As in ``gradscope.core.events``."""


def frame(tag: str, fields: Mapping[str, Packable]) -> bytes:
    """Return the event that core tags with ``tag`` as one frame of the wire."""
    body = b"".join(_pack({"type": tag, **fields}))
    return struct.pack("<I", len(body)) + body


def _pack(value: Packable) -> list[bytes]:
    """Return ``value`` as msgpack, always in its widest forms."""
    match value:
        case None:
            pieces = [b"\xc0"]
        case bool():
            pieces = [b"\xc3" if value else b"\xc2"]
        case int():
            pieces = [struct.pack(">Bq", 0xD3, value)]
        case float():
            pieces = [struct.pack(">Bd", 0xCB, value)]
        case str():
            text = value.encode("utf-8", "backslashreplace")
            pieces = [struct.pack(">BI", 0xDB, len(text)), text]
        case Mapping():
            pieces = [struct.pack(">BI", 0xDF, len(value))]
            for key, item in value.items():
                pieces += _pack(key) + _pack(item)
        case _:
            pieces = [struct.pack(">BI", 0xDD, len(value))]
            for item in value:
                pieces += _pack(item)
    return pieces
