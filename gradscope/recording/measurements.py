"""What was measured, found by name and time without reading the rest."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from gradscope.core.tensors import Measurement, Stats
from gradscope.core.words import Role
from gradscope.recording.store import Store

_encoder = msgspec.msgpack.Encoder()
_names = msgspec.msgpack.Decoder(tuple[str, ...])
_pieces = msgspec.msgpack.Decoder(list[msgspec.Raw])
_stats = msgspec.msgpack.Decoder(Stats | None)

_ROWS_KEPT = 16


class MeasurementTable:
    """Reads and adds rows of ``measurement``.

    A moment measures the same names again and again. Each such list is written once, as a
    roster; the latest value of a name is then the latest row of the rosters that hold it, one
    look into an index for each, however far back it lies.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids: dict[tuple[Role, tuple[str, ...]], int] = {}
        self._rosters: dict[int, tuple[str, ...]] = {}
        self._of_role: dict[Role, list[int]] = {role: [] for role in Role}
        self._of_name: dict[tuple[Role, str], list[int]] = {}
        self._row = lru_cache(_ROWS_KEPT)(self._read_row)
        for number, role, names in store.rows("SELECT id, role, names FROM roster ORDER BY id"):
            if role not in set(Role):
                raise store.damaged(f"there is no role {role!r}")
            self._enrol(number, Role(role), store.decode(_names, names))

    def add(self, seq: int, measurements: Sequence[Measurement]) -> None:
        """Add what was measured at a moment."""
        by_role: dict[Role, list[Measurement]] = {}
        for measurement in measurements:
            by_role.setdefault(measurement.role, []).append(measurement)
        with self._store.lock:
            for role, members in by_role.items():
                roster = self._roster(role, tuple(member.name for member in members))
                self._store.insert(
                    "INSERT INTO measurement (seq, roster, body) VALUES (?, ?, ?)",
                    (seq, roster, _encoder.encode([member.stats for member in members])),
                )

    def latest(self, role: Role, name: str, at: int) -> tuple[int, Measurement] | None:
        """Return the latest measurement of a tensor at or before ``at``, with its moment."""
        with self._store.lock:
            found = [self._newest(roster, at) for roster in self._of_name.get((role, name), ())]
            best = max((place for place in found if place), default=None)
            if best is None:
                return None
            seq, row, roster = best
            pieces = self._row(row, roster)
            place = self._rosters[roster].index(name)
            stats = self._store.decode(_stats, bytes(pieces[place]))
            return seq, Measurement(role, name, stats)

    def all_latest(self, role: Role, at: int) -> dict[str, tuple[int, Measurement]]:
        """Return the latest measurement of every tensor of a role, with its moment, by name."""
        result: dict[str, tuple[int, Measurement]] = {}
        with self._store.lock:
            found = [self._newest(roster, at) for roster in self._of_role[role]]
            for seq, row, roster in sorted((place for place in found if place), reverse=True):
                names = self._rosters[roster]
                missing = [place for place, name in enumerate(names) if name not in result]
                if not missing:
                    continue
                pieces = self._row(row, roster)
                for place in missing:
                    stats = self._store.decode(_stats, bytes(pieces[place]))
                    result[names[place]] = (seq, Measurement(role, names[place], stats))
        return result

    def _roster(self, role: Role, names: tuple[str, ...]) -> int:
        number = self._ids.get((role, names))
        if number is None:
            number = len(self._rosters) + 1
            self._enrol(number, role, names)
            self._store.insert(
                "INSERT INTO roster (id, role, names) VALUES (?, ?, ?)",
                (number, role.value, _encoder.encode(names)),
            )
        return number

    def _enrol(self, number: int, role: Role, names: tuple[str, ...]) -> None:
        self._ids[role, names] = number
        self._rosters[number] = names
        self._of_role[role].append(number)
        for name in set(names):
            self._of_name.setdefault((role, name), []).append(number)

    def _newest(self, roster: int, at: int) -> tuple[int, int, int] | None:
        """Return the moment and the row of a roster's latest values, and the roster."""
        row = self._store.row(
            "SELECT seq, id FROM measurement WHERE roster = ? AND seq <= ?"
            " ORDER BY seq DESC LIMIT 1",
            (roster, at),
        )
        return row and (row[0], row[1], roster)

    def _read_row(self, row: int, roster: int) -> list[msgspec.Raw]:
        found = self._store.row("SELECT body FROM measurement WHERE id = ?", (row,))
        pieces = self._store.decode(_pieces, found and found[0])
        if len(pieces) != len(self._rosters[roster]):
            raise self._store.damaged("a measurement and its names differ in number")
        return pieces
