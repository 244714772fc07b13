"""What a program printed, as the lines that a terminal would show."""

import codecs
import re
from collections import deque
from typing import NamedTuple

_RESET = re.compile(r"\x1b\[(0|0*)m")
_SGR = re.compile(r"\x1b\[[0-9;:]*m")
_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_]|[ -/]+[0-~])"
)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*)?$")
_RUBBED_OUT = re.compile("[^\b]?\b")
_MOTION = re.compile(r"\x1b\[([0-9]*)([AB])")

LONGEST_LINE = 1 << 16
"""A line that is longer goes on in the next."""


class Line(NamedTuple):
    """Text with colour codes, and the codes that were in force where it begins."""

    carried: str
    text: str


class Scrollback:
    r"""The newest lines of an output, from bytes in any pieces.

    ``\r`` writes over a line, as progress bars do; bars over several lines go up and down.
    Colours are kept as they came. Lines are numbered from 0; those before ``first`` are gone.
    """

    def __init__(self, limit: int) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._lines: deque[Line] = deque([Line("", "")], maxlen=limit)
        self._limit = limit
        self._up = 0
        self._held = ""
        self.end = 1

    @property
    def first(self) -> int:
        """The number of the oldest line that is kept."""
        return self.end - len(self._lines)

    def line(self, number: int) -> Line:
        """Return a line by its number.

        Raises:
            IndexError: The line is gone, or does not exist yet.
        """
        if not self.first <= number < self.end:
            raise IndexError(number)
        return self._lines[number - self.first]

    def feed(self, data: bytes) -> None:
        """Add bytes; a character or a code that they break in two waits for its rest."""
        text = self._held + self._decoder.decode(data)
        self._held = ""
        unfinished = _UNFINISHED.search(text, max(0, len(text) - 64))
        if unfinished is not None:
            text, self._held = text[: unfinished.start()], text[unfinished.start() :]
        pieces = text.replace("\r\n", "\n").split("\n")
        # Of a flood only what stays is worth looking at.
        skipped = len(pieces) - self._limit - 1
        if skipped > 0:
            self.end += skipped
            pieces = pieces[skipped:]
        for number, piece in enumerate(pieces):
            if number:
                self._next_line()
            if piece:
                self._write(piece)

    def _next_line(self) -> None:
        if self._up:
            self._up -= 1
            return
        carried, text = self._lines[-1]
        self._lines.append(Line(_carry(carried, text) if "\x1b" in text else carried, ""))
        self.end += 1

    def _write(self, piece: str) -> None:
        """Write text without line ends on the present line, following moves up and down."""
        start = 0
        if "\x1b" in piece:
            for motion in _MOTION.finditer(piece):
                self._put(piece[start : motion.start()])
                start = motion.end()
                distance = int(motion[1] or 1) * (1 if motion[2] == "A" else -1)
                self._up = min(max(self._up + distance, 0), len(self._lines) - 1)
        self._put(piece[start:])

    def _put(self, text: str) -> None:
        place = len(self._lines) - 1 - self._up
        carried, old = self._lines[place]
        whole = old + text
        if "\r" in whole or "\b" in whole or "\x1b[" in whole:
            whole = _overwrite(whole)
        while len(whole) > LONGEST_LINE and not self._up:
            self._lines[-1] = Line(carried, whole[:LONGEST_LINE])
            whole = whole[LONGEST_LINE:]
            self._next_line()
            carried = self._lines[-1].carried
            place = len(self._lines) - 1
        self._lines[place] = Line(carried, whole)


def _carry(carried: str, text: str) -> str:
    """Return the colour codes in force after ``text``."""
    codes = carried
    for code in _SGR.findall(text):
        codes = "" if _RESET.fullmatch(code) else codes + code
    return codes if len(codes) < 256 else codes[-256:].partition("m")[2]


def _overwrite(text: str) -> str:
    r"""Return what is left to see of a line after its ``\r``, ``\b`` and erasures.

    A ``\r`` at the end is kept: what comes next will write over the line.
    """
    trailing = "\r" if text.endswith("\r") else ""
    pieces = text.rstrip("\r").split("\r")
    shown = _erase(pieces[0], "")
    for piece in pieces[1:]:
        shown = _erase(piece, shown)
    return shown + trailing


def _erase(piece: str, below: str) -> str:
    """Return ``piece`` written over the line ``below`` from its start."""
    codes = [code for code in _ESCAPE.findall(piece) if code[-1:] in {"K", "J"}]
    if codes:
        for code in codes:
            before, _, after = piece.partition(code)
            piece = ("" if code[2:-1] == "2" else before) + after
        below = ""
    while "\b" in piece:
        piece = _RUBBED_OUT.sub("", piece, count=1)
    visible = len(_ESCAPE.sub("", piece))
    rest = _ESCAPE.sub("", below)[visible:]
    if not rest:
        return piece
    # Colours of what is left of an older line are not worth following.
    return piece + ("\x1b[0m" if "\x1b" in piece else "") + rest
