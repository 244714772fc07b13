"""Counting: moments, iterations and epochs, by what the script does."""

from gradscope.capture.frames import Trace, went_back


class Timeline:
    """Where the run is. Knows of nothing but the events that it is told."""

    def __init__(self) -> None:
        self.seq = 0
        self.iteration = 1
        self.epoch = 1
        self.stepped = False
        """The weights have been updated in this iteration."""
        self.steps = 0
        """Optimizer steps of this iteration so far."""
        self._steps_before = 1
        self._step_trace: Trace = ()

    @property
    def completes(self) -> bool:
        """Whether this iteration has as many optimizer steps as the one before."""
        return self.steps >= self._steps_before

    def tick(self) -> int:
        """Count a moment and return its number."""
        self.seq += 1
        return self.seq

    def batch(self, *, again: bool) -> None:
        """A training batch was fetched; ``again`` if it opens another pass over its data."""
        if self.stepped:
            self._advance()
        if again:
            self.epoch += 1

    def work(self, trace: Trace | None) -> None:
        """A forward, a loss or a backward begins in a loop without a DataLoader.

        With a trace, the work starts a new iteration only if the script went round its loop
        since the last step: there are several optimizers, which take turns inside one iteration.
        """
        if self.stepped and (trace is None or went_back(self._step_trace, trace)):
            self._advance()

    def zero_grad(self, trace: Trace) -> None:
        """Grads are about to be zeroed in a loop without a DataLoader."""
        if self.stepped and went_back(self._step_trace, trace):
            self._advance()

    def step(self, trace: Trace) -> None:
        """An optimizer has stepped, or tried to."""
        self.stepped = True
        self.steps += 1
        self._step_trace = trace

    def step_by_hand(self) -> None:
        """The script has updated weights with its own arithmetic."""
        if not self.stepped:
            self.stepped = True
            self._step_trace = ()

    def _advance(self) -> None:
        self.iteration += 1
        self._steps_before = max(1, self.steps)
        self.steps = 0
        self.stepped = False
