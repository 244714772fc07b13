"""Frames of the user's own code: where the script is, and whether it has gone round a loop."""

import sys
import sysconfig
from pathlib import Path
from types import CodeType, FrameType
from typing import TypeAlias

from gradscope.core.events import SourceLine

Trace: TypeAlias = tuple[tuple[CodeType, int], ...]
"""The user's frames from the outermost in, each with the offset of its running instruction."""

_PACKAGE = str(Path(__file__).resolve().parent.parent)


class Frames:
    """Finds the user's frames: those outside gradscope, the standard library and site-packages.

    What lies beside the script is the user's, wherever that is, unless a library lies deeper.
    """

    def __init__(self) -> None:
        names = ("stdlib", "platstdlib", "purelib", "platlib")
        self._libraries = {sysconfig.get_path(name) for name in names} | {_PACKAGE}
        self._known: dict[str, bool] = {}
        self.pinned: FrameType | None = None
        """The frame to answer with while the stack does not hold it, as on a thread of autograd."""

    def is_users(self, filename: str) -> bool:
        """Tell whether a file of code is the user's own."""
        known = self._known.get(filename)
        if known is None:
            known = self._known[filename] = self._decide(filename)
        return known

    def innermost(self) -> FrameType | None:
        """Return the innermost of the user's frames on this thread, None if there is none."""
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # inspect's own way costs milliseconds
        while frame is not None:
            if self.is_users(frame.f_code.co_filename):
                return frame
            frame = frame.f_back
        return self.pinned

    def all(self) -> list[FrameType]:
        """Return the user's frames, the innermost first."""
        frames = []
        frame = self.innermost()
        while frame is not None:
            if self.is_users(frame.f_code.co_filename):
                frames.append(frame)
            frame = frame.f_back
        return frames

    def line(self) -> SourceLine | None:
        """Return the line that the innermost of the user's frames is at."""
        frame = self.innermost()
        if frame is None:
            return None
        code = frame.f_code
        return SourceLine(code.co_filename, frame.f_lineno or code.co_firstlineno, code.co_name)

    def trace(self) -> Trace:
        """Return where the user's frames are now, to be compared with ``went_back``."""
        return tuple((frame.f_code, frame.f_lasti) for frame in reversed(self.all()))

    def _decide(self, filename: str) -> bool:
        if filename.startswith("<") and filename != "<stdin>":
            return False
        library = max(
            _installed_under(filename),
            *(len(root) for root in self._libraries if _is_under(filename, root)),
            0,
        )
        if not library:
            return True
        main = getattr(sys.modules.get("__main__"), "__file__", None)
        home = str(Path(main).resolve().parent) if main else ""
        return bool(home) and len(home) > library and _is_under(filename, home)


def _installed_under(filename: str) -> int:
    """Return how much of a path names the folder it was installed in, by this python or another.

    A virtual environment may see the packages of the system, which ``sysconfig`` does not name.
    """
    ends = [
        filename.rfind(f"{folder}/") + len(folder)
        for folder in ("/site-packages", "/dist-packages")
        if f"{folder}/" in filename
    ]
    return max(ends, default=0)


def _is_under(filename: str, root: str) -> bool:
    return filename.startswith(root + "/")


def went_back(then: Trace, now: Trace) -> bool:
    """Tell whether the script has jumped backwards between two places: gone round a loop.

    The outermost frame that is elsewhere than it was decides. The same place again is a jump.
    """
    for (old_code, old), (new_code, new) in zip(then, now, strict=False):
        if old_code is not new_code:
            return True
        if old != new:
            return new < old
    return True
