"""Norms of many tensors by few calls: what a run at full speed can afford."""

import math
from collections.abc import Sequence

import torch

from gradscope.capture.arrays import dtype_name, is_readable
from gradscope.core.tensors import Stats

_TINY, _HUGE = 1e-15, 1e15
"""Norms outside these may have lost or overflowed squares in float32 and are taken again."""


def norms(tensors: Sequence[torch.Tensor]) -> list[float]:
    """Return the L2 norm of each tensor, in order; call it inside ``quiet()``.

    NaN and Inf in a tensor show in its norm. An unreadable tensor has the norm NaN.
    """
    result = [math.nan] * len(tensors)
    groups: dict[tuple[torch.dtype, torch.device], list[int]] = {}
    for place, tensor in enumerate(tensors):
        if tensor.layout != torch.strided or not tensor.dtype.is_floating_point:
            result[place] = _careful(tensor)
        elif is_readable(tensor):
            groups.setdefault((tensor.dtype, tensor.device), []).append(place)
    for (dtype, device), places in groups.items():
        exact = torch.float64 if dtype == torch.float64 else torch.float32
        members = [tensors[place].detach() for place in places]
        if dtype not in {torch.float32, torch.float64}:
            members = [member.to(exact) for member in members]
        found = torch._foreach_norm(members, 2)  # noqa: SLF001  # one call where the public one takes many
        values = torch.stack(found).tolist() if device.type != "cpu" else [n.item() for n in found]
        for place, value in zip(places, values, strict=True):
            suspicious = not _TINY < value < _HUGE
            result[place] = _careful(tensors[place]) if suspicious else value
    return result


def _careful(tensor: torch.Tensor) -> float:
    """Return the norm accumulated in float64, whatever the type and layout."""
    if not is_readable(tensor):
        return math.nan
    values = tensor.detach()
    if values.is_quantized:
        values = values.dequantize()
    if values.layout == torch.sparse_coo:
        values = values.coalesce().values()
    elif values.layout != torch.strided:
        values = values.to_dense()
    if values.numel() == 0:
        return 0.0
    wide = values.abs().cpu().double() if values.is_complex() else values.cpu().double()
    largest = float(wide.abs().max())
    if largest == 0 or not math.isfinite(largest):
        return largest
    return float(torch.linalg.vector_norm(wide / largest)) * largest


def total(parts: Sequence[float]) -> float:
    """Return the norm of all the tensors together that have these norms."""
    return math.hypot(*parts) if not any(map(math.isnan, parts)) else math.nan


def norm_stats(tensors: Sequence[torch.Tensor]) -> list[Stats]:
    """Return for each tensor Stats that hold the norm alone; call it inside ``quiet()``."""
    return [
        Stats(tuple(tensor.shape), dtype_name(tensor), norm)
        for tensor, norm in zip(tensors, norms(tensors), strict=True)
    ]
