"""A parent for the tests: starts the real child program and talks to it over its socket."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, TypeVar

import gradscope
from gradscope.core.commands import Command, Quit, Resume, Until
from gradscope.core.events import Event, Finished, Moment
from gradscope.core.wire import encode, event_decoder

PROGRAM = Path(gradscope.__file__).parent / "launch" / "__main__.py"
SECONDS = 60.0

E = TypeVar("E")


class Child:
    """A script under gradscope. ``words`` are what follows ``--control FD``."""

    def __init__(
        self,
        *words: str,
        directory: Path,
        flags: tuple[str, ...] = (),
        stdin: bytes = b"",
        environment: dict[str, str] | None = None,
    ) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(SECONDS)
        self._decoder = event_decoder()
        self._waiting: list[Event] = []
        self.events: list[Event] = []
        self._out = _empty_file(directory / ".out")
        self._err = _empty_file(directory / ".err")
        given = _empty_file(directory / ".in")
        given.write(stdin)
        given.seek(0)
        command = [sys.executable, *flags, str(PROGRAM), "--control", str(theirs.fileno()), *words]
        with theirs, given:
            self.process = subprocess.Popen(
                command,
                cwd=directory,
                pass_fds=[theirs.fileno()],
                stdin=given,
                stdout=self._out,
                stderr=self._err,
                env={**os.environ, **environment} if environment else None,
            )

    def send(self, *commands: Command) -> None:
        """Send the commands at once."""
        self.socket.sendall(b"".join(encode(command) for command in commands))

    def read(self) -> Event | None:
        """Return the next event, or None where no more will come."""
        while not self._waiting:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:  # the child had not read all of our commands
                return None
            if not data:
                return None
            self._waiting += self._decoder.feed(data)
        event = self._waiting.pop(0)
        self.events.append(event)
        return event

    def expect(self, kind: type[E]) -> E:
        """Return the next event of this kind; events before it are only kept in ``events``."""
        while (event := self.read()) is not None:
            if isinstance(event, kind):
                return event
        raise AssertionError(f"no {kind.__name__} before the end; {self.err().decode()}")

    def stop(self) -> Moment | None:
        """Return the next moment at which the run stops, or None where it ends before."""
        while (event := self.read()) is not None:
            if isinstance(event, Moment) and event.stop:
                return event
        return None

    def go(self, until: Until, count: int = 1) -> Moment | None:
        """Resume, and return the moment of the stop."""
        self.send(Resume(until, count))
        return self.stop()

    def quit(self) -> None:
        """End the script."""
        self.send(Quit())

    def end(self) -> int:
        """Read all events up to the end; return the status as subprocess gives it."""
        while self.read() is not None:
            pass
        status = self.process.wait(SECONDS)
        self.socket.close()
        return status

    def finished(self) -> Finished:
        """Return the only event of this kind, after ``end``."""
        [event] = [event for event in self.events if isinstance(event, Finished)]
        return event

    def out(self) -> bytes:
        """Return what was printed to stdout so far."""
        return Path(self._out.name).read_bytes()

    def err(self) -> bytes:
        """Return what was printed to stderr so far."""
        return Path(self._err.name).read_bytes()

    def close(self) -> None:
        """End everything by force."""
        self.socket.close()
        self.process.kill()
        self.process.wait(SECONDS)
        self._out.close()
        self._err.close()


def _empty_file(path: Path) -> IO[bytes]:
    return path.open("w+b")
