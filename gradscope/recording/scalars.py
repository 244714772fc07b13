"""Loss, gradient norm and learning rate over all iterations, in sealed blocks."""

import msgspec
import numpy as np
import numpy.typing as npt

from gradscope.core.events import Moment
from gradscope.recording.series import Series
from gradscope.recording.store import Store

NAMES = ("loss", "grad_norm", "lr")
BLOCK = 256
"""Iterations in a sealed block."""
RECORD = np.dtype([("iteration", "<i8"), ("known", "<i8"), *((name, "<f8") for name in NAMES)])
"""One iteration: its last values. Bit ``n`` of ``known`` tells that ``NAMES[n]`` has one."""


class _Scalars(msgspec.Struct, tag="moment"):
    """The scalars of a moment's body."""

    iteration: int
    loss: float | None
    grad_norm: float | None
    lr: float | None


class Curve:
    """A series that grows at its end, in amortised constant time a point."""

    def __init__(self) -> None:
        self._iterations = np.empty(1024, np.int64)
        self._values = np.empty(1024, np.float64)
        self._count = 0

    def put(self, iteration: int, value: float) -> None:
        """Set the value of the newest iteration."""
        if not self._count or self._iterations[self._count - 1] != iteration:
            self._reserve(1)
            self._iterations[self._count] = iteration
            self._count += 1
        self._values[self._count - 1] = value

    def extend(self, iterations: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> None:
        """Add many points, shapes ``(n,)``."""
        self._reserve(len(values))
        end = self._count + len(values)
        self._iterations[self._count : end] = iterations
        self._values[self._count : end] = values
        self._count = end

    def series(self) -> Series:
        """Return what there is so far, without copying."""
        iterations = self._iterations[: self._count]
        values = self._values[: self._count]
        iterations.flags.writeable = values.flags.writeable = False
        return Series(iterations, values)

    def _reserve(self, count: int) -> None:
        # Grown into new arrays, so that a Series handed out before keeps its own.
        size = len(self._values)
        if self._count + count > size:
            size = max(2 * size, self._count + count)
            self._iterations = np.resize(self._iterations, size)
            self._values = np.resize(self._values, size)


class ScalarTable:
    """Reads and adds rows of ``scalars``, and keeps the whole of each series in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._curves = {name: Curve() for name in NAMES}
        self._open = np.zeros(BLOCK, RECORD)
        self._filled = 0
        self._load()

    def add(self, moment: Moment) -> None:
        """Take over the scalars of a moment, and seal a block that is full."""
        with self._store.lock:
            if self._filled == BLOCK and self._open[-1]["iteration"] != moment.iteration:
                self._store.insert(
                    "INSERT INTO scalars (packed) VALUES (?)", (self._open.tobytes(),)
                )
                self._filled = 0
            self._put(moment.iteration, moment.loss, moment.grad_norm, moment.lr)

    def series(self, name: str) -> Series:
        """Return one of ``NAMES`` over all iterations that have it."""
        with self._store.lock:
            return self._curves[name].series()

    def _put(self, iteration: int, *values: float | None) -> None:
        if not self._filled or self._open[self._filled - 1]["iteration"] != iteration:
            self._open[self._filled] = (iteration, 0, 0.0, 0.0, 0.0)
            self._filled += 1
        record = self._open[self._filled - 1]
        for place, (name, value) in enumerate(zip(NAMES, values, strict=True)):
            if value is not None:
                record["known"] |= 1 << place
                record[name] = value
                self._curves[name].put(iteration, value)

    def _load(self) -> None:
        sealed = -1
        for (packed,) in self._store.rows("SELECT packed FROM scalars ORDER BY id"):
            if not isinstance(packed, bytes) or len(packed) != BLOCK * RECORD.itemsize:
                raise self._store.damaged("a block of scalars has the wrong length")
            block = np.frombuffer(packed, RECORD)
            iterations = block["iteration"]
            if iterations[0] <= sealed or (np.diff(iterations) <= 0).any():
                raise self._store.damaged("its iterations are out of order")
            sealed = int(iterations[-1])
            for place, name in enumerate(NAMES):
                known = (block["known"] >> place) & 1 == 1
                self._curves[name].extend(iterations[known], block[name][known])
        decoder = msgspec.msgpack.Decoder(_Scalars)
        for (body,) in self._store.rows(
            "SELECT body FROM moment WHERE iteration > ? AND inside = 0 ORDER BY iteration, seq",
            (sealed,),
        ):
            scalars = self._store.decode(decoder, body)
            self._put(scalars.iteration, scalars.loss, scalars.grad_norm, scalars.lr)
