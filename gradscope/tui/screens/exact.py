"""Exact elements of the selected parameter, read where the screen does not wait for them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from textual.message import Message
from textual.screen import Screen
from textual.worker import get_current_worker

from gradscope.core.commands import Slice
from gradscope.core.tensors import TensorData
from gradscope.core.words import Role, When
from gradscope.session.source import Session, SessionError
from gradscope.session.view import Column

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Whole:
    """All elements of one column, as they are and as they were before the phase."""

    role: Role
    after: Array | None
    before: Array | None


@dataclass(frozen=True)
class Cell:
    """One element of one column, or the kernel around it."""

    role: Role
    value: Array | None


class ExactRead(Message):
    """Exact elements of the parameter ``fqn`` at the moment ``seq`` have arrived."""

    def __init__(self, seq: int, fqn: str, item: Whole | Cell) -> None:
        super().__init__()
        self.seq = seq
        self.fqn = fqn
        self.item = item


class Exact:
    """Reads elements in threads of its own and posts what arrives to the screen."""

    def __init__(self, screen: Screen[None], session: Session) -> None:
        self._screen = screen
        self._session = session

    def whole(self, seq: int, fqn: str, columns: tuple[Column, ...], limit: int) -> None:
        """Read the columns of at most ``limit`` elements; a newer call takes this one's place."""
        self._read("whole", seq, fqn, _wholes(self._session, fqn, columns, limit))

    def cells(
        self,
        seq: int,
        fqn: str,
        columns: tuple[Column, ...],
        index: tuple[int, ...],
        kernel: int | None,
    ) -> None:
        """Read the element at ``index``, or the kernel that its first ``kernel`` indices name."""
        self._read("cells", seq, fqn, _cells(self._session, fqn, columns, index, kernel))

    def _read(self, group: str, seq: int, fqn: str, items: Iterable[Whole | Cell]) -> None:
        self._screen.run_worker(
            partial(self._post, seq, fqn, items), group=group, exclusive=True, thread=True
        )

    def _post(self, seq: int, fqn: str, items: Iterable[Whole | Cell]) -> None:
        worker = get_current_worker()
        found = []
        for item in items:
            if worker.is_cancelled:
                return
            found.append(item)
        for item in found:  # together, so that they are painted once
            self._screen.post_message(ExactRead(seq, fqn, item))


def _wholes(session: Session, fqn: str, columns: tuple[Column, ...], limit: int) -> Iterator[Whole]:
    # What cannot be read, because it was not kept or the script runs again, is left out: the
    # thumbnails stay.
    for column in columns:
        if 0 < _elements(column) <= limit:
            after = _read(session, column.role, fqn, When.AFTER)
            if after is not None:
                before = _read(session, column.role, fqn, When.BEFORE) if column.changed else after
                yield Whole(column.role, after, before)


def _cells(
    session: Session,
    fqn: str,
    columns: tuple[Column, ...],
    index: tuple[int, ...],
    kernel: int | None,
) -> Iterator[Cell]:
    wanted = index if kernel is None else index[:kernel]
    slices = [Slice(start=position, element=True) for position in wanted]
    for column in columns:
        if _elements(column):
            value = _read(session, column.role, fqn, When.AFTER, slices)
            if value is not None:
                yield Cell(column.role, value)


def _elements(column: Column) -> int:
    stats = column.measurement.stats if column.measurement is not None else None
    return stats.numel if stats is not None else 0


def _read(
    session: Session, role: Role, fqn: str, when: When, index: list[Slice] | None = None
) -> Array | None:
    try:
        data: TensorData | None = session.read_tensor(role, fqn, when, index or ())
    except SessionError:
        return None
    return data.array if data is not None else None
