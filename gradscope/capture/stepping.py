"""Optimizer steps: what each has moved, and by how much."""

from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer

from gradscope.capture import measuring, weights
from gradscope.capture.leaves import adopt
from gradscope.capture.optimizers import tensors_of
from gradscope.capture.parameters import Parameter
from gradscope.capture.patches import Patches
from gradscope.capture.quiet import quiet
from gradscope.capture.reporter import Content
from gradscope.capture.tracker import Tracker
from gradscope.core.words import Detail, Phase


@dataclass
class _Call:
    optimizer: Optimizer
    moved: list[Parameter]
    start: float


class Stepping:
    """Watches ``step`` of every optimizer class.

    A step inside a step, of a subclass that calls its base or of an optimizer that drives
    another, is part of the outer one.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def install(self, patches: Patches) -> None:
        """Replace the methods, and notice optimizers as they are built."""
        patches.surround_family(Optimizer, "step", self)
        patches.surround(Optimizer, "__init__", _Building(self._tracker))

    def begin(self, args: tuple[Any, ...], _kwargs: dict[str, Any]) -> _Call | None:
        """See ``Around``."""
        tracker = self._tracker
        if tracker.in_step or tracker.reporter.deaf or not args:
            return None
        optimizer: Optimizer = args[0]
        tracker.begin_between()
        with tracker.clock.aside():
            moved = self._learn(optimizer)
        tracker.settle(surely=True)
        tracker.by_hand.look_at_grads(exact=False)
        tracker.in_step = True
        return _Call(optimizer, moved, tracker.clock.now())

    def end(self, token: _Call, _result: object) -> None:
        """See ``Around``."""
        self._finish(token, skipped="")

    def skip(self, optimizer: Optimizer, start: float, *, reason: str) -> None:
        """Report a step that was not taken."""
        with self._tracker.clock.aside():
            moved = self._learn(optimizer)
        self._finish(_Call(optimizer, moved, start), skipped=reason)

    def abandon(self, _token: object) -> None:
        """See ``Around``."""
        self._tracker.in_step = False

    def _finish(self, call: _Call, *, skipped: str) -> None:
        tracker = self._tracker
        tracker.in_step = False
        timeline = tracker.timeline
        with tracker.clock.aside(), quiet():
            timeline.step(() if tracker.loops.driving else tracker.frames.trace())
            weights.advance(call.moved, timeline.seq + 1)
        tracker.tally.optimizer_steps += not skipped
        tracker.by_hand.arm(graded=False)

        def describe(detail: Detail) -> Content:
            index = tracker.optimizers.index(call.optimizer)
            return measuring.moved(call.moved, detail, optimizer=index, skipped=skipped)

        tracker.phases.end(Phase.STEP, call.start, describe, completes=timeline.completes)

    def _learn(self, optimizer: Optimizer) -> list[Parameter]:
        """Give every tensor of the optimizer a name, where it can have one, and a copy."""
        tracker = self._tracker
        tracker.optimizers.acts(optimizer)
        tensors = list(tensors_of(optimizer))
        adopt(tracker.registry, tracker.frames, tensors)
        moved = tracker.registry.among(tensors)
        weights.learn_first(moved)
        return moved


class _Building:
    """Around ``Optimizer.__init__``."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def begin(self, args: tuple[Any, ...], _kwargs: dict[str, Any]) -> Any:
        """See ``Around``."""
        return None if self._tracker.reporter.silent else args[0]

    def end(self, token: Optimizer, _result: object) -> None:
        """See ``Around``."""
        self._tracker.optimizers.built(token)

    def abandon(self, _token: object) -> None:
        """See ``Around``."""
