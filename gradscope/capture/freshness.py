"""What a stop must still measure: tensors that were last seen less closely than someone looks."""

import torch

from gradscope.capture import measuring
from gradscope.capture.discovery import Registry
from gradscope.capture.parameters import Parameter
from gradscope.core.tensors import Measurement
from gradscope.core.words import Detail, Role


class Freshness:
    """Remembers of which weights, grads and updates the latest measurement is a full one."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._weights: dict[str, tuple[int, int]] = {}
        self._others: set[tuple[Role, str]] = set()

    def note(self, measurements: list[Measurement], detail: Detail) -> None:
        """Take note of what a moment measured, and how closely."""
        for measurement in measurements:
            name = measurement.name
            if measurement.role is Role.WEIGHT:
                parameter = self._registry.named(name)
                tensor = None if parameter is None else parameter.tensor
                self._weights.pop(name, None)
                if detail is Detail.FULL and tensor is not None:
                    self._weights[name] = _mark(tensor)
            elif detail is Detail.FULL:
                self._others.add((measurement.role, name))
            else:
                self._others.discard((measurement.role, name))

    def forget(self) -> None:
        """A phase has gone by unmeasured: what it wrote is not known."""
        self._weights.clear()
        self._others.clear()

    def forget_grad(self, fqn: str) -> None:
        """The grad of a parameter has just been written."""
        self._others.discard((Role.GRAD, fqn))

    def missing(self, measured: list[Measurement]) -> list[Measurement]:
        """Measure in full what was not, beside ``measured``; call it inside ``quiet()``."""
        already = {(m.role, m.name) for m in measured}
        weights = [
            p
            for p in self._registry.parameters()
            if (Role.WEIGHT, p.fqn) not in already and not self._is_fresh(p)
        ]
        grads = self._stale(self._registry.watched(), Role.GRAD, already)
        moved = [p for p in self._registry.trained() if p.before is not None]
        updates = self._stale(moved, Role.UPDATE, already)
        return [
            *measuring.weights(weights, Detail.FULL),
            *measuring.grads(grads, Detail.FULL),
            *measuring.updates(updates, Detail.FULL),
        ]

    def _is_fresh(self, parameter: Parameter) -> bool:
        tensor = parameter.tensor
        return tensor is None or self._weights.get(parameter.fqn) == _mark(tensor)

    def _stale(
        self, parameters: list[Parameter], role: Role, already: set[tuple[Role, str]]
    ) -> list[Parameter]:
        fresh = self._others | already
        return [p for p in parameters if (role, p.fqn) not in fresh]


def _mark(tensor: torch.Tensor) -> tuple[int, int]:
    """Return what tells of a write that no phase reports, as to the twin of a model."""
    return tensor.data_ptr(), tensor._version  # noqa: SLF001  # torch's count of in-place writes has no public name
