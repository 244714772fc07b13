"""Where recordings lie that the user gave no path for."""

import contextlib
import time
from pathlib import Path

import platformdirs

from gradscope.recording import Recording, RecordingError

KEPT = 20
"""Recordings kept in the default folder; older ones are removed."""

_SUFFIX = ".gscope"


def default_folder() -> Path:
    """Return the folder of recordings in the user's state directory."""
    return platformdirs.user_state_path("gradscope", appauthor=False) / "runs"


def create_default(name: str) -> Recording:
    """Make a recording named after the run and the time, and remove the oldest ones.

    Raises:
        RecordingError: The folder cannot be made or written.
    """
    folder = default_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingError(
            f"{folder}, the folder of recordings, cannot be made: {error.strerror};"
            " XDG_STATE_HOME can name another"
        ) from error
    stem = f"{name.removesuffix('.py')}-{time.strftime('%Y%m%d-%H%M%S')}"
    recording = Recording.create(_free(folder, stem))
    prune(folder, KEPT)
    return recording


def prune(folder: Path, keep: int) -> None:
    """Remove all but the newest ``keep`` recordings of a folder."""
    recordings = sorted(folder.glob(f"*{_SUFFIX}"), key=_changed, reverse=True)
    for path in recordings[keep:]:
        for part in (path, *_companions(path)):
            with contextlib.suppress(OSError):
                part.unlink()


def _free(folder: Path, stem: str) -> Path:
    path = folder / f"{stem}{_SUFFIX}"
    number = 2
    while path.exists():
        path = folder / f"{stem}-{number}{_SUFFIX}"
        number += 1
    return path


def _changed(path: Path) -> float:
    """Return when a recording was last written: while it grows, only its log is touched."""
    times = [0.0]
    for part in (path, *_companions(path)):
        with contextlib.suppress(OSError):
            times.append(part.stat().st_mtime)
    return max(times)


def _companions(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")
