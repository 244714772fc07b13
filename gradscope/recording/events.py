"""The rare events of a recording: what there is to train, what was said, how it ended."""

from typing import TypeAlias, TypeVar

import msgspec

from gradscope.core.events import (
    Ended,
    Environment,
    Finished,
    Model,
    Notice,
    Optimizer,
    Started,
)
from gradscope.core.wire import encode_body
from gradscope.recording.store import Store

RareEvent: TypeAlias = Started | Environment | Model | Optimizer | Notice | Finished | Ended
T = TypeVar("T", Started, Environment, Model, Optimizer, Notice, Finished, Ended)


class EventTable:
    """Reads and adds rows of ``event``; what was read is kept, since there is little of it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[type[RareEvent], list[tuple[int, RareEvent]]] = {}

    def add(self, event: RareEvent, after: int) -> None:
        """Add an event that came after the moment ``after`` (0 before the first)."""
        kept: list[tuple[int, RareEvent]] = self._all(type(event))
        kept.append((after, event))
        self._store.insert(
            "INSERT INTO event (after, kind, body) VALUES (?, ?, ?)",
            (after, _kind(type(event)), encode_body(event)),
        )

    def all(self, kind: type[T]) -> list[tuple[int, T]]:
        """Return every event of a kind, each with the moment that it came after."""
        return self._all(kind)  # type: ignore[return-value]  # one list per kind

    def last(self, kind: type[T]) -> T | None:
        """Return the latest event of a kind."""
        events = self.all(kind)
        return events[-1][1] if events else None

    def _all(self, kind: type[RareEvent]) -> list[tuple[int, RareEvent]]:
        with self._store.lock:
            if kind not in self._kept:
                decoder: msgspec.msgpack.Decoder[RareEvent] = msgspec.msgpack.Decoder(kind)
                self._kept[kind] = [
                    (after, self._store.decode(decoder, body))
                    for after, body in self._store.rows(
                        "SELECT after, body FROM event WHERE kind = ? ORDER BY id", (_kind(kind),)
                    )
                ]
            return self._kept[kind]


def _kind(event: type[RareEvent]) -> str:
    return str(event.__struct_config__.tag)
