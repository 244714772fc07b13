"""Ends of phases: what belongs to every one of them, whatever the phase."""

from collections.abc import Callable
from typing import TypeAlias

from gradscope.capture.discovery import Registry
from gradscope.capture.freshness import Freshness
from gradscope.capture.grads import GradCopies
from gradscope.capture.outputs import CAP
from gradscope.capture.quiet import quiet
from gradscope.capture.reporter import Content, Reporter
from gradscope.core.tensors import Measurement
from gradscope.core.words import Detail, Phase

Describe: TypeAlias = Callable[[Detail], Content]
"""Says what a phase did, once it is known how closely to look; called inside ``quiet()``."""


class Phases:
    """Brings the ends of phases to the gate, and keeps copies of grads from one to the next."""

    def __init__(self, reporter: Reporter, registry: Registry) -> None:
        self._reporter = reporter
        self._registry = registry
        self.grad_copies = GradCopies(CAP)
        self.freshness = Freshness(registry)

    def end(
        self, phase: Phase, start: float, describe: Describe, *, completes: bool = False
    ) -> Detail | None:
        """Report the end of a phase that began at ``start``; return how closely it was measured.

        Raises:
            SystemExit: The user ends the script.
        """
        detail = self._reporter.look(phase, completes=completes)
        if detail is None:
            self.freshness.forget()
            selected = self._registry.named(self.grad_copies.selected)
            if selected is not None:
                with quiet():
                    self.grad_copies.keep([selected], everything=False)
            return None
        with quiet():
            content = describe(detail)
            full = detail is Detail.FULL
            self.grad_copies.keep(list(self._registry.parameters()), everything=full)
            self.complete(content.measurements, detail)
        self._reporter.send(phase, detail, start, content)
        return detail

    def complete(self, measurements: list[Measurement], detail: Detail) -> None:
        """Add to what a moment measured, where it looks closely, all that was not yet.

        So every stop has the weights, grads and updates of all layers. Call it inside
        ``quiet()``.
        """
        self.freshness.note(measurements, detail)
        if detail is Detail.FULL:
            further = self.freshness.missing(measurements)
            self.freshness.note(further, detail)
            measurements += further
