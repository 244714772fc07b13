"""What passed through modules in this iteration: their outputs and the gradients there."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch

CAP = 256 << 20


def first_tensor(value: Any) -> torch.Tensor | None:
    """Return the first tensor in a module's output, None if there is none.

    Tuples, lists, dicts, mappings and dataclasses are searched in their own order.
    """
    return next(tensors_in(value), None)


def tensors_in(value: Any, depth: int = 4) -> Iterator[torch.Tensor]:
    """Yield the tensors in a value, at most ``depth`` containers deep."""
    if isinstance(value, torch.Tensor):
        yield value
    elif depth == 0:
        return
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from tensors_in(inner, depth - 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from tensors_in(inner, depth - 1)
    elif is_dataclass(value) and not isinstance(value, type):
        for part in fields(value):
            yield from tensors_in(getattr(value, part.name, None), depth - 1)


class Outputs:
    """Copies of tensors by module name, held under a cap.

    Args:
        cap: The most bytes held at once.
    """

    def __init__(self, cap: int = CAP) -> None:
        self._cap = cap
        self._held: dict[str, torch.Tensor] = {}
        self._bytes = 0

    def clear(self) -> None:
        """Let go of everything."""
        self._held.clear()
        self._bytes = 0

    def hold(self, name: str, tensor: torch.Tensor) -> None:
        """Hold a copy of a tensor; call it inside ``quiet()``.

        One that does not fit under the cap is left out. Of several under one name the last
        stays.
        """
        self._bytes -= _bytes(self._held.pop(name, None))
        if self._bytes + _bytes(tensor) <= self._cap:
            self._held[name] = tensor.detach().clone()
            self._bytes += _bytes(tensor)

    def get(self, name: str) -> torch.Tensor | None:
        """Return what was held under this name, None if nothing is."""
        return self._held.get(name)

    def items(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield name and tensor of all that is held."""
        yield from self._held.items()


def _bytes(tensor: torch.Tensor | None) -> int:
    return 0 if tensor is None else tensor.numel() * tensor.element_size()
