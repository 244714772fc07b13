"""Batches fetched from DataLoaders."""

from typing import Any

import torch
from torch.utils.data import DataLoader
from torch.utils.data.dataloader import _BaseDataLoaderIter

from gradscope.capture.patches import Patches
from gradscope.capture.previews import preview
from gradscope.capture.reporter import Content
from gradscope.capture.tracker import Tracker
from gradscope.core.words import Detail, Phase


class Loading:
    """Watches DataLoaders being iterated, and each batch that they give."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._running = False

    def install(self, patches: Patches) -> None:
        """Replace the methods of loaders and of their iterators."""
        patches.surround(DataLoader, "__iter__", _Opening(self._tracker))
        patches.surround(_BaseDataLoaderIter, "__next__", self)

    def begin(self, args: tuple[Any, ...], _kwargs: dict[str, Any]) -> tuple[Any, float] | None:
        """See ``Around``."""
        tracker = self._tracker
        if self._running or tracker.reporter.deaf:
            return None
        self._running = True
        return args[0], tracker.clock.now()

    def end(self, token: tuple[Any, float], result: Any) -> None:
        """See ``Around``."""
        self._running = False
        tracker = self._tracker
        iterator, start = token
        tracker.begin_between()
        tracker.tally.batches += 1
        tracker.loops.fetched(iterator, learning=torch.is_grad_enabled())
        if self._evaluates():
            phase = Phase.EVALUATE
        else:
            phase = Phase.BATCH
            tracker.meet_optimizers()
            tracker.settle()
            tracker.timeline.batch(again=tracker.loops.train_with(iterator))

        def describe(detail: Detail) -> Content:
            return Content(batch=preview(result) if detail is Detail.FULL else [])

        tracker.phases.end(phase, start, describe)

    def abandon(self, token: tuple[Any, float]) -> None:
        """See ``Around``. The end of the data comes this way too."""
        self._running = False
        self._tracker.loops.exhausted(token[0])

    def _evaluates(self) -> bool:
        tracker = self._tracker
        if not torch.is_grad_enabled() or tracker.loops.feeds_evaluation():
            return True
        trained = [m for m in tracker.registry.models if any(p.trained for p in m.parameters)]
        roots = [m.root() for m in trained if m.root is not None]
        living = [root for root in roots if root is not None]
        return bool(living) and not any(r.training or r in tracker.trains_in_eval for r in living)


class _Opening:
    """Around ``DataLoader.__iter__``."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def begin(self, args: tuple[Any, ...], _kwargs: dict[str, Any]) -> Any:
        """See ``Around``."""
        return None if self._tracker.reporter.deaf else args[0]

    def end(self, token: Any, result: Any) -> None:
        """See ``Around``."""
        if isinstance(result, _BaseDataLoaderIter):
            frame = self._tracker.frames.innermost()
            place = None if frame is None else (frame.f_code, frame.f_lasti)
            self._tracker.loops.opened(token, result, place)

    def abandon(self, _token: object) -> None:
        """See ``Around``."""
