"""gradscope with a stopwatch: traced.py LOG ARGUMENTS… writes what happened when to LOG.

Each line is ``resumed``, ``stopped DURATION`` or ``shown`` and the time, in seconds of the clock
that all processes share: the run was told to go on; the event of its stop has arrived, whose phase
took DURATION; the panes have been given what they show, which is painted next.
"""

import sys
import time
from pathlib import Path
from typing import Any

from gradscope.core.commands import Resume
from gradscope.core.events import Moment
from gradscope.session.following import FollowingSession
from gradscope.session.pump import Pump
from gradscope.tui.screens.panes import Panes


def main() -> None:
    """Put the stopwatch in and run the command line."""
    from gradscope.cli import main as run

    log = Path(sys.argv.pop(1)).open("w", buffering=1)  # noqa: SIM115  # until the process ends
    deliver, send, show = FollowingSession._deliver, Pump.send, Panes.show

    def delivered(session: Any, events: Any) -> None:
        for event in events:
            if isinstance(event, Moment) and event.stop:
                log.write(f"stopped {event.duration} {time.perf_counter()}\n")
        deliver(session, events)

    def sent(pump: Any, command: Any) -> None:
        if isinstance(command, Resume):
            log.write(f"resumed {time.perf_counter()}\n")
        send(pump, command)

    def shown(panes: Any) -> bool:
        moved = show(panes)
        log.write(f"shown {time.perf_counter()}\n")
        return moved

    for owner, name, timed in (
        (FollowingSession, "_deliver", delivered),
        (Pump, "send", sent),
        (Panes, "show", shown),
    ):
        setattr(owner, name, timed)
    run()


if __name__ == "__main__":
    main()
