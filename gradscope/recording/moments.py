"""The moments of a recording, without what was measured at them."""

import msgspec

from gradscope.core.events import Moment, Preview
from gradscope.core.wire import encode_body
from gradscope.core.words import Phase
from gradscope.recording.store import Store

_previews = msgspec.msgpack.Decoder(list[Preview])
_encoder = msgspec.msgpack.Encoder()


class MomentTable:
    """Reads and adds rows of ``moment`` and ``batch``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._decoder = msgspec.msgpack.Decoder(Moment)

    def add(self, moment: Moment) -> None:
        """Add a moment and the previews of its batch."""
        bare = msgspec.structs.replace(moment, measurements=[], batch=[])
        self._store.insert(
            "INSERT INTO moment (seq, iteration, epoch, phase, inside, body)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                moment.seq,
                moment.iteration,
                moment.epoch,
                moment.phase.value,
                int(moment.inside is not None),
                encode_body(bare),
            ),
        )
        if moment.batch:
            self._store.insert(
                "INSERT INTO batch (seq, body) VALUES (?, ?)",
                (moment.seq, _encoder.encode(moment.batch)),
            )

    def bounds(self) -> tuple[int | None, int | None]:
        """Return the first and the last recorded ``seq``."""
        return (
            self._store.value("SELECT min(seq) FROM moment"),
            self._store.value("SELECT max(seq) FROM moment"),
        )

    def get(self, seq: int) -> Moment | None:
        """Return exactly this moment."""
        return self._one("SELECT body FROM moment WHERE seq = ?", seq)

    def latest(self, at: int) -> Moment | None:
        """Return the last recorded moment at or before ``at``."""
        return self._one("SELECT body FROM moment WHERE seq <= ? ORDER BY seq DESC LIMIT 1", at)

    def neighbour(self, seq: int, *, forward: bool, whole_phase: bool, count: int) -> int | None:
        """Return the ``count``-th recorded moment after or before ``seq``."""
        found: int | None = self._store.value(
            f"SELECT seq FROM moment WHERE seq {'>' if forward else '<'} ?"  # noqa: S608  # constants
            f" {'AND inside = 0' if whole_phase else ''}"
            f" ORDER BY seq {'' if forward else 'DESC'} LIMIT 1 OFFSET ?",
            (seq, count - 1),
        )
        return found

    def find(self, iteration: int, phase: Phase | None) -> int | None:
        """Return the first end of a phase of that kind in an iteration."""
        found: int | None = self._store.value(
            "SELECT seq FROM moment WHERE iteration = ? AND inside = 0"
            " AND (?2 IS NULL OR phase = ?2) ORDER BY seq LIMIT 1",
            (iteration, phase and phase.value),
        )
        return found

    def start_of(self, after: int, iteration: int) -> int | None:
        """Return the first end of a phase after ``after`` in at least this iteration."""
        # Iterations rise with the moments, so that this order can use the index on them.
        found: int | None = self._store.value(
            "SELECT seq FROM moment WHERE seq > ? AND inside = 0 AND iteration >= ?"
            " ORDER BY iteration, seq LIMIT 1",
            (after, iteration),
        )
        return found

    def start_of_epoch(self, after: int, epoch: int) -> int | None:
        """Return the first end of a phase after ``after`` in at least this epoch."""
        found: int | None = self._store.value(
            "SELECT seq FROM moment WHERE seq > ? AND inside = 0 AND epoch >= ?"
            " ORDER BY seq LIMIT 1",
            (after, epoch),
        )
        return found

    def completed(self, after: int, count: int) -> int | None:
        """Return the ``count``-th optimizer step after ``after`` that completes its iteration."""
        found: int | None = self._store.value(
            "SELECT max(seq) FROM moment WHERE inside = 0 AND phase = 'step' AND iteration >="
            " (SELECT iteration FROM moment WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1)"
            " GROUP BY iteration HAVING max(seq) > ?1 ORDER BY iteration LIMIT 1 OFFSET ?2",
            (after, count - 1),
        )
        return found

    def count(self, after: int, until: int) -> int:
        """Return how many moments were recorded after ``after`` up to ``until``, included."""
        counted: int = self._store.value(
            "SELECT count(*) FROM moment WHERE seq > ? AND seq <= ?", (after, until)
        )
        return counted

    def phases(self, iteration: int) -> list[Moment]:
        """Return the ends of the phases of an iteration, in order."""
        rows = self._store.rows(
            "SELECT body FROM moment WHERE iteration = ? AND inside = 0 ORDER BY seq", (iteration,)
        )
        return [self._store.decode(self._decoder, body) for (body,) in rows]

    def batch(self, at: int) -> tuple[int, list[Preview]] | None:
        """Return the latest previews at or before ``at``, with their moment."""
        row = self._store.row(
            "SELECT seq, body FROM batch WHERE seq <= ? ORDER BY seq DESC LIMIT 1", (at,)
        )
        return row and (row[0], self._store.decode(_previews, row[1]))

    def _one(self, sql: str, seq: int) -> Moment | None:
        body = self._store.value(sql, (seq,))
        return None if body is None else self._store.decode(self._decoder, body)
