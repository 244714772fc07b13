"""Leaves: tensors that a backward will reach and that no known model holds."""

from collections.abc import Iterable, Sequence
from types import CodeType, FrameType
from typing import Any, TypeAlias

import torch
from torch import nn

from gradscope.capture.discovery import Registry
from gradscope.capture.frames import Frames
from gradscope.capture.naming import modules_in, variable_name, variable_value

Place: TypeAlias = tuple[CodeType, int, int]
"""A place in the script, and how many models were known there."""

_LIMIT = 100_000


def adopt_leaves(
    registry: Registry, frames: Frames, outputs: Sequence[torch.Tensor], walked: set[Place | None]
) -> None:
    """Name the unknown leaves behind ``outputs``, by the module or variable that holds them.

    The graph is walked again only where backward is called from a new place, or where loose
    tensors are trained, which a script may replace at any time. ``walked`` keeps the places;
    the frame that calls backward is pinned.
    """
    frame = frames.pinned
    place = None if frame is None else (frame.f_code, frame.f_lasti, len(registry.models))
    if place in walked and not registry.has_loose:
        return
    walked.add(place)
    adopt(registry, frames, _leaves(outputs))


def adopt(registry: Registry, frames: Frames, leaves: Iterable[torch.Tensor]) -> None:
    """Name leaves; those that no module and no variable holds stay unknown."""
    unknown = [leaf for leaf in leaves if registry.find(leaf) is None]
    scopes = frames.all() if unknown else []
    loose: dict[str, torch.Tensor] = {}
    for leaf in unknown:
        if registry.find(leaf) is not None:
            continue
        owner = _owner(scopes, leaf) if isinstance(leaf, nn.Parameter) else None
        if owner is not None:
            registry.adopt(owner, scopes)
            continue
        name = variable_name(scopes, leaf)
        if name is not None:
            loose[name] = leaf
    if loose:
        registry.adopt_loose(loose)


def follow_variables(registry: Registry, frames: Frames) -> None:
    """Let the names of loose tensors that are gone stand for what their variables hold now."""
    lost = registry.lost()
    if not lost:
        return
    scopes = frames.all()
    held = {name: variable_value(scopes, name) for name in lost}
    leaves = {n: t for n, t in held.items() if isinstance(t, torch.Tensor) and t.is_leaf}
    if leaves:
        registry.adopt_loose(leaves)


def _leaves(outputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return the leaves of a graph in the order in which they were used."""
    pending: list[Any] = [t.grad_fn for t in outputs if t.grad_fn is not None]
    seen = set(pending)
    found: list[torch.Tensor] = []
    while pending and len(seen) < _LIMIT:
        node = pending.pop()
        variable = getattr(node, "variable", None)
        if isinstance(variable, torch.Tensor):
            found.append(variable)
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                pending.append(following)
    return found[::-1]


def _owner(frames: Iterable[FrameType], leaf: torch.Tensor) -> nn.Module | None:
    """Return the module held by the script's variables that has this parameter."""
    for module in modules_in(frames):
        if any(parameter is leaf for parameter in module.parameters()):
            return module
    return None
