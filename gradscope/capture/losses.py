"""Loss functions of ``torch.nn.functional``, which the loss modules call too."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from gradscope.capture.patches import Patches
from gradscope.capture.quiet import quiet
from gradscope.capture.reporter import Content
from gradscope.capture.tracker import Tracker
from gradscope.core.events import Facts, LossCall
from gradscope.core.words import Detail, Phase

_OTHERS = ("cross_entropy", "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div")


def loss_functions() -> list[str]:
    """Return the names of all loss functions that this torch has."""
    names = (n for n in vars(functional) if n.endswith("_loss") and not n.startswith("_"))
    named = [*names, *_OTHERS]
    return [name for name in named if inspect.isfunction(getattr(functional, name, None))]


class Losses:
    """Watches all loss functions; one that calls another is a single loss."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.running = False
        """A loss function runs."""

    def install(self, patches: Patches) -> None:
        """Replace the functions."""
        for name in loss_functions():
            patches.surround(functional, name, _Loss(self, getattr(functional, name)))


@dataclass
class _Call:
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    start: float


class _Loss:
    """Around one loss function."""

    def __init__(self, losses: Losses, function: Callable[..., Any]) -> None:
        self._losses = losses
        self._name = function.__name__
        self._places = {name: at for at, name in enumerate(inspect.signature(function).parameters)}

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Call | None:
        """See ``Around``."""
        tracker = self._losses.tracker
        if self._losses.running or tracker.in_backward or tracker.reporter.deaf:
            return None
        if not torch.is_grad_enabled():
            return None
        if not tracker.in_model:
            tracker.begin_work()
        self._losses.running = True
        return _Call(args, kwargs, tracker.clock.now())

    def end(self, token: _Call, result: Any) -> None:
        """See ``Around``."""
        self._losses.running = False
        tracker = self._losses.tracker
        if tracker.in_model:
            tracker.loss_inside = self._describe(token)
            return
        if not isinstance(result, torch.Tensor) or not result.requires_grad:
            return
        with tracker.clock.aside(), quiet():
            tracker.reporter.set_loss(result)
        tracker.loss_seen = True

        def describe(_: Detail) -> Content:
            return Content(Facts(loss_call=self._describe(token)))

        tracker.phases.end(Phase.LOSS, token.start, describe)

    def abandon(self, _token: object) -> None:
        """See ``Around``."""
        self._losses.running = False

    def _describe(self, call: _Call) -> LossCall:
        given = [*call.args, *call.kwargs.values()]
        shapes = [tuple(value.shape) for value in given if isinstance(value, torch.Tensor)]
        shapes += [(), ()]
        at = self._places.get("reduction", len(call.args))
        by_place = call.args[at] if at < len(call.args) else "mean"
        reduction = str(call.kwargs.get("reduction", by_place))
        return LossCall(self._name, reduction, shapes[0], shapes[1])
