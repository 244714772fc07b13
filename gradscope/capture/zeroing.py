"""Zeroing grads through ``Optimizer.zero_grad`` and ``Module.zero_grad``."""

from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.optim import Optimizer

from gradscope.capture import measuring
from gradscope.capture.grads import GradChange, forget, learn, survey
from gradscope.capture.patches import Patches
from gradscope.capture.reporter import Content
from gradscope.capture.tracker import Tracker
from gradscope.core.events import Facts
from gradscope.core.words import Detail, Phase


@dataclass
class _Call:
    optimizer: Optimizer | None
    set_to_none: bool
    start: float


class Zeroing:
    """Watches every ``zero_grad``, also where a subclass has its own."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._running = False

    def install(self, patches: Patches) -> None:
        """Replace the methods."""
        patches.surround_family(Optimizer, "zero_grad", self)
        patches.surround(nn.Module, "zero_grad", self)

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Call | None:
        """See ``Around``."""
        tracker = self._tracker
        if self._running or tracker.reporter.deaf:
            return None
        tracker.begin_between()
        tracker.meet_optimizers()
        tracker.settle()
        if tracker.timeline.stepped and not tracker.loops.driving:
            tracker.timeline.zero_grad(tracker.frames.trace())
        tracker.by_hand.look_at_grads(exact=False, quietly=tracker.in_step)
        self._running = True
        owner = args[0] if args else None
        to_none = args[1] if len(args) > 1 else kwargs.get("set_to_none", True)
        if not to_none:
            with tracker.clock.aside():
                learn(tracker.registry.trained())
        optimizer = owner if isinstance(owner, Optimizer) else None
        return _Call(optimizer, bool(to_none), tracker.clock.now())

    def end(self, token: _Call, _result: object) -> None:
        """See ``Around``."""
        self._running = False
        tracker = self._tracker
        trained = tracker.registry.trained()

        def describe(detail: Detail) -> Content:
            index = None
            if token.optimizer is not None and tracker.optimizers.parameters(token.optimizer):
                index = tracker.optimizers.index(token.optimizer)
            change = survey(trained) or GradChange()
            facts = Facts(
                grads_to_none=change.to_none,
                grads_to_zero=change.to_zero,
                grads_none=tracker.registry.count_none(),
                optimizer=index,
                set_to_none=token.set_to_none,
            )
            return Content(facts, measuring.grads(tracker.registry.watched(), detail))

        if tracker.phases.end(Phase.ZERO_GRAD, token.start, describe) is None:
            forget(trained)

    def abandon(self, _token: object) -> None:
        """See ``Around``."""
        self._running = False
