"""The vocabulary: the names of what a training script does and of what its tensors are."""

from enum import StrEnum


class Phase(StrEnum):
    """A named part of an iteration. No order is assumed: phases are what the script did."""

    BATCH = "batch"
    ZERO_GRAD = "zero_grad"
    FORWARD = "forward"
    LOSS = "loss"
    BACKWARD = "backward"
    CLIP = "clip"
    STEP = "step"
    SCHEDULE = "schedule"
    UNSCALE = "unscale"
    EVALUATE = "evaluate"
    """A forward under no_grad or in eval mode."""
    MANUAL = "manual"
    """Weights or grads that the script changed by hand."""


class Role(StrEnum):
    """What a tensor is to the training."""

    WEIGHT = "weight"
    GRAD = "grad"
    UPDATE = "update"
    """The weight after the optimizer step minus the weight before it."""
    ACTIVATION = "activation"
    """The output of a module's forward."""
    GRAD_OUTPUT = "grad_output"
    """The gradient that arrived at a module's output."""
    STATE = "state"
    """A tensor of an optimizer's state, such as a momentum buffer."""


class Detail(StrEnum):
    """How closely a moment was measured."""

    FULL = "full"
    """Every number exact, with histograms and thumbnails."""
    NORMS = "norms"
    """Exact norms of weights, grads and updates, nothing else: what a free run can afford."""


class When(StrEnum):
    """Which copy of a tensor: as it was before the current phase, or as it is after it."""

    BEFORE = "before"
    AFTER = "after"
