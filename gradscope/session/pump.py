"""The pump: the one thread that reads from the child and writes to it."""

import contextlib
import os
import selectors
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from gradscope.core.commands import Command
from gradscope.core.events import Event, Output
from gradscope.core.wire import WireError, encode, event_decoder
from gradscope.session.child import Child

_READ = 1 << 16
"""Bytes in one read, and at most in one Output."""
_BURST = 1 << 20
"""Bytes of output taken at a time, more than any pipe holds."""
_TICK = 0.15
"""Seconds after which an idle pump calls ``deliver``, so that it can commit."""
_QUIET = 0.2
"""Seconds without output, after which an ended script's output is taken to be complete though
somebody still holds its pipe open."""


class Pump(threading.Thread):
    """Moves bytes between the child and ``deliver`` until the child has ended.

    Args:
        child: The process to serve. Only this thread uses its descriptors.
        deliver: Called from this thread with the events that came, in order; also with none.
        finish: Called from this thread once the process has ended and all its output was
            delivered, with a line about what went wrong between the processes, or ''.
    """

    def __init__(
        self, child: Child, deliver: Callable[[list[Event]], None], finish: Callable[[str], None]
    ) -> None:
        super().__init__(name="gradscope-pump", daemon=True)
        self._child = child
        self._deliver = deliver
        self._finish = finish
        self._decoder = event_decoder()
        self._commands: deque[bytes] = deque()
        self._input: deque[bytes] = deque()
        self._closing = False
        self._trouble = ""
        self._selector = selectors.DefaultSelector()
        self._wake_near, self._wake_far = socket.socketpair()
        for end in (self._wake_near, self._wake_far):
            os.set_blocking(end.fileno(), False)
        self._selector.register(self._wake_near.fileno(), selectors.EVENT_READ)
        self._selector.register(child.control.fileno(), selectors.EVENT_READ)
        for descriptor in child.outputs:
            self._selector.register(descriptor, selectors.EVENT_READ)
        if child.exit_watch is not None:
            self._selector.register(child.exit_watch, selectors.EVENT_READ)

    def send(self, command: Command) -> None:
        """Queue a command for the child. Never blocks."""
        self._commands.append(encode(command))
        self._wake()

    def write_input(self, data: bytes) -> None:
        """Queue bytes for the script's standard input. Never blocks."""
        self._input.append(data)
        self._wake()

    def stop(self) -> None:
        """Make the thread end soon, though output may still come from the script's children."""
        self._closing = True
        self._wake()

    def run(self) -> None:
        """Serve the child until it has ended and nobody holds its output open any more."""
        try:
            self._follow()
            self._finish(self._trouble)
            while self._child.outputs and not self._closing:
                self._serve(None)
        finally:
            self._selector.close()
            self._wake_near.close()
            self._wake_far.close()

    def _follow(self) -> None:
        try:
            while not self._child.has_ended():
                self._serve(_TICK)
            self._drain_to_end()
        except WireError as error:
            self._give_up(f"it sent what gradscope does not understand: {error}")
        except Exception as error:
            self._give_up(f"gradscope itself failed: {error!r}")

    def _give_up(self, trouble: str) -> None:
        self._trouble = trouble
        self._child.signal(signal.SIGKILL)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it is awake already; closed: it has ended
            self._wake_far.send(b".")

    def _serve(self, timeout: float | None) -> bool:
        """Wait for something to do and do it; tell whether anything was read."""
        self._write()
        ready = {key.fd for key, _ in self._selector.select(timeout)}
        if self._wake_near.fileno() in ready:
            with contextlib.suppress(BlockingIOError):
                self._wake_near.recv(_READ)
        # What the script printed before an event is in its pipe by the time the event is here,
        # so reading the pipes between receiving and delivering keeps them in order.
        events = self._receive() if self._child.control.fileno() in ready else []
        printed: list[Event] = []
        for descriptor in tuple(self._child.outputs):
            if events or descriptor in ready:
                printed += self._drain(descriptor)
        self._deliver(printed + events)
        return bool(printed or events)

    def _drain_to_end(self) -> None:
        """Read what the ended process has left behind."""
        deadline = time.monotonic() + 5 * _QUIET
        while self._serve(0) or (
            self._child.outputs and time.monotonic() < deadline and self._serve(_QUIET)
        ):
            pass

    def _receive(self) -> list[Event]:
        try:
            data = self._child.control.recv(4 * _READ)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(self._child.control.fileno())
        return [] if self._trouble else list(self._decoder.feed(data))

    def _drain(self, descriptor: int) -> list[Event]:
        """Read until there is nothing more at the moment, or a burst is full."""
        stream = self._child.outputs[descriptor]
        pieces: list[bytes] = []
        events: list[Event] = []
        size = total = 0
        while total < _BURST:
            try:
                data = os.read(descriptor, _READ - size)
            except BlockingIOError:
                break
            except OSError:  # how Linux tells that nobody has the terminal open any more
                data = b""
            if not data:
                self._forget(descriptor)
                break
            pieces.append(data)
            size += len(data)
            total += len(data)
            if size == _READ:
                events.append(Output(stream, b"".join(pieces)))
                pieces, size = [], 0
        if pieces:
            events.append(Output(stream, b"".join(pieces)))
        return events

    def _forget(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)
        del self._child.outputs[descriptor]
        if descriptor != self._child.terminal:
            os.close(descriptor)

    def _write(self) -> None:
        """Write what is queued as far as it goes, and wait for room for the rest."""
        self._push(self._commands, self._child.control.fileno())
        self._push(self._input, self._child.stdin)

    def _push(self, queue: deque[bytes], descriptor: int) -> None:
        while queue:
            try:
                written = os.write(descriptor, queue[0])
            except BlockingIOError:
                break
            except OSError:  # nobody is there to read it any more
                queue.clear()
                break
            piece = queue.popleft()
            if written < len(piece):
                queue.appendleft(piece[written:])
        self._watch(descriptor, writing=bool(queue))

    def _watch(self, descriptor: int, *, writing: bool) -> None:
        key = self._selector.get_map().get(descriptor)
        reading = key.events & selectors.EVENT_READ if key else 0
        wanted = reading | (selectors.EVENT_WRITE if writing else 0)
        if key is None and wanted:
            self._selector.register(descriptor, wanted)
        elif key is not None and not wanted:
            self._selector.unregister(descriptor)
        elif key is not None and key.events != wanted:
            self._selector.modify(descriptor, wanted)
