"""Answers at a stop: elements of any tensor, and the user's frame."""

from collections.abc import Sequence
from types import FrameType
from typing import Any

import torch

from gradscope.capture.parameters import Parameter, Unkept
from gradscope.capture.quiet import quiet
from gradscope.capture.slices import extract
from gradscope.capture.tracker import Tracker
from gradscope.core.commands import Slice
from gradscope.core.events import Seen
from gradscope.core.tensors import TensorData
from gradscope.core.words import Role, When


class Inspector:
    """Reads what the run holds. Only while the script is stopped are its answers steady."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def read(
        self, role: Role, name: str, when: When = When.AFTER, index: Sequence[Slice] = ()
    ) -> TensorData | None:
        """Return elements of a tensor, None where the tensor is None.

        Args:
            role: What the tensor is.
            name: As in a Measurement: a parameter's or a module's fqn, or for a state
                ``conv1.weight:momentum_buffer``.
            when: Before or after the current phase.
            index: Which elements; all of them by default.

        Raises:
            LookupError: There is no such tensor, it was not kept, or the index does not fit it.
        """
        with quiet():
            tensor = self._find(role, name, when)
            return None if tensor is None else extract(tensor, index)

    def select(self, fqn: str) -> None:
        """Keep copies of this parameter's grad before and after each phase, whatever its size."""
        self._tracker.phases.grad_copies.selected = fqn

    def frame(self) -> FrameType | None:
        """Return the innermost of the user's frames, None if the stack holds none."""
        return self._tracker.frames.innermost()

    def seen(self) -> Seen:
        """Return what the script did so far."""
        tracker = self._tracker
        models = len(tracker.registry.models)
        return tracker.tally.seen(models=models, optimizers=tracker.optimizers.count)

    def _find(self, role: Role, name: str, when: When) -> torch.Tensor | None:
        tracker = self._tracker
        if role is Role.ACTIVATION:
            return _passed(tracker.activations.get(name), name, "output", "forward")
        if role is Role.GRAD_OUTPUT:
            return _passed(tracker.grad_outputs.get(name), name, "gradient", "backward")
        fqn, _, state = name.partition(":") if role is Role.STATE else (name, "", "")
        parameter = tracker.registry.named(fqn)
        tensor = None if parameter is None else parameter.tensor
        if parameter is None or tensor is None:
            raise LookupError(f"no parameter is called {fqn}")
        past = when is When.BEFORE
        if role is Role.STATE:
            return self._state(fqn, tensor, state, past=past)
        if role is Role.GRAD:
            return self._grad_before(parameter) if past else tensor.grad
        past = past and parameter.changed_at == tracker.timeline.seq
        if role is Role.UPDATE:
            found = parameter.update_before if past else parameter.update
        else:
            found = parameter.before if past else tensor
        if found is None:
            before = " before this phase" if past else ""
            raise LookupError(f"there is no {role} of {fqn}{before}")
        return found

    def _grad_before(self, parameter: Parameter) -> torch.Tensor | None:
        inside = self._tracker.reporter.inside is not None
        grad = parameter.grad_copy if inside else parameter.grad_before
        if grad is Unkept.UNKEPT:
            raise LookupError(
                f"the grad of {parameter.fqn} before this phase was not kept: "
                "step through the phase to keep it"
            )
        return grad

    def _state(
        self, fqn: str, tensor: torch.Tensor, state: str, *, past: bool
    ) -> torch.Tensor | None:
        if past:
            raise LookupError("optimizer states are not kept from before a phase")
        found: dict[str, Any] = {}
        for optimizer in self._tracker.optimizers.living():
            if tensor in optimizer.state:
                found |= optimizer.state[tensor]
        if state not in found:
            names = ", ".join(sorted(map(str, found))) or "none"
            raise LookupError(f"{fqn} has no state {state!r}; it has: {names}")
        value = found[state]
        return None if value is None else torch.as_tensor(value)


def _passed(tensor: torch.Tensor | None, name: str, what: str, phase: str) -> torch.Tensor:
    if tensor is None:
        where = name or "the model"
        raise LookupError(
            f"the {what} of {where} was not kept: stepping through the {phase} keeps it"
        )
    return tensor
