"""Names for things of the script: the variables that hold them."""

from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import Any

from torch import nn


def variable_name(frames: Iterable[FrameType], value: object) -> str | None:
    """Return the variable that holds ``value``, looking from the innermost frame outwards.

    Elements of lists, tuples and dicts and attributes of ``self`` are found too, as
    ``layers.0``, ``params.w`` and ``w``.
    """
    for frame in frames:
        for scope in (frame.f_locals, frame.f_globals):
            for name, held in _entries(scope):
                if held is value:
                    return name
    return None


def variable_value(frames: Iterable[FrameType], name: str) -> object | None:
    """Return what the variable of that name holds; the inverse of ``variable_name``."""
    for frame in frames:
        for scope in (frame.f_locals, frame.f_globals):
            for found, held in _entries(scope):
                if found == name:
                    return held
    return None


def modules_in(frames: Iterable[FrameType]) -> Iterator[nn.Module]:
    """Yield the modules that the script's variables hold, the innermost frame's first."""
    for frame in frames:
        for scope in (frame.f_locals, frame.f_globals):
            yield from (held for _, held in _entries(scope) if isinstance(held, nn.Module))


def _entries(scope: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield what a scope holds, variables before what they contain."""
    variables = [(name, held) for name, held in list(scope.items()) if not name.startswith("__")]
    yield from variables
    for name, held in variables:
        if name == "self":
            yield from [(str(key), inner) for key, inner in getattr(held, "__dict__", {}).items()]
        elif type(held) in {list, tuple} and len(held) <= 1000:
            yield from ((f"{name}.{place}", inner) for place, inner in enumerate(held))
        elif type(held) is dict and len(held) <= 1000:
            yield from ((f"{name}.{key}", inner) for key, inner in list(held.items()))
