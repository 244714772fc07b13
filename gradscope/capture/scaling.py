"""Gradient scaling for mixed precision: grads unscaled, steps skipped."""

from dataclasses import dataclass
from typing import Any

from torch.amp import GradScaler
from torch.optim import Optimizer

from gradscope.capture import measuring
from gradscope.capture.grads import survey
from gradscope.capture.patches import Patches
from gradscope.capture.reporter import Content
from gradscope.capture.stepping import Stepping
from gradscope.capture.tracker import Tracker
from gradscope.core.events import Facts
from gradscope.core.words import Detail, Phase

SKIPPED = "GradScaler found Inf or NaN in the grads"


class Unscaling:
    """Watches grads being divided by the scale, before a step or on demand."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def install(self, patches: Patches) -> None:
        """Replace the method that both ways go through."""
        patches.surround(GradScaler, "_unscale_grads_", self)

    def begin(self, args: tuple[Any, ...], _kwargs: dict[str, Any]) -> tuple[Any, float] | None:
        """See ``Around``."""
        tracker = self._tracker
        if tracker.reporter.deaf:
            return None
        tracker.settle()
        tracker.by_hand.look_at_grads(exact=False)
        return args[1], tracker.clock.now()

    def end(self, token: tuple[Optimizer, float], _result: object) -> None:
        """See ``Around``."""
        tracker = self._tracker
        optimizer, start = token

        def describe(detail: Detail) -> Content:
            found = measuring.grads(tracker.registry.watched(), detail)
            tracker.reporter.set_grad_norm(measuring.total_norm(found))
            return Content(Facts(optimizer=tracker.optimizers.index(optimizer)), found)

        tracker.phases.end(Phase.UNSCALE, start, describe)
        with tracker.clock.aside():
            survey(tracker.registry.trained())

    def abandon(self, _token: object) -> None:
        """See ``Around``."""


@dataclass
class _Call:
    optimizer: Optimizer
    steps: int
    start: float


class ScaledSteps:
    """Watches ``GradScaler.step``, to tell of the steps that it does not take."""

    def __init__(self, tracker: Tracker, stepping: Stepping) -> None:
        self._tracker = tracker
        self._stepping = stepping

    def install(self, patches: Patches) -> None:
        """Replace the method."""
        patches.surround(GradScaler, "step", self)

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Call | None:
        """See ``Around``."""
        tracker = self._tracker
        if tracker.reporter.deaf:
            return None
        optimizer = args[1] if len(args) > 1 else kwargs["optimizer"]
        return _Call(optimizer, tracker.timeline.steps, tracker.clock.now())

    def end(self, token: _Call, _result: object) -> None:
        """See ``Around``."""
        if self._tracker.timeline.steps == token.steps:
            self._stepping.skip(token.optimizer, token.start, reason=SKIPPED)

    def abandon(self, _token: object) -> None:
        """See ``Around``."""
