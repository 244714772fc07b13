"""Where a run stops: the meaning of every kind of ``Until``, one place after another."""

from gradscope.capture.gate import Place
from gradscope.core.commands import Resume, Until

_CLOSE = 16
"""So many stops ahead of its end a movement is measured as if it stopped at each."""

_STEPPING = (Until.MOMENT, Until.INTO, Until.PHASE)


class Stops:
    """Watches the places go by and says at which one to stop.

    Reasons are those of the Debug Adapter Protocol: ``entry`` at the first stop of a run, then
    ``step``, ``goto`` and ``pause``.
    """

    def __init__(self) -> None:
        self._goal = Resume(Until.NEVER)
        self._left = 0
        self._inside = False
        self._iteration = 0
        self._epoch = 0
        self._completed = 0
        self._pause = False
        self._entered = False
        self.missed = ""
        """A line that says why the latest stop is behind the place sought, or ''."""

    def resume(self, goal: Resume, at: Place | None) -> None:
        """Run on from ``at``, the latest place (None before the first), towards ``goal``."""
        self._goal = goal
        self._left = max(goal.count, 1)
        self._pause = False
        self.missed = ""
        self._inside = at is not None and at.inside is not None
        self._iteration = 0 if at is None else at.iteration
        self._epoch = 0 if at is None else at.epoch
        completed = at is not None and at.completes
        self._completed = self._iteration if completed else 0

    def pause(self) -> None:
        """Stop at the next place, whatever the goal."""
        self._pause = True

    @property
    def stepping(self) -> bool:
        """Whether every place on the way counts, and few of them are left."""
        return self._goal.until in _STEPPING and self._left <= _CLOSE

    def nears(self, place: Place) -> bool:
        """Tell whether ``place`` lies in the iteration before the stop, or in that of the stop."""
        goal = self._goal
        match goal.until:
            case Until.ITERATION | Until.STEPS:
                return self._left == 1
            case Until.PLACE:
                return goal.iteration is not None and place.iteration >= goal.iteration - 1
            case _:
                return self.stepping

    def reason(self, place: Place) -> str:
        """Return why to stop at ``place``, or '' to run on. Each place is to be shown once."""
        if self._pause:
            reason = "pause"
        elif not self._counts(place):
            return ""
        else:
            self._left -= 1
            if self._left > 0:
                return ""
            reason = "goto" if self._goal.until is Until.PLACE else "step"
        self._pause = False
        self._goal = Resume(Until.NEVER)
        if not self._entered:
            self._entered = True
            reason = "entry" if reason == "step" else reason
        return reason

    def _counts(self, place: Place) -> bool:
        if self._goal.until is Until.INTO:
            return True
        if place.inside is not None:
            return self._goal.until is Until.MOMENT and self._inside
        self._inside = False
        return self._counts_end(place)

    def _counts_end(self, place: Place) -> bool:
        """Tell whether this end of a phase is a place of the kind that is the goal."""
        counts = False
        match self._goal.until:
            case Until.ITERATION:
                counts = place.iteration > self._iteration
                self._iteration = max(place.iteration, self._iteration)
            case Until.EPOCH:
                counts = place.epoch > self._epoch
                self._epoch = max(place.epoch, self._epoch)
            case Until.STEPS:
                counts = place.completes and place.iteration > self._completed
                self._completed = place.iteration if counts else self._completed
            case Until.PLACE:
                counts = self._is_goal(place)
            case Until.MOMENT | Until.INTO | Until.PHASE:
                counts = True
            case Until.NEVER:
                pass
        return counts

    def _is_goal(self, place: Place) -> bool:
        wanted, phase = self._goal.iteration, self._goal.phase
        if wanted is not None and place.iteration > wanted:
            self._left = 1
            what = f"had no further {phase}" if phase else "was already over"
            self.missed = f"Iteration {wanted} {what}; stopped right behind it."
            return True
        return wanted in (None, place.iteration) and phase in (None, place.phase)
