"""The run as all hooks see it together."""

import weakref
from collections.abc import Callable

from torch import nn

from gradscope.capture.byhand import ByHand
from gradscope.capture.discovery import Registry
from gradscope.capture.frames import Frames
from gradscope.capture.leaves import adopt, follow_variables
from gradscope.capture.loops import Loops
from gradscope.capture.optimizers import Optimizers, tensors_of
from gradscope.capture.outputs import Outputs
from gradscope.capture.parameters import Parameter
from gradscope.capture.phases import Phases
from gradscope.capture.reporter import Reporter
from gradscope.capture.tally import Tally
from gradscope.capture.weights import learn_first
from gradscope.core.events import LossCall


def _nothing() -> None:
    """Stand in for what is not there to be done."""


class Tracker:
    """What is known of the run, and what hooks do where any piece of its work begins.

    Args:
        on_parameter: Called with every parameter that is new or stands for a new tensor.
    """

    def __init__(
        self, reporter: Reporter, frames: Frames, on_parameter: Callable[[Parameter], None]
    ) -> None:
        self.reporter = reporter
        self.frames = frames
        self.timeline = reporter.timeline
        self.clock = reporter.clock
        self.tally = Tally()
        self.registry = Registry(reporter.emit, on_parameter)
        self.optimizers = Optimizers(self.registry, reporter)
        self.loops = Loops()
        self.phases = Phases(reporter, self.registry)
        self.activations = Outputs()
        self.grad_outputs = Outputs()
        self.by_hand = ByHand(self.registry, reporter, self.phases)
        self.in_model = False
        """A model's forward runs."""
        self.in_backward = False
        self.in_step = False
        self.backward_start = 0.0
        """When the backward that runs began, in the script's time."""
        self.loss_seen = False
        """A loss function has returned since the last backward."""
        self.loss_inside: LossCall | None = None
        """The latest loss that was computed inside a model's forward, until a backward uses it."""
        self.evaluated: weakref.ref[nn.Module] | None = None
        """The model whose latest forward, in eval mode, a backward could still start from."""
        self.trains_in_eval: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        """Models that are trained while they are in eval mode."""
        self.finish_forward: Callable[[], None] = _nothing
        """Reports a forward whose end torch does not tell of, once it must be over."""
        self.reset_forwards: Callable[[], None] = _nothing
        """Forgets forwards that an exception has ended unseen."""

    def begin_work(self) -> None:
        """A forward, a loss or a backward of the training begins."""
        with self.clock.aside():
            follow_variables(self.registry, self.frames)
        self.settle()
        if self.timeline.stepped and not self.loops.driving:
            several = self.optimizers.several
            self.timeline.work(self.frames.trace() if several else None)
        self.by_hand.look_at_grads(exact=True, quietly=self.in_step)

    def begin_between(self) -> None:
        """Something begins that no forward calls: a fetch, a zeroing, an optimizer's step."""
        if self.in_model:
            self.reset_forwards()

    def meet_optimizers(self) -> None:
        """Learn what new optimizers move, which shows a model before its first forward."""
        fresh = self.optimizers.take_new()
        if not fresh:
            return
        with self.clock.aside():
            for optimizer in fresh:
                tensors = list(tensors_of(optimizer))
                adopt(self.registry, self.frames, tensors)
                learn_first(self.registry.among(tensors))
            self.optimizers.describe_known()

    def settle(self, *, surely: bool = False) -> None:
        """Report what is still to be told of the work before."""
        finish, self.finish_forward = self.finish_forward, _nothing
        finish()
        if not self.in_step:
            self.by_hand.look_at_weights(surely=surely)
