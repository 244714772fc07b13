"""DataLoaders: which one drives the training, and which only feed evaluation."""

import weakref
from collections.abc import Iterator
from types import CodeType
from typing import Any, TypeAlias

from torch.utils.data import DataLoader

Place: TypeAlias = tuple[CodeType, int] | None
"""Code and offset of the instruction that iterates, None where the script's frame is not known."""


class Loops:
    """What is known of the DataLoaders that the script iterates."""

    def __init__(self) -> None:
        self._loaders: weakref.WeakKeyDictionary[Any, weakref.ref[Any]] = (
            weakref.WeakKeyDictionary()
        )
        self._opened: weakref.WeakKeyDictionary[Any, Place] = weakref.WeakKeyDictionary()
        self._trained: weakref.WeakSet[Any] = weakref.WeakSet()
        self._places: set[Place] = set()
        self._evaluating: weakref.WeakSet[Any] = weakref.WeakSet()
        self._training: weakref.WeakSet[Any] = weakref.WeakSet()
        self._learning = True
        self._latest: weakref.ref[Any] | None = None
        self._driving: weakref.ref[Any] | None = None

    @property
    def driving(self) -> bool:
        """Whether a DataLoader is in the middle of a pass that gives the training its batches."""
        return self._driving is not None and self._driving() is not None

    def opened(self, loader: DataLoader[Any], iterator: Iterator[Any], place: Place) -> None:
        """A loader was iterated from its start, at a place of the script."""
        self._loaders[iterator] = weakref.ref(loader)
        self._opened[iterator] = place

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
        """Take the latest batch for training; tell whether it opens a further epoch.

        That is so where its loader was trained with before, or another one in the same place of
        the script. Two loaders that take turns in one pass are in the same epoch.
        """
        driver = self._driving() if self._driving is not None else None
        alternates = driver is not None and driver is not iterator
        self._driving = weakref.ref(iterator)
        place = self._opened.pop(iterator, None)
        if place is None:
            return False
        loader = self._latest_loader()  # None where the iterator alone keeps its pass alive
        further = not alternates and (loader in self._trained or place in self._places)
        self._places.add(place)
        if loader is not None:
            self._trained.add(loader)
        return further

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
