"""Writes answers and the script's output, as text or as one line of JSON each."""

import codecs
import json
import math
import shutil
import threading
from typing import Protocol, TextIO

from gradscope.plain.wording import ascii_only, plain_text
from gradscope.session.language import Reply

_CHART_WIDTH = 100


class Writer(Protocol):
    """Takes what is to be said, from any thread."""

    def answer(self, command: str, reply: Reply) -> None:
        """Say what a command answered; the stop that comes by itself has no command."""

    def problem(self, command: str, message: str) -> None:
        """Say why a command was not carried out."""

    def output(self, stream: str, data: bytes) -> None:
        """Pass on what the script has printed."""

    def end(self, problem: str, code: int, *, told: bool) -> None:
        """Say how the run ended; ``told`` tells that an answer has said so."""


class TextWriter:
    """Linear text. What the script prints goes to the stream that it would go to, as it is."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._streams = {"out": out, "err": err, "tty": out}
        self._out = out
        self._ascii = ascii_only(out)
        self._lock = threading.Lock()
        self._open_line = False

    def answer(self, command: str, reply: Reply) -> None:  # noqa: ARG002  # a Writer
        """Write the answer's text, and the chart of one that has a curve."""
        lines = [reply.text] if reply.text else []
        if "plot" in reply.data:
            lines.append(_chart(reply))
        self.say("\n".join(lines))

    def problem(self, command: str, message: str) -> None:  # noqa: ARG002  # a Writer
        """Write the message where the answer would be, so that it can be read in place."""
        self.say(f"error: {message}")

    def failure(self, message: str) -> None:
        """Write why a replay has failed, to the stream of errors."""
        with self._lock:
            self._out.flush()
            self._streams["err"].write(plain_text(message, ascii_only=self._ascii) + "\n")
            self._streams["err"].flush()

    def output(self, stream: str, data: bytes) -> None:
        """Write the bytes unchanged."""
        with self._lock:
            target = self._streams[stream]
            target.flush()
            target.buffer.write(data)
            target.buffer.flush()
            self._open_line = not data.endswith(b"\n")

    def end(self, problem: str, code: int, *, told: bool) -> None:
        """Write how the run ended, unless all went well."""
        if code and not told:
            self.say(problem)

    def say(self, text: str) -> None:
        """Write a line of our own, apart from what the script has written."""
        if not text:
            return
        with self._lock:
            start = "\n" if self._open_line else ""
            self._open_line = False
            shown = plain_text(text, ascii_only=self._ascii)
            encoding = self._out.encoding or "ascii"
            self._out.write(start + shown.encode(encoding, "replace").decode(encoding) + "\n")
            self._out.flush()


class JsonWriter:
    """One JSON object a line, told apart by ``event``. NaN and Inf are strings."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        decoder = codecs.getincrementaldecoder("utf-8")
        self._decoders = {stream: decoder("replace") for stream in ("out", "err", "tty")}

    def answer(self, command: str, reply: Reply) -> None:
        """Write ``{"event": "answer", "command": …, "text": …, "data": {…}}``."""
        event = "answer" if command else "stop"
        named = {"command": command} if command else {}
        text = plain_text(reply.text, ascii_only=False)
        self._write({"event": event, **named, "text": text, "data": reply.data})

    def problem(self, command: str, message: str) -> None:
        """Write ``{"event": "error", "command": …, "message": …}``."""
        self._write({"event": "error", "command": command, "message": message})

    def output(self, stream: str, data: bytes) -> None:
        """Write ``{"event": "output", "stream": "out", "text": …}``."""
        text = self._decoders[stream].decode(data)
        if text:
            self._write({"event": "output", "stream": stream, "text": text})

    def end(self, problem: str, code: int, *, told: bool) -> None:  # noqa: ARG002  # a Writer
        """Write ``{"event": "end", "code": …, "problem": …}``."""
        self._write({"event": "end", "code": code, "problem": problem})

    def _write(self, data: dict[str, object]) -> None:
        line = json.dumps(_finite(data), ensure_ascii=True, allow_nan=False)
        with self._lock:
            self._out.write(line + "\n")
            self._out.flush()


def _chart(reply: Reply) -> str:
    from gradscope.plain.chart import draw_curve

    width = min(shutil.get_terminal_size((80, 24)).columns - 2, _CHART_WIDTH)
    iterations, values = reply.data["iterations"], reply.data["values"]
    if not isinstance(iterations, list) or not isinstance(values, list):
        return ""
    return draw_curve(str(reply.data["plot"]), iterations, values, width=width)


def _finite(value: object) -> object:
    """Return ``value`` with NaN and Inf as the strings that JSON has no numbers for."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
