"""Events: what the child tells the parent, and what a recording keeps.

Every event is a tagged struct; ``Event`` is their closed union, so that a front end which
forgets one fails in the type check.
"""

from typing import TypeAlias

import msgspec

from gradscope.core.tensors import Measurement, TensorData
from gradscope.core.words import Detail, Phase

PROTOCOL = 1
"""Version of events and commands together; both sides come from one installation."""


class SourceLine(msgspec.Struct, frozen=True, array_like=True):
    """A line of the user's own code: absolute file, line from 1, name of the function."""

    file: str
    line: int
    function: str


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The child lives and is about to run the script; torch is not imported yet.

    ``time`` is seconds since the epoch; all other times in events are seconds since this one.
    """

    protocol: int
    pid: int
    argv: list[str]
    script: str
    directory: str
    python: str
    time: float


class Environment(msgspec.Struct, frozen=True, tag="environment"):
    """The script has imported torch: its version, threads and device."""

    torch: str
    threads: int
    device: str


class ModuleInfo(msgspec.Struct, frozen=True, array_like=True):
    """One module of a model: fqn ('' for the root), type name, ``extra_repr``."""

    fqn: str
    kind: str
    description: str


class ParameterInfo(msgspec.Struct, frozen=True, array_like=True):
    """One parameter: fqn, the fqn of its module, shape, dtype, device.

    ``shared_with`` is the fqn under which the same parameter came first, or ''.
    """

    fqn: str
    module: str
    shape: tuple[int, ...]
    dtype: str
    device: str
    requires_grad: bool
    shared_with: str


class Model(msgspec.Struct, frozen=True, tag="model"):
    """A model was found, or has changed. Fqns of a second model begin with its name."""

    index: int
    name: str
    modules: list[ModuleInfo]
    parameters: list[ParameterInfo]


class ParamGroup(msgspec.Struct, frozen=True, array_like=True):
    """One param group of an optimizer: the fqns it moves and its hyper-parameters by name."""

    parameters: list[str]
    settings: dict[str, float | bool | str | None]


class Optimizer(msgspec.Struct, frozen=True, tag="optimizer"):
    """An optimizer was found, or its param groups have changed."""

    index: int
    name: str
    groups: list[ParamGroup]


class Inside(msgspec.Struct, frozen=True, array_like=True):
    """Where a moment lies inside a phase.

    ``kind`` is ``forward`` (the module ``name`` has returned), ``grad_output`` (the gradient
    arrived at the output of the module ``name``) or ``grad`` (the gradient of the parameter
    ``name`` was accumulated).
    """

    kind: str
    name: str


class Clip(msgspec.Struct, frozen=True, array_like=True):
    """Gradients were clipped: ``kind`` is ``norm`` or ``value``, with the limit and both norms."""

    kind: str
    limit: float
    before: float
    after: float


class LossCall(msgspec.Struct, frozen=True, array_like=True):
    """The loss function that made the loss: name, reduction, shapes of input and target."""

    name: str
    reduction: str
    input_shape: tuple[int, ...]
    target_shape: tuple[int, ...]


class Preview(msgspec.Struct, frozen=True, array_like=True):
    """One field of a batch: its first samples, to look at.

    ``kind`` is ``images`` (``data`` is ``(samples, channels, height, width)``), ``rows``
    (``(samples, features)``), ``labels`` (``(samples,)``) or ``other`` (no data). Values are as
    the script had them, never rescaled; ``shape`` and ``dtype`` are those of the whole field.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    dtype: str
    data: TensorData | None


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a phase read and wrote, counted. Counts of grads are counts of parameters."""

    grads_to_none: int = 0
    """Grads that were tensors and are None now."""
    grads_to_zero: int = 0
    """Grads that had a nonzero element and have none now."""
    grads_filled: int = 0
    """Grads that were None or all zero and are neither now."""
    grads_accumulated: int = 0
    """Grads that were nonzero before and were added to."""
    grads_none: int = 0
    """Parameters that require a grad and have None now."""
    weights_changed: int = 0
    """Elements of weights that changed."""
    parameters_changed: int = 0
    largest_update: float | None = None
    """The largest magnitude of an element's change."""
    by_hand: bool = False
    """The script did this with its own arithmetic, not through a method that torch offers."""
    optimizer: int | None = None
    """Index of the optimizer that acted."""
    set_to_none: bool | None = None
    skipped: str = ""
    """Why the optimizer step did not happen, such as an Inf found by a GradScaler."""
    loss_call: LossCall | None = None
    clip: Clip | None = None
    learning_rates: list[tuple[float, float]] | None = None
    """Of a scheduler step: the learning rate before and after, per param group."""


class Moment(msgspec.Struct, frozen=True, tag="moment"):
    """A point in the run where it could stop: the end of a phase, or inside one.

    ``seq`` counts all moments of the run from 1, recorded or not, so that it does not depend on
    how the run was stepped. ``time`` is when the moment was reached and ``duration`` how long
    its phase took so far, both in seconds of the script's own work: waiting at a stop and
    measuring are taken off. ``loss`` and ``grad_norm`` are the latest of this iteration,
    ``lr`` is that of the first param group. ``stop`` says why the run stopped here, or ''.
    """

    seq: int
    iteration: int
    epoch: int
    phase: Phase
    inside: Inside | None
    line: SourceLine | None
    time: float
    duration: float
    loss: float | None
    grad_norm: float | None
    lr: float | None
    detail: Detail
    facts: Facts
    measurements: list[Measurement]
    batch: list[Preview]
    stop: str


class Running(msgspec.Struct, frozen=True, tag="running"):
    """The script runs on after a stop."""


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """The reply to a request. One of ``data``, ``text`` and ``problem`` is set.

    ``problem`` says in one line why there is no answer. ``absent`` tells that the tensor is None.
    """

    request: int
    data: TensorData | None = None
    text: str = ""
    problem: str = ""
    absent: bool = False


class Notice(msgspec.Struct, frozen=True, tag="notice"):
    """Something that the user should know about what is or is not watched, in one line."""

    text: str


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """What the script did in all, for the one that never trained."""

    torch_imported: bool = False
    models: int = 0
    forwards: int = 0
    backwards: int = 0
    optimizers: int = 0
    optimizer_steps: int = 0
    batches: int = 0


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The script came to its end in the child's own words: the last event that the child sends.

    ``how`` is ``returned``, ``exited`` (SystemExit), ``raised`` or ``quit`` (asked to by the
    user). ``code`` is the exit code as python would give it; ``traceback`` is as python prints
    it, without frames of gradscope.
    """

    how: str
    code: int
    traceback: str
    line: SourceLine | None
    seen: Seen


class Output(msgspec.Struct, frozen=True, tag="output"):
    """Bytes that the script printed, as they came; ``stream`` is ``out``, ``err`` or ``tty``."""

    stream: str
    data: bytes


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The child process is gone, as the parent saw it: exit code, or minus the signal."""

    status: int


Event: TypeAlias = (
    Started
    | Environment
    | Model
    | Optimizer
    | Moment
    | Running
    | Answer
    | Notice
    | Finished
    | Output
    | Ended
)
