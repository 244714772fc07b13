"""Capture: all hooks of one run, and taking them out again."""

from gradscope.capture.arrivals import Arrivals
from gradscope.capture.backwards import Backwards
from gradscope.capture.clipping import Clipping
from gradscope.capture.clock import Clock
from gradscope.capture.forwards import Forwards
from gradscope.capture.frames import Frames
from gradscope.capture.gate import Gate
from gradscope.capture.inspector import Inspector
from gradscope.capture.loading import Loading
from gradscope.capture.losses import Losses
from gradscope.capture.patches import Patches
from gradscope.capture.reporter import Reporter
from gradscope.capture.scaling import ScaledSteps, Unscaling
from gradscope.capture.schedules import Schedules
from gradscope.capture.stepping import Stepping
from gradscope.capture.timeline import Timeline
from gradscope.capture.tracker import Tracker
from gradscope.capture.zeroing import Zeroing


class Capture:
    """The instruments of a run, in place from construction to ``remove``.

    Args:
        gate: Asked at every moment, and given the moments that it wants.
        started: When the run began, in seconds since the epoch; now by default.
    """

    def __init__(self, gate: Gate, started: float | None = None) -> None:
        frames = Frames()
        self._clock = Clock(started)
        self._reporter = Reporter(gate, self._clock, frames, Timeline())
        arrivals = Arrivals()
        self._tracker = Tracker(self._reporter, frames, arrivals.hook_parameter)
        arrivals.tracker = self._tracker
        self.inspector = Inspector(self._tracker)
        self._patches = Patches(self._reporter.guard)
        self._forwards = Forwards(self._tracker, arrivals)
        self._forwards.install(self._patches)
        stepping = Stepping(self._tracker)
        for watch in (
            Losses(self._tracker),
            Backwards(self._tracker, arrivals),
            Zeroing(self._tracker),
            Clipping(self._tracker, "norm"),
            Clipping(self._tracker, "value"),
            stepping,
            Unscaling(self._tracker),
            ScaledSteps(self._tracker, stepping),
            Schedules(self._tracker),
            Loading(self._tracker),
        ):
            watch.install(self._patches)

    @property
    def excluded(self) -> float:
        """Seconds that were not the script's own: measuring, and waiting, which may be added."""
        return self._clock.excluded

    @excluded.setter
    def excluded(self, seconds: float) -> None:
        self._clock.excluded = seconds

    def settle(self) -> None:
        """Report what the script has changed by hand since its last piece of work."""
        self._reporter.guard(self._tracker.settle)
        self._reporter.guard(lambda: self._tracker.by_hand.look_at_grads(exact=True))

    def remove(self) -> None:
        """Take everything out: torch is as it was, and nothing more is watched."""
        self._reporter.silent = True
        self._forwards.remove()
        self._patches.restore()
        for parameter in self._tracker.registry.parameters():
            parameter.unhook()
