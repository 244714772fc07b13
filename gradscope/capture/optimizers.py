"""Optimizers: which there are, what they move, and with which hyper-parameters."""

import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch.optim import Optimizer as TorchOptimizer

from gradscope.capture.discovery import Registry
from gradscope.capture.parameters import Parameter
from gradscope.capture.reporter import Reporter
from gradscope.core.events import Optimizer, ParamGroup


def learning_rates(optimizer: Any) -> list[float]:
    """Return the learning rate of each param group that has one."""
    return [float(group["lr"]) for group in optimizer.param_groups if "lr" in group]


@dataclass
class _Known:
    index: int
    reference: weakref.ref[TorchOptimizer]
    signature: list[object] | None = None
    described: Optimizer | None = None


class Optimizers:
    """Every optimizer of the run, in the order in which it was found."""

    def __init__(self, registry: Registry, reporter: Reporter) -> None:
        self._registry = registry
        self._reporter = reporter
        self._built: list[weakref.ref[TorchOptimizer]] = []
        self._known: list[_Known] = []
        self._new: list[weakref.ref[TorchOptimizer]] = []
        self.count = 0
        """Optimizers built so far."""

    @property
    def several(self) -> bool:
        """Whether more than one optimizer is alive."""
        return len(self.living()) > 1

    def built(self, optimizer: TorchOptimizer) -> None:
        """Take note of an optimizer, as it is constructed or, if that was not seen, as it acts."""
        for reference in self._built:
            if reference() is optimizer:
                return
        self.count += 1
        self._built = [r for r in self._built if r() is not None]
        self._built.append(weakref.ref(optimizer))
        self._new.append(self._built[-1])
        if self._reporter.lr is None:
            self.acts(optimizer)

    def take_new(self) -> list[TorchOptimizer]:
        """Return the optimizers built since this was last asked."""
        if not self._new:
            return []
        fresh, self._new = self._new, []
        return [o for o in (reference() for reference in fresh) if o is not None]

    def acts(self, optimizer: TorchOptimizer) -> None:
        """Take the learning rate of this optimizer for the current one."""
        self.built(optimizer)
        rates = learning_rates(optimizer)
        if rates:
            self._reporter.lr = rates[0]

    def index(self, optimizer: TorchOptimizer) -> int:
        """Return the number of an optimizer, describing it if it is new or has changed."""
        entry = next((e for e in self._known if e.reference() is optimizer), None)
        if entry is None:
            self.built(optimizer)
            at = next((i for i, e in enumerate(self._known) if e.reference() is None), None)
            entry = _Known(len(self._known) if at is None else at, weakref.ref(optimizer))
            self._known[entry.index : entry.index + 1] = [entry]
        signature = [self._registry.revision, *map(_signature, optimizer.param_groups)]
        if signature != entry.signature:
            entry.signature = signature
            groups = [self._group(group) for group in optimizer.param_groups]
            described = Optimizer(entry.index, type(optimizer).__name__, groups)
            if described != entry.described:
                entry.described = described
                self._reporter.emit(described)
        return entry.index

    def describe_known(self) -> None:
        """Describe every living optimizer that moves parameters whose names are known."""
        for optimizer in self.living():
            if self.parameters(optimizer):
                self.index(optimizer)

    def living(self) -> list[TorchOptimizer]:
        """Return the optimizers that the script still has."""
        return [o for o in (reference() for reference in self._built) if o is not None]

    def parameters(self, optimizer: TorchOptimizer) -> list[Parameter]:
        """Return the parameters that an optimizer moves, as far as they have names."""
        return self._registry.among(tensors_of(optimizer))

    def _group(self, group: dict[str, Any]) -> ParamGroup:
        names = [parameter.fqn for parameter in self._registry.among(group["params"])]
        settings = {key: _plain(value) for key, value in group.items() if key != "params"}
        return ParamGroup(names, settings)


def tensors_of(optimizer: TorchOptimizer) -> Iterable[torch.Tensor]:
    """Yield every tensor in the param groups of an optimizer."""
    for group in optimizer.param_groups:
        yield from group["params"]


def _signature(group: dict[str, Any]) -> tuple[object, ...]:
    """Return what differs whenever the description of a param group does."""
    settings = (_plain(value) for key, value in group.items() if key != "params")
    return len(group["params"]), *settings


def _plain(value: Any) -> float | bool | str | None:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, torch.Tensor):
        return float(value) if value.numel() == 1 else f"tensor {tuple(value.shape)}"
    if isinstance(value, tuple | list):
        return ", ".join(str(_plain(part)) for part in value)
    return str(value)
