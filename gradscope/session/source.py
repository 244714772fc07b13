"""The session: a run, living or recorded, as every front end drives it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cached_property

from gradscope.core.commands import Resume, Slice
from gradscope.core.tensors import TensorData
from gradscope.core.words import Role, When
from gradscope.recording import Recording


class SessionError(Exception):
    """The session cannot do what was asked; the message says why, in one line."""


class RunState(StrEnum):
    """What the run is doing."""

    STARTING = "starting"
    """The child lives, no moment has been reached."""
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"
    RECORDED = "recorded"
    """There is no run, only its recording."""


class Session(ABC):
    """A run, living or recorded."""

    recording: Recording
    """Everything known of the run; read it from any thread."""
    script: str
    """What the run is called on the screen: the script's file name, or the module."""
    state: RunState
    cursor: int | None
    """The moment that front ends show, by its ``seq``; None before the first."""
    problem: str
    """How the run ended, in one line; '' while it lives."""

    @cached_property
    def history(self) -> list[str]:
        """The commands executed so far, oldest first: what ``save`` writes."""
        return []

    @abstractmethod
    def resume(self, resume: Resume) -> None:
        """Run on until the place that ``resume`` names.

        Raises:
            SessionError: The run is not paused.
        """

    @abstractmethod
    def pause(self) -> None:
        """Stop at the next moment of any depth. Nothing happens where it is stopped already.

        Raises:
            SessionError: There is no living script.
        """

    @abstractmethod
    def quit(self) -> None:
        """Ask the script to end where it is, with its ``finally`` blocks.

        Raises:
            SessionError: There is no living script.
        """

    @abstractmethod
    def interrupt(self) -> None:
        """Send the script SIGINT, as ctrl+C in its own terminal would.

        Raises:
            SessionError: There is no living script.
        """

    @abstractmethod
    def select(self, fqn: str) -> None:
        """Keep copies of this parameter before and after each phase, whatever its size."""

    @abstractmethod
    def read_tensor(
        self, role: Role, name: str, when: When = When.AFTER, index: Sequence[Slice] = ()
    ) -> TensorData | None:
        """Return elements of a tensor at the cursor; None if the tensor is None.

        Raises:
            SessionError: It was not kept, does not exist, or the run is not paused.
        """

    @abstractmethod
    def evaluate(self, expression: str) -> str:
        """Return the repr of a Python expression in the script's frame.

        Raises:
            SessionError: The expression raised, or there is no living script.
        """

    @abstractmethod
    def write_input(self, text: str) -> None:
        """Write to the script's standard input.

        Raises:
            SessionError: There is no living script.
        """

    @abstractmethod
    def resize(self, columns: int, rows: int) -> None:
        """Tell the script's terminal its size."""

    def hold(self, *, held: bool) -> None:  # noqa: B027  # a recording has nothing to hold
        """Stop the script where it is, as ctrl+Z in its own terminal would, or let it go on."""

    @abstractmethod
    def wait(self, timeout: float | None = None) -> RunState:
        """Wait until the run is paused or over, or for ``timeout`` seconds; return its state."""

    @abstractmethod
    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` from the session's own thread after every change."""

    def end(self) -> None:  # noqa: B027  # a recording has ended already
        """End the run, and wait for that; its recording stays open."""

    @abstractmethod
    def close(self) -> None:
        """End the run and close its recording. Idempotent."""
