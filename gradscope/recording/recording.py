"""A recording: everything known of a run, in one file that grows while the run goes on."""

import os
from pathlib import Path
from typing import Self

from gradscope.core.commands import ReadTensor
from gradscope.core.events import Answer, Event, Moment, Output, Running, Started
from gradscope.core.tensors import TensorData
from gradscope.core.words import Detail, Phase
from gradscope.recording.files import create_store, open_store
from gradscope.recording.reader import Reader
from gradscope.recording.store import Store


class Recording(Reader):
    """One run's file, through one connection that any thread may use.

    The session that watches a run makes it with ``create`` and appends what happens; front ends
    read from the same object. ``open`` reads a file of an earlier run. Every method raises
    RecordingError, in one line, where the file cannot be written or makes no sense.
    """

    def __init__(self, store: Store, *, writable: bool) -> None:
        super().__init__(store)
        self._store = store
        self._writable = writable
        self.newest_full_step: int | None = None
        """The latest change of weights measured in full, of those appended here."""

    @classmethod
    def create(cls, path: Path | str) -> Self:
        """Make a new recording at a path where nothing is yet."""
        return cls(create_store(Path(path)), writable=True)

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open a recording to read it."""
        store = open_store(Path(path))
        try:
            return cls(store, writable=False)
        except BaseException:
            store.close(fold=False)
            raise

    def append(self, event: Event) -> None:
        """Add an event. An ``Answer`` or ``Running`` leaves no trace; see ``keep_tensor``.

        Raises:
            RecordingError: It could not be written; it is kept for the next commit.
        """
        with self._store.lock:
            match event:
                case Moment():
                    self._append_moment(event)
                case Output():
                    self._output.add(event.stream, event.data, self._last or 0)
                case Answer() | Running():
                    pass
                case _:
                    self._events.add(event, self._last or 0)
                    if isinstance(event, Started):
                        script = os.path.join(event.directory, event.script)  # noqa: PTH118
                        self._sources.add(os.path.abspath(script), 0)  # noqa: PTH100
            self._store.flush()

    def keep_tensor(self, seq: int, wanted: ReadTensor, data: TensorData) -> None:
        """Keep elements of a tensor that were read at the moment ``seq``."""
        with self._store.lock:
            self._tensors.add(seq, wanted, data)
            self._store.flush()

    @property
    def dirty(self) -> bool:
        """Whether anything waits for a commit."""
        return self._store.dirty

    def commit(self, *, if_due: bool = False) -> None:
        """Make what was appended safe; ``if_due`` waits until there is much of it or it is old.

        Raises:
            RecordingError: It could not be written; it is kept for the next commit.
        """
        if self._store.due or not if_due:
            self._store.commit()

    def close(self) -> None:
        """Commit and close, leaving one self-contained file. Idempotent."""
        self._store.close(fold=self._writable)

    def _append_moment(self, moment: Moment) -> None:
        if self._first is None:
            self._first = moment.seq
        self._last = moment.seq
        writes = moment.inside is None and moment.phase in (Phase.STEP, Phase.MANUAL)
        if writes and moment.detail is Detail.FULL:
            self.newest_full_step = moment.seq
        self._scalars.add(moment)
        self._moments.add(moment)
        self._measurements.add(moment.seq, moment.measurements)
        if moment.line is not None:
            self._sources.add(moment.line.file, moment.seq)
