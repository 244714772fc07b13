"""The script's own time: what passes without waiting at stops and without measuring."""

import time


class Clock:
    """Seconds since the child started, less what gradscope itself took.

    Args:
        started: When the child started, in seconds since the epoch; now by default.
    """

    def __init__(self, started: float | None = None) -> None:
        now = time.time()
        self._origin = time.perf_counter() - (now - (now if started is None else started))
        self.excluded = 0.0
        """Seconds spent measuring or waiting; whoever waits inside ``arrive`` may add to it."""

    def now(self) -> float:
        """Return the script's own time."""
        return time.perf_counter() - self._origin - self.excluded

    def wall(self) -> float:
        """Return the time since the child started."""
        return time.perf_counter() - self._origin

    def aside(self) -> "Aside":
        """Exclude what passes inside a block."""
        return Aside(self)

    def resume_from(self, wall: float, excluded: float) -> None:
        """Exclude all that has passed since both values were read."""
        self.excluded = excluded + (self.wall() - wall)


class Aside:
    """The context of ``Clock.aside``."""

    __slots__ = ("_clock", "_excluded", "_wall")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __enter__(self) -> None:
        self._wall, self._excluded = self._clock.wall(), self._clock.excluded

    def __exit__(self, *_: object) -> None:
        self._clock.resume_from(self._wall, self._excluded)
