"""Copies of weights: what they were, what changed them, and by how much."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gradscope.capture.arrays import is_readable
from gradscope.capture.parameters import Parameter
from gradscope.capture.quiet import quiet


@dataclass(frozen=True)
class Change:
    """How much the weights of some parameters have changed: counts, and the largest magnitude."""

    elements: int
    parameters: int
    largest: float | None


def learn(parameters: Sequence[Parameter]) -> None:
    """Copy the weights that have no copy yet; call it inside ``quiet()``."""
    for parameter in parameters:
        tensor = parameter.tensor
        if parameter.copy is None and tensor is not None and _is_plain(tensor):
            parameter.copy = tensor.detach().clone()


def learn_first(parameters: Sequence[Parameter]) -> None:
    """Take parameters for trained from now on, and copy the weights of those that were not."""
    fresh = [parameter for parameter in parameters if not parameter.trained]
    if not fresh:
        return
    for parameter in fresh:
        parameter.trained = True
    with quiet():
        learn(fresh)


def changed(parameters: Sequence[Parameter]) -> list[Parameter]:
    """Return those whose weights are not what their copies say; call it inside ``quiet()``.

    A weight that has moved to another device or type is learnt anew and does not count.
    """
    found = []
    for parameter in parameters:
        tensor, copy = parameter.tensor, parameter.copy
        if tensor is None or copy is None:
            continue
        live = tensor.detach()
        if live.dtype != copy.dtype or live.device != copy.device or live.shape != copy.shape:
            parameter.before = parameter.update_cache = parameter.update_before = None
            parameter.copy = live.clone()
        elif not torch.equal(live, copy) and not _same_with_nans(live, copy):
            found.append(parameter)
    return found


def advance(parameters: Sequence[Parameter], seq: int) -> None:
    """Take the weights as changed by one update at moment ``seq``; call it inside ``quiet()``.

    Afterwards ``before`` is what ``copy`` was, ``copy`` is the weight, ``update`` their
    difference.
    """
    lives, news = [], []
    for parameter in parameters:
        live, old = parameter.tensor, parameter.copy
        if live is None or old is None:
            continue
        spare = parameter.before
        new = torch.empty_like(old) if spare is None else spare
        parameter.before, parameter.copy = old, new
        parameter.update_before, parameter.update_cache = parameter.update_cache, None
        parameter.changed_at = seq
        lives.append(live.detach())
        news.append(new)
    if news:
        torch._foreach_copy_(news, lives)  # one call for all
    learn(parameters)


def sum_up(parameters: Sequence[Parameter]) -> Change:
    """Count what the last update of each parameter changed; call it inside ``quiet()``."""
    elements, tensors, largest = 0, 0, 0.0
    for parameter in parameters:
        update = parameter.update
        if update is None or parameter.copy is None or parameter.before is None:
            continue
        bounds = torch.aminmax(update.abs() if update.is_complex() else update)
        low, high = float(bounds.min), float(bounds.max)
        if low == high == 0:
            continue
        elements += _count_changes(update, parameter.copy, parameter.before)
        if math.isnan(low):
            both_nan = parameter.copy.isnan() & parameter.before.isnan()
            elements -= int(both_nan.sum())
        tensors += 1
        size = max(-low, high)
        largest = size if size > largest or math.isnan(size) else largest
    return Change(elements, tensors, largest if tensors else None)


def _count_changes(update: torch.Tensor, new: torch.Tensor, old: torch.Tensor) -> int:
    if update.device.type == "cpu" and update.dtype == torch.float32:
        return int(np.count_nonzero(np.not_equal(update.numpy(), 0)))
    return int((new != old).sum())


def _same_with_nans(one: torch.Tensor, other: torch.Tensor) -> bool:
    return bool(((one == other) | ((one != one) & (other != other))).all())  # noqa: PLR0124  # NaN


def _is_plain(tensor: torch.Tensor) -> bool:
    return tensor.layout == torch.strided and not tensor.is_quantized and is_readable(tensor)
