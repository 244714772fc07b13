"""The socket to the parent: frames go out whole and in order, whatever interrupts the sending."""

import select
import socket
import threading
from collections import deque

_CHUNK = 1 << 16
_NO_SIGPIPE = getattr(socket, "MSG_NOSIGNAL", 0)


class Channel:
    """One end of a stream socket.

    After the other end is gone, ``gone`` is True and sends do nothing.
    """

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        if hasattr(socket, "SO_NOSIGPIPE"):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_NOSIGPIPE, 1)
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._outgoing: deque[tuple[bytes, list[int]]] = deque()
        self._lock = threading.RLock()
        self.gone = False

    def send(self, frame: bytes) -> None:
        """Send the frame; blocks while the other end does not read.

        An exception that a signal handler raises here, such as KeyboardInterrupt, leaves what is
        unsent to be sent before the next frame, never half of it.
        """
        with self._lock:
            self._outgoing.append((frame, []))
            try:
                while self._outgoing:
                    self._send_first()
            except OSError:
                self.gone = True
                self._outgoing.clear()

    def _send_first(self) -> None:
        first = self._outgoing[0]
        frame, counts = first
        rest = memoryview(frame)[sum(counts) :]
        if rest:
            # extend and map run in C: no signal handler can get between sending and noting it
            counts.extend(map(self._socket.send, (rest,), (_NO_SIGPIPE,)))
        elif self._outgoing[0] is first:
            self._outgoing.popleft()

    def receive(self, *, wait: bool) -> bytes:
        """Return bytes that have come; none if there are none and ``wait`` is False.

        None with ``wait`` means that the other end is gone.
        """
        if self.gone or not (wait or self._poll.poll(0)):
            return b""
        try:
            self._poll.poll()
            data = self._socket.recv(_CHUNK)
        except OSError:
            data = b""
        self.gone = not data
        return data

    def close(self) -> None:
        """Close this process's copy of the socket."""
        self.gone = True
        self._socket.close()
