"""Learning rate schedules."""

from dataclasses import dataclass
from typing import Any

from torch.optim.lr_scheduler import LRScheduler

from gradscope.capture.optimizers import learning_rates
from gradscope.capture.patches import Patches
from gradscope.capture.reporter import Content
from gradscope.capture.tracker import Tracker
from gradscope.core.events import Facts
from gradscope.core.words import Detail, Phase


@dataclass
class _Call:
    scheduler: Any
    before: list[float]
    start: float


class Schedules:
    """Watches ``step`` of every scheduler class; a step that another one makes is part of it."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._running = False

    def install(self, patches: Patches) -> None:
        """Replace the methods."""
        patches.surround_family(LRScheduler, "step", self)
        patches.surround(LRScheduler, "_initial_step", _Initial(self))

    def begin(self, args: tuple[Any, ...], _kwargs: dict[str, Any]) -> _Call | None:
        """See ``Around``."""
        tracker = self._tracker
        optimizer = getattr(args[0], "optimizer", None)
        if self._running or tracker.reporter.deaf or optimizer is None:
            return None
        tracker.settle()
        self._running = True
        return _Call(args[0], learning_rates(optimizer), tracker.clock.now())

    def end(self, token: _Call, _result: object) -> None:
        """See ``Around``."""
        self._running = False
        tracker = self._tracker
        optimizer = token.scheduler.optimizer
        after = learning_rates(optimizer)
        tracker.optimizers.acts(optimizer)

        def describe(_: Detail) -> Content:
            index = None
            if tracker.optimizers.parameters(optimizer):
                index = tracker.optimizers.index(optimizer)
            rates = list(zip(token.before, after, strict=False))
            return Content(Facts(learning_rates=rates, optimizer=index))

        tracker.phases.end(Phase.SCHEDULE, token.start, describe)

    def abandon(self, _token: object) -> None:
        """See ``Around``."""
        self._running = False

    def begin_initial(self) -> bool | None:
        """A scheduler sets its first rate, as it is built: nothing to report."""
        if self._running:
            return None
        self._running = True
        return True

    def end_initial(self) -> None:
        """That is done."""
        self._running = False


class _Initial:
    """Around ``LRScheduler._initial_step``."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules

    def begin(self, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> bool | None:
        """See ``Around``."""
        return self._schedules.begin_initial()

    def end(self, _token: object, _result: object) -> None:
        """See ``Around``."""
        self._schedules.end_initial()

    def abandon(self, _token: object) -> None:
        """See ``Around``."""
        self._schedules.end_initial()
