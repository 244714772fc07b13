"""Changes by hand: weights and grads that the script writes with its own arithmetic."""

from gradscope.capture import measuring, weights
from gradscope.capture.discovery import Registry
from gradscope.capture.grads import survey
from gradscope.capture.parameters import Parameter
from gradscope.capture.phases import Phases
from gradscope.capture.quiet import quiet
from gradscope.capture.reporter import Content, Reporter
from gradscope.core.events import Facts
from gradscope.core.words import Detail, Phase


class ByHand:
    """Finds, where the next piece of work begins, what was changed since the last one ended."""

    def __init__(self, registry: Registry, reporter: Reporter, phases: Phases) -> None:
        self._registry = registry
        self._reporter = reporter
        self._phases = phases
        self._armed = False
        self._graded = False

    def arm(self, *, graded: bool) -> None:
        """Weights may be changed from now on; ``graded`` if a backward has just filled grads."""
        self._armed = True
        self._graded = graded

    def look_at_weights(self, *, surely: bool = False) -> None:
        """Report weights that were changed since they were last seen, and grads with them.

        They are compared once after each backward and each optimizer step, always if
        ``surely``. Weights changed after a backward, with no optimizer to do it, are this
        iteration's update.
        """
        if not (self._armed or surely):
            return
        self._armed = False
        with self._reporter.clock.aside(), quiet():
            moved = weights.changed(self._registry.trained())
        if moved:
            if self._graded:
                self._reporter.timeline.step_by_hand()
            self._graded = False
            self._report_weights(moved)
            self.look_at_grads(exact=True)

    def look_at_grads(self, *, exact: bool, quietly: bool = False) -> None:
        """Report grads that were taken away or altered since they were last seen.

        With ``exact`` also those that were written through ``.data``. ``quietly`` only brings
        what is known of them up to date.
        """
        trained = self._registry.trained()
        if not trained:
            return
        with self._reporter.clock.aside():
            change = survey(trained, exact=exact)
        if change is None or quietly:
            return

        def describe(detail: Detail) -> Content:
            facts = Facts(
                by_hand=True,
                grads_to_none=change.to_none,
                grads_to_zero=change.to_zero,
                grads_none=self._registry.count_none(),
            )
            return Content(facts, measuring.grads(trained, detail))

        now = self._reporter.clock.now()
        if change.zeroed:
            self._phases.end(Phase.ZERO_GRAD, now, describe)
        elif change.altered or change.filled:
            self._phases.end(Phase.MANUAL, now, describe)

    def _report_weights(self, moved: list[Parameter]) -> None:
        timeline = self._reporter.timeline
        with self._reporter.clock.aside(), quiet():
            weights.advance(moved, timeline.seq + 1)

        def describe(detail: Detail) -> Content:
            return measuring.moved(moved, detail, by_hand=True)

        completes = timeline.stepped and not timeline.steps
        now = self._reporter.clock.now()
        self._phases.end(Phase.MANUAL, now, describe, completes=completes)
