"""What the script printed, the user's source files, and the tensors someone looked at."""

import contextlib
import io
import math
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from gradscope.core.commands import ReadTensor, Slice
from gradscope.core.tensors import TensorData
from gradscope.recording.store import Store

_SOURCE_LIMIT = 4 << 20


@dataclass(frozen=True)
class OutputChunk:
    """A piece of what the script printed; ids rise in the order in which pieces came."""

    id: int
    seq: int
    """The last moment before it, 0 before the first."""
    stream: str
    data: bytes


class OutputTable:
    """Reads and adds rows of ``output``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, stream: str, data: bytes, after: int) -> None:
        """Add a piece that came after the moment ``after``."""
        self._store.insert(
            "INSERT INTO output (after, stream, data) VALUES (?, ?, ?)", (after, stream, data)
        )

    def after(self, last: int, limit: int) -> list[OutputChunk]:
        """Return up to ``limit`` pieces with ids above ``last``, in order."""
        rows = self._store.rows(
            "SELECT id, after, stream, data FROM output WHERE id > ? ORDER BY id LIMIT ?",
            (last, limit),
        )
        return [OutputChunk(*row) for row in rows]

    def newest(self, limit: int) -> list[OutputChunk]:
        """Return the last ``limit`` pieces, in order."""
        rows = self._store.rows(
            "SELECT id, after, stream, data FROM output ORDER BY id DESC LIMIT ?", (limit,)
        )
        return [OutputChunk(*row) for row in reversed(rows)]


class SourceTable:
    """Reads and adds rows of ``source``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known = {file for (file,) in store.rows("SELECT file FROM source")}

    def add(self, file: str, after: int) -> None:
        """Keep a file as it is now, unless it is kept already or is no readable file."""
        if file in self._known:
            return
        self._known.add(file)
        with contextlib.suppress(OSError, ValueError):
            path = Path(file)
            if path.is_file() and path.stat().st_size <= _SOURCE_LIMIT:
                self._store.insert(
                    "INSERT INTO source (file, after, data) VALUES (?, ?, ?)",
                    (file, after, path.read_bytes()),
                )

    def get(self, file: str) -> str | None:
        """Return a kept file as text, in the encoding that it declares."""
        row = self._store.row("SELECT data FROM source WHERE file = ?", (file,))
        if row is None:
            return None
        data: bytes = row[0]
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        except SyntaxError:
            encoding = "utf-8"
        text = data.decode(encoding, errors="replace")
        return text.replace("\r\n", "\n").replace("\r", "\n")


class TensorTable:
    """Reads and adds rows of ``tensor``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(TensorData)

    def add(self, seq: int, wanted: ReadTensor, data: TensorData) -> None:
        """Keep the answer to a request made at a moment."""
        self._store.insert(
            "INSERT INTO tensor (seq, role, name, which, slices, body) VALUES (?, ?, ?, ?, ?, ?)",
            (seq, *self._key(wanted), self._slices(wanted.index), self._encoder.encode(data)),
        )

    def get(self, seq: int, wanted: ReadTensor) -> TensorData | None:
        """Return these elements if they, or the whole tensor, were kept at that moment."""
        for index in (wanted.index, []):
            body = self._store.value(
                "SELECT body FROM tensor WHERE seq = ? AND role = ? AND name = ? AND which = ?"
                " AND slices = ? ORDER BY id DESC LIMIT 1",
                (seq, *self._key(wanted), self._slices(index)),
            )
            if body is not None:
                data = self._checked(body)
                return data if index == wanted.index else _cut(data, wanted.index)
        return None

    def _slices(self, index: Sequence[Slice]) -> bytes:
        return self._encoder.encode(index)

    @staticmethod
    def _key(wanted: ReadTensor) -> tuple[str, str, str]:
        return wanted.role.value, wanted.name, wanted.when.value

    def _checked(self, body: object) -> TensorData:
        data = self._store.decode(self._decoder, body)
        with contextlib.suppress(TypeError, ValueError):
            size = np.dtype(data.code).itemsize
            if len(data.packed) == size * math.prod(data.shape) and min(data.shape, default=0) >= 0:
                return data
        raise self._store.damaged("the elements of a tensor do not fill its shape")


def _cut(data: TensorData, index: Sequence[Slice]) -> TensorData | None:
    """Return a part of a whole tensor; None where the index does not fit it."""
    try:
        part = data.array[
            tuple(
                piece.start if piece.element else slice(piece.start, piece.stop, piece.step)
                for piece in index
            )
        ]
    except IndexError:
        return None
    return msgspec.structs.replace(data, shape=part.shape, packed=part.tobytes())
