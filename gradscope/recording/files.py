"""Creating and opening the file of a recording."""

import contextlib
import os
import sqlite3
from pathlib import Path

from gradscope.recording import schema
from gradscope.recording.errors import RecordingError
from gradscope.recording.store import Store, explain

_LONGEST_VALUE = 1 << 30
_PAGE = 1 << 14
"""Bytes in a page: measurements are long, and in short pages each would be a chain of many."""


def create_store(path: Path) -> Store:
    """Make a new file with empty tables.

    Raises:
        RecordingError: The file exists, or it cannot be made.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644))
    except FileExistsError:
        raise RecordingError(f"{path} exists already; choose another name") from None
    except OSError as error:
        raise RecordingError(f"{path} cannot be created: {error.strerror}") from error
    try:
        connection = _connect(path, "rw")
        connection.execute(f"PRAGMA page_size = {_PAGE}")
        # Network file systems lack the shared memory that WAL needs.
        if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN")
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {schema.FORMAT}")
        for statement in schema.STATEMENTS:
            connection.execute(statement)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise explain(error, path) from error
    return Store(connection, path)


def open_store(path: Path) -> Store:
    """Open a recording to read it.

    Raises:
        RecordingError: It does not exist, is no recording, is newer than this program, is
            damaged, or cannot be read where it lies.
    """
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise RecordingError(f"{path} cannot be opened: {error.strerror}") from error
    if empty:
        raise RecordingError(f"{path.name} is not a gradscope recording: it is empty")
    try:
        connection = _connect(path, "ro")
        try:
            _check(connection, path)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise _explain_open(error, path) from error
    return Store(connection, path)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=5,
    )
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    connection.execute("PRAGMA trusted_schema = OFF")
    if mode == "ro":
        connection.execute("PRAGMA query_only = ON")
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (identity,) = connection.execute("PRAGMA application_id").fetchone()
    if identity != schema.APPLICATION_ID:
        raise RecordingError(f"{path.name} is not a gradscope recording")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > schema.FORMAT:
        raise RecordingError(
            f"{path.name} was made by a newer gradscope (format {version}; this one reads"
            f" {schema.FORMAT}); update gradscope to open it"
        )
    if version != schema.FORMAT:
        raise RecordingError(f"{path.name} is damaged: there is no format {version}")
    rows = connection.execute("SELECT sql FROM sqlite_schema LIMIT 100").fetchall()
    if {sql for (sql,) in rows} != set(schema.STATEMENTS):
        raise RecordingError(f"{path.name} is damaged: its tables are not those of a recording")


def _explain_open(error: sqlite3.Error, path: Path) -> RecordingError:
    log = path.with_name(path.name + "-wal")
    if log.exists() and not os.access(path.parent, os.W_OK):
        return RecordingError(
            f"{path.name} was not closed and its folder cannot be written:"
            f" copy it together with {log.name} elsewhere and open the copy"
        )
    return explain(error, path)
