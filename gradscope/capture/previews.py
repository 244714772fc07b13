"""Previews of batches: the first samples of each field, as the script gets them."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch

from gradscope.capture.arrays import dtype_name, is_readable
from gradscope.capture.slices import extract
from gradscope.core.commands import Slice
from gradscope.core.events import Preview

_IMAGES = 16
_LABELS = 64
_ROWS = 32
_CHANNELS = (1, 3, 4)
_FIELDS = 16


def preview(batch: Any) -> list[Preview]:
    """Return a preview of every tensor in a batch; call it inside ``quiet()``.

    Tuples, lists, mappings and dataclasses are looked into. A field is named by its key or
    place: ``0``, ``image``, ``meta.mask``.
    """
    named = _tensors(batch, "")
    return [_field(name, tensor) for name, tensor in named][:_FIELDS]


def _tensors(value: Any, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield name or "batch", value
        return
    if name.count(".") > 3:
        return
    parts: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        parts = list(value.items())
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = list(zip(value._fields, value, strict=True))
    elif isinstance(value, list | tuple):
        parts = list(enumerate(value))
    elif is_dataclass(value) and not isinstance(value, type):
        parts = [(part.name, getattr(value, part.name, None)) for part in fields(value)]
    for key, inner in parts[: 4 * _FIELDS]:
        yield from _tensors(inner, f"{name}.{key}" if name else str(key))


def _field(name: str, tensor: torch.Tensor) -> Preview:
    kind, index = _kind(tensor)
    data = None
    if index is not None and is_readable(tensor):
        try:
            data = extract(tensor, index)
        except LookupError:
            kind = "other"
    return Preview(name, kind, tuple(tensor.shape), dtype_name(tensor), data)


def _kind(tensor: torch.Tensor) -> tuple[str, list[Slice] | None]:
    shape = tensor.shape
    if tensor.is_complex() or not is_readable(tensor):
        return "other", None
    pictures = tensor.is_floating_point() or tensor.dtype == torch.uint8
    if tensor.ndim == 4 and shape[1] in _CHANNELS and pictures and min(shape[2:]) >= 4:
        return "images", [Slice(0, _IMAGES)]
    if tensor.ndim == 1:
        return "labels", [Slice(0, _LABELS)]
    if tensor.ndim == 2:
        return "rows", [Slice(0, _ROWS), Slice(0, _ROWS)]
    return "other", None
