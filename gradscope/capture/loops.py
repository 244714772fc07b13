"""DataLoaders: which one drives the training, and which only feed evaluation."""

import weakref
from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader


class Loops:
    """What is known of the DataLoaders that the script iterates."""

    def __init__(self) -> None:
        self._loaders: weakref.WeakKeyDictionary[Any, weakref.ref[Any]] = (
            weakref.WeakKeyDictionary()
        )
        self._opened: weakref.WeakSet[Any] = weakref.WeakSet()
        self._passes: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._evaluating: weakref.WeakSet[Any] = weakref.WeakSet()
        self._training: weakref.WeakSet[Any] = weakref.WeakSet()
        self._learning = True
        self._latest: weakref.ref[Any] | None = None
        self._driving: weakref.ref[Any] | None = None

    @property
    def driving(self) -> bool:
        """Whether a DataLoader is in the middle of a pass that gives the training its batches."""
        return self._driving is not None and self._driving() is not None

    def opened(self, loader: DataLoader[Any], iterator: Iterator[Any]) -> None:
        """A loader was iterated from its start."""
        self._loaders[iterator] = weakref.ref(loader)
        self._opened.add(iterator)

    def fetched(self, iterator: Iterator[Any], *, learning: bool) -> None:
        """An iterator has given a batch, while grads were recorded (``learning``) or not."""
        self._latest = self._loaders.get(iterator)
        self._learning = learning

    def exhausted(self, iterator: Iterator[Any]) -> None:
        """An iterator has come to its end."""
        if self._driving is not None and self._driving() is iterator:
            self._driving = None

    def feeds_evaluation(self) -> bool:
        """Whether the loader of the latest batch is known to feed evaluation."""
        loader = self._latest_loader()
        return loader is not None and loader in self._evaluating

    def train_with(self, iterator: Iterator[Any]) -> bool:
        """Take the latest batch for training; tell whether it opens a further epoch."""
        self._driving = weakref.ref(iterator)
        if iterator not in self._opened:
            return False
        self._opened.discard(iterator)
        loader = self._latest_loader()
        if loader is None:
            return False
        passes = self._passes.get(loader, 0)
        self._passes[loader] = passes + 1
        return passes > 0

    def used_for(self, *, training: bool) -> None:
        """A model has been given what the latest batch held, to train on or not."""
        loader = self._latest_loader()
        if loader is None:
            return
        if training:
            self._training.add(loader)
            self._evaluating.discard(loader)
        elif self._learning and loader not in self._training:
            self._evaluating.add(loader)

    def _latest_loader(self) -> Any:
        return None if self._latest is None else self._latest()
