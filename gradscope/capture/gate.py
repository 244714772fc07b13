"""The gate: what capture asks of whoever decides where the run stops."""

from typing import Protocol

import msgspec

from gradscope.core.events import Event, Inside, Moment
from gradscope.core.words import Detail, Phase


class Place(msgspec.Struct, frozen=True):
    """Where a run is, before anything is measured there; fields as in a Moment.

    ``completes`` tells that this is an optimizer step that completes the iteration: as many
    steps have happened as in the iteration before (one, in the first).
    """

    seq: int
    iteration: int
    epoch: int
    phase: Phase
    inside: Inside | None
    completes: bool = False


class Gate(Protocol):
    """Decides at every moment whether to measure, to send and to stop."""

    def look(self, place: Place) -> Detail | None:
        """Say how closely to measure here; None to measure and send nothing.

        Called at every moment, so it must cost microseconds.
        """

    def arrive(self, moment: Moment) -> None:
        """Send the moment, and stop the script here where the user asked for it.

        Raises:
            SystemExit: The user ends the script.
        """

    def emit(self, event: Event) -> None:
        """Send any other event."""
