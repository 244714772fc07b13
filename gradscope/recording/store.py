"""The SQLite file under a recording: one connection, one lock, errors in one clear line."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec

from gradscope.recording.errors import RecordingError

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]

_COMMIT_SECONDS = 0.15
_COMMIT_BYTES = 8 << 20

_REASONS = {
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_IOERR: "cannot be written or read: the disk reports an error",
    sqlite3.SQLITE_READONLY: "cannot be written: it or its folder is read-only",
    sqlite3.SQLITE_CORRUPT: "is damaged",
    sqlite3.SQLITE_NOTADB: "is not a gradscope recording",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_BUSY: "is in use by another program",
    sqlite3.SQLITE_TOOBIG: "is damaged: a value is too long",
}


class Store:
    """A connection that threads share. Rows are only added, never changed or removed.

    What could not be written, because the disk was full, is kept in memory and written by the
    next commit that succeeds, so that nothing is missing once there is space again.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._connection = connection
        self._uncommitted: list[tuple[str, Row]] = []
        self._bytes = 0
        self._since = 0.0
        self._closed = False

    @property
    def due(self) -> bool:
        """Whether enough waits, or has waited long enough, for a commit."""
        waiting = time.monotonic() - self._since
        return bool(self._uncommitted) and (
            self._bytes > _COMMIT_BYTES or waiting > _COMMIT_SECONDS
        )

    @property
    def dirty(self) -> bool:
        """Whether anything waits for a commit."""
        return bool(self._uncommitted)

    def insert(self, sql: str, row: Row) -> None:
        """Take one row, to be written by the next ``flush`` or ``commit``."""
        with self.lock:
            if self._closed:
                raise RecordingError(f"{self.path.name} is closed")
            if not self._uncommitted:
                self._since = time.monotonic()
            self._uncommitted.append((sql, row))
            self._bytes += sum(len(value) for value in row if isinstance(value, bytes))

    def flush(self) -> None:
        """Write all rows taken so far, for readers of this connection to see.

        Raises:
            RecordingError: They could not be written; they are kept for the next attempt.
        """
        with self.lock, self._reporting():
            if not self._uncommitted:
                return
            if not self._connection.in_transaction:
                self._connection.execute("BEGIN")
                self._written = 0
            try:
                for statement in self._uncommitted[self._written :]:
                    self._connection.execute(*statement)
                    self._written += 1
            except sqlite3.IntegrityError:
                del self._uncommitted[self._written]
                raise

    def commit(self) -> None:
        """Make everything taken so far safe against the end of this process.

        Raises:
            RecordingError: It could not be written; it is kept for the next commit.
        """
        with self.lock, self._reporting():
            if not self._uncommitted:
                return
            self.flush()
            self._connection.execute("COMMIT")
            self._uncommitted.clear()
            self._written = self._bytes = 0

    def rows(self, sql: str, parameters: Row = ()) -> list[Row]:
        """Return all rows of a query, uncommitted ones among them.

        Raises:
            RecordingError: The file cannot be read.
        """
        with self.lock, self._reporting():
            if self._closed:
                raise RecordingError(f"{self.path.name} is closed")
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Row = ()) -> Row | None:
        """Return the first row of a query, or None."""
        rows = self.rows(sql, parameters)
        return rows[0] if rows else None

    def value(self, sql: str, parameters: Row = ()) -> Any:
        """Return the first column of the first row of a query, or None."""
        row = self.row(sql, parameters)
        return None if row is None else row[0]

    def close(self, *, fold: bool) -> None:
        """Commit and close; ``fold`` leaves one self-contained file. Idempotent.

        Raises:
            RecordingError: What was not committed yet could not be written. It is closed anyway.
        """
        with self.lock:
            if self._closed:
                return
            self._closed = True
            try:
                self.commit()
                if fold:
                    # Another program that is reading keeps SQLite from folding: it stays three
                    # files then, as after a crash, and every reader copes with those.
                    with contextlib.suppress(sqlite3.Error):
                        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                        self._connection.execute("PRAGMA journal_mode = DELETE")
            finally:
                self._connection.close()

    def decode(self, decoder: msgspec.msgpack.Decoder[T], body: object) -> T:
        """Return what ``body`` holds.

        Raises:
            RecordingError: It is not of the decoder's type.
        """
        if isinstance(body, bytes):
            with contextlib.suppress(msgspec.DecodeError):
                return decoder.decode(body)
        raise self.damaged("a row cannot be decoded")

    def damaged(self, what: str) -> RecordingError:
        """Return the error that says that the file's content makes no sense."""
        return RecordingError(f"{self.path.name} is damaged: {what}")

    @contextlib.contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            raise explain(error, self.path) from error


def explain(error: sqlite3.Error, path: Path) -> RecordingError:
    """Return what a user should read for an error of SQLite."""
    code = getattr(error, "sqlite_errorcode", None)
    reason = _REASONS.get(code & 0xFF) if isinstance(code, int) else None
    return RecordingError(f"{path.name} {reason}" if reason else f"{path.name}: {error}")
