"""The state of grads: None, zero or not, and who made them so."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from gradscope.capture.norms import norms
from gradscope.capture.parameters import Grad, Parameter, Unkept
from gradscope.capture.quiet import quiet

_NO_MARK = (0, 0)


@dataclass
class GradChange:
    """How many grads have become None, zero, nonzero from neither, or another nonzero."""

    to_none: int = 0
    to_zero: int = 0
    filled: int = 0
    altered: int = 0

    @property
    def zeroed(self) -> bool:
        """Whether some were taken away."""
        return bool(self.to_none or self.to_zero)


def survey(parameters: Sequence[Parameter], *, exact: bool = False) -> GradChange | None:
    """Bring what is known of each grad up to date, and say what changed, None if nothing did.

    A grad that is the same object at the same version is taken to be unchanged; with ``exact``
    a nonzero one is looked at all the same, since writing to its ``.data`` leaves no trace.
    Grads of which nothing is known stay so: see ``learn``.
    """
    to_none = 0
    unsure: list[tuple[Parameter, torch.Tensor]] = []
    for parameter in parameters:
        tensor = parameter.tensor
        if tensor is None:
            continue
        grad, known = tensor.grad, parameter.grad
        if grad is None:
            if known is not Grad.NONE:
                to_none += 1
                parameter.grad, parameter.grad_mark = Grad.NONE, _NO_MARK
        elif known is not Grad.UNKNOWN and (
            (exact and known is Grad.NONZERO) or parameter.grad_mark != _mark(grad)
        ):
            unsure.append((parameter, grad))
    if not (to_none or unsure):
        return None
    change = GradChange(to_none)
    _settle(unsure, change)
    return change if change != GradChange() else None


def learn(parameters: Sequence[Parameter]) -> None:
    """Find out about the grads of which nothing is known."""
    unsure = []
    for parameter in parameters:
        tensor = parameter.tensor
        if parameter.grad is Grad.UNKNOWN and tensor is not None:
            if tensor.grad is None:
                parameter.grad = Grad.NONE
            else:
                unsure.append((parameter, tensor.grad))
    _settle(unsure, GradChange())


def forget(parameters: Sequence[Parameter]) -> None:
    """Note that grads may have changed without anybody looking."""
    for parameter in parameters:
        tensor = parameter.tensor
        if tensor is not None:
            parameter.grad = Grad.NONE if tensor.grad is None else Grad.UNKNOWN


def _mark(grad: torch.Tensor) -> tuple[int, int]:
    return id(grad), grad._version  # noqa: SLF001  # torch's count of in-place writes has no public name


def _settle(unsure: list[tuple[Parameter, torch.Tensor]], change: GradChange) -> None:
    if not unsure:
        return
    with quiet():
        found = norms([grad for _, grad in unsure])
    for (parameter, grad), norm in zip(unsure, found, strict=True):
        old, new = parameter.grad, Grad.ZERO if norm == 0 else Grad.NONZERO
        mark = _mark(grad)
        if new is Grad.ZERO and old is Grad.NONZERO:
            change.to_zero += 1
        elif new is Grad.NONZERO and old in {Grad.NONE, Grad.ZERO}:
            change.filled += 1
        elif new is old is Grad.NONZERO and mark != parameter.grad_mark:
            change.altered += 1
        parameter.grad, parameter.grad_mark = new, mark


class GradCopies:
    """Copies of grads before and after the current phase, under a cap.

    Args:
        cap: The most bytes kept for all parameters but the selected one.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self.selected = ""

    def keep(self, parameters: Sequence[Parameter], *, everything: bool) -> None:
        """Let the grads now be the ones after this phase, and the last ones those before it.

        Without ``everything`` that is done for the selected parameter alone. Call it inside
        ``quiet()``.
        """
        room = self._cap if everything else 0
        for parameter in parameters:
            tensor = parameter.tensor
            grad = None if tensor is None else tensor.grad
            parameter.grad_before = parameter.grad_copy
            if grad is None:
                watched = everything or parameter.fqn == self.selected
                parameter.grad_copy = None if watched else Unkept.UNKEPT
                continue
            size = grad.numel() * grad.element_size()
            if size > room and parameter.fqn != self.selected:
                parameter.grad_copy = Unkept.UNKEPT
                continue
            room -= size
            parameter.grad_copy = grad.detach().clone()
