"""Arrivals: gradients as they reach modules and parameters while a backward runs."""

import weakref
from typing import Any

import torch

from gradscope.capture import measuring, weights
from gradscope.capture.arrays import is_readable
from gradscope.capture.measuring import measure_all
from gradscope.capture.parameters import Grad, Parameter
from gradscope.capture.quiet import quiet
from gradscope.capture.reporter import Content
from gradscope.capture.tracker import Tracker
from gradscope.core.events import Inside
from gradscope.core.words import Detail, Phase, Role


class Arrivals:
    """Hooks on parameters and on module outputs; they note what arrives while a backward runs."""

    def __init__(self) -> None:
        self.tracker: Tracker | None = None
        self.parameters: set[Parameter] = set()
        """Those whose grad was accumulated in this backward."""
        self._last: weakref.ref[torch.Tensor] | None = None
        self._last_version = 0
        self._last_names: list[str] = []

    def hook_parameter(self, parameter: Parameter) -> None:
        """Watch for the grad of a parameter; call again once it requires one."""
        tensor = parameter.tensor
        if tensor is None or not (tensor.requires_grad and tensor.is_leaf):
            return
        if tensor.grad is None:
            parameter.grad = Grad.NONE

        def arrived(_: torch.Tensor) -> None:
            if self.tracker is not None:
                self.tracker.reporter.guard(self._grad, self.tracker, parameter)

        watched: Any = tensor  # torch gives this method no types
        parameter.handle = watched.register_post_accumulate_grad_hook(arrived)

    def hook_output(self, name: str, tensor: torch.Tensor) -> None:
        """Watch for the gradient that arrives at a module's output.

        A hook of the node, not of the tensor: it sees the gradient of the output as it was
        returned, also where the script writes into the tensor afterwards.
        """
        node = tensor.grad_fn
        if node is None:
            return
        version = tensor._version  # noqa: SLF001  # torch's count of in-place writes has no public name
        if self._last is not None and self._last() is tensor and self._last_version == version:
            self._last_names.append(name)
            return
        names, number = [name], tensor.output_nr

        def arrived(grads: tuple[torch.Tensor | None, ...]) -> None:
            if self.tracker is not None:
                self.tracker.reporter.guard(self._output, self.tracker, names, grads[number])

        node.register_prehook(arrived)
        self._last, self._last_version, self._last_names = weakref.ref(tensor), version, names

    def _grad(self, tracker: Tracker, parameter: Parameter) -> None:
        if tracker.reporter.silent or not tracker.in_backward:
            return
        self.parameters.add(parameter)
        tracker.phases.freshness.forget_grad(parameter.fqn)
        weights.learn_first([parameter])
        detail = tracker.reporter.look(Phase.BACKWARD, Inside("grad", parameter.fqn))
        if detail is not None:
            with quiet():
                found = measuring.grads([parameter], detail)
                tracker.phases.complete(found, detail)
            tracker.reporter.send(
                Phase.BACKWARD, detail, tracker.backward_start, Content(measurements=found)
            )

    def _output(self, tracker: Tracker, names: list[str], grad: torch.Tensor | None) -> None:
        if tracker.reporter.silent or not tracker.in_backward or grad is None:
            return
        for name in reversed(names):
            detail = tracker.reporter.look(Phase.BACKWARD, Inside("grad_output", name))
            if (tracker.reporter.close or detail is Detail.FULL) and is_readable(grad):
                with tracker.clock.aside(), quiet():
                    tracker.grad_outputs.hold(name, grad)
            if detail is not None:
                with quiet():
                    found = measure_all(Role.GRAD_OUTPUT, [(name, grad)], detail)
                    tracker.phases.complete(found, detail)
                tracker.reporter.send(
                    Phase.BACKWARD, detail, tracker.backward_start, Content(measurements=found)
                )
