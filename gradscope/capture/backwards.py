"""Backwards: what a backward has filled, and the loss that it started from."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch

from gradscope.capture import measuring, weights
from gradscope.capture.arrivals import Arrivals
from gradscope.capture.grads import GradChange, forget, learn, survey
from gradscope.capture.leaves import Place, adopt_leaves
from gradscope.capture.measuring import measure_all, total_norm
from gradscope.capture.parameters import Grad, Parameter
from gradscope.capture.patches import Patches
from gradscope.capture.quiet import quiet
from gradscope.capture.reporter import Content
from gradscope.capture.tracker import Tracker
from gradscope.core.events import Facts
from gradscope.core.tensors import Measurement
from gradscope.core.words import Detail, Phase, Role

_Given: TypeAlias = list[tuple[Parameter, torch.Tensor]]


class Backwards:
    """Watches ``torch.autograd.backward`` and ``torch.autograd.grad``."""

    def __init__(self, tracker: Tracker, arrivals: Arrivals) -> None:
        self._tracker = tracker
        self._arrivals = arrivals
        self._walked: set[Place | None] = set()

    def install(self, patches: Patches) -> None:
        """Replace both functions."""
        patches.surround(torch.autograd, "backward", _Backward(self))
        patches.surround(torch.autograd, "grad", _Gradient(self, self._tracker))

    def begin(
        self, outputs: Sequence[torch.Tensor], inputs: Sequence[torch.Tensor] | None = None
    ) -> bool:
        """A backward from ``outputs`` begins; tell whether it is one of its own.

        With ``inputs`` it computes grads of these alone, and starts from the loss only if a
        parameter is among them.
        """
        tracker = self._tracker
        if tracker.in_backward or not self._is_followed():
            return False
        with tracker.clock.aside():
            self._prepare(outputs)
        tracker.begin_work()
        if inputs is None or tracker.registry.among(inputs):
            self._note_loss(outputs)
        tracker.grad_outputs.clear()
        tracker.backward_start = tracker.clock.now()
        tracker.in_backward = True
        return True

    def end(self, given: _Given | None = None) -> None:
        """The backward has returned; ``given`` are grads that it returned instead of filling."""
        tracker = self._tracker
        self.abandon()
        tracker.loss_seen = False
        tracker.tally.backwards += 1
        tracker.by_hand.arm(graded=True)

        def describe(detail: Detail) -> Content:
            return self._describe(detail, given)

        if tracker.phases.end(Phase.BACKWARD, tracker.backward_start, describe) is None:
            forget(tracker.registry.trained())

    def abandon(self) -> None:
        """The backward is over, however it ended."""
        self._tracker.in_backward = False
        self._tracker.frames.pinned = None

    def _is_followed(self) -> bool:
        """Tell whether this thread is the one that trains, as the first to go backward is."""
        tracker = self._tracker
        if tracker.reporter.deaf and not (tracker.reporter.silent or tracker.tally.backwards):
            tracker.reporter.follow_this_thread()
        return not tracker.reporter.deaf

    def _prepare(self, outputs: Sequence[torch.Tensor]) -> None:
        tracker = self._tracker
        tracker.frames.pinned = tracker.frames.innermost()
        adopt_leaves(tracker.registry, tracker.frames, outputs, self._walked)
        unknown = False
        for parameter in tracker.registry.parameters():
            if parameter.handle is None:
                self._arrivals.hook_parameter(parameter)
            unknown = unknown or parameter.grad is Grad.UNKNOWN
        if unknown:
            learn(list(tracker.registry.parameters()))
        evaluated = None if tracker.evaluated is None else tracker.evaluated()
        if evaluated is not None:
            tracker.trains_in_eval.add(evaluated)
            tracker.evaluated = None

    def _note_loss(self, outputs: Sequence[torch.Tensor]) -> None:
        """Take what backward is called on for the loss, and report it where nobody has."""
        tracker = self._tracker
        with quiet():
            tracker.reporter.set_loss(outputs[0] if len(outputs) == 1 else None)
        if tracker.loss_seen:
            return
        call, tracker.loss_inside = tracker.loss_inside, None

        def describe(_: Detail) -> Content:
            return Content(Facts(loss_call=call))

        tracker.phases.end(Phase.LOSS, tracker.clock.now(), describe)

    def _describe(self, detail: Detail, given: _Given | None) -> Content:
        tracker = self._tracker
        change = survey(list(tracker.registry.parameters())) or GradChange()
        facts = Facts(
            grads_filled=change.filled,
            grads_accumulated=change.altered,
            grads_none=tracker.registry.count_none(),
        )
        found: list[Measurement]
        if given is None:
            found = measuring.grads(tracker.registry.watched(), detail)
        else:
            found = measure_all(Role.GRAD, [(p.fqn, grad) for p, grad in given], detail)
        if found:
            tracker.reporter.set_grad_norm(total_norm(found))
        if detail is Detail.FULL:
            found += measure_all(Role.GRAD_OUTPUT, tracker.grad_outputs.items(), detail)
        return Content(facts, found)


class _Backward:
    """Around ``torch.autograd.backward``."""

    def __init__(self, backwards: Backwards) -> None:
        self._backwards = backwards

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool | None:
        """See ``Around``."""
        outputs = _tensors(args[0] if args else kwargs.get("tensors"))
        return self._backwards.begin(outputs) or None

    def end(self, _token: object, _result: object) -> None:
        """See ``Around``."""
        self._backwards.end()

    def abandon(self, _token: object) -> None:
        """See ``Around``."""
        self._backwards.abandon()


class _Gradient:
    """Around ``torch.autograd.grad``, which returns grads and fills none."""

    def __init__(self, backwards: Backwards, tracker: Tracker) -> None:
        self._backwards = backwards
        self._registry = tracker.registry

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor] | None:
        """See ``Around``."""
        outputs = _tensors(args[0] if args else kwargs.get("outputs"))
        inputs = _tensors(args[1] if len(args) > 1 else kwargs.get("inputs"))
        return inputs if self._backwards.begin(outputs, inputs) else None

    def end(self, token: list[torch.Tensor], result: Any) -> None:
        """See ``Around``."""
        grads = result.values() if isinstance(result, dict) else result
        pairs = [(self._registry.find(t), g) for t, g in zip(token, grads, strict=False)]
        given = [(p, g) for p, g in pairs if p is not None and g is not None]
        weights.learn_first([parameter for parameter, _ in given])
        self._backwards.end(given)

    def abandon(self, _token: object) -> None:
        """See ``Around``."""
        self._backwards.abandon()


def _tensors(value: Any) -> list[torch.Tensor]:
    values = (value,) if isinstance(value, torch.Tensor) else value
    if isinstance(values, dict):
        values = values.values()
    return [v for v in values or () if isinstance(v, torch.Tensor)]
