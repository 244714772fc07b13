"""What a phase did, in words with the numbers that were measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gradscope.core.events import Clip, Facts, LossCall, Model, Moment, Optimizer, Preview
from gradscope.core.numbers import format_count, format_number
from gradscope.core.tensors import Stats
from gradscope.core.words import Phase, Role
from gradscope.explain.updates import update_rule


@dataclass(frozen=True)
class Row:
    """One line of a description: a short label ('' continues), the text, whose colour it takes."""

    label: str
    text: str
    role: Role | None = None


@dataclass(frozen=True)
class Description:
    """What a moment did: rows to show in a panel, and one plain sentence that says it all."""

    rows: tuple[Row, ...]
    sentence: str


@dataclass(frozen=True)
class _Context:
    """A moment, and the names of who acted in it."""

    moment: Moment
    model: str
    optimizer: str
    rule: tuple[str, ...]
    """The optimizer's update, one assignment a line."""

    @property
    def facts(self) -> Facts:
        return self.moment.facts


def describe(
    moment: Moment,
    models: Sequence[Model] = (),
    optimizers: Sequence[Optimizer] = (),
    measured: Stats | None = None,
) -> Description:
    """Say what ``moment`` read and wrote, with the numbers that it carries.

    ``models`` and ``optimizers`` are those of the run, for their names. ``measured`` is of what a
    moment inside a phase has written. What is not known is left out.
    """
    index = moment.facts.optimizer
    named = [o for o in optimizers if o.index == index] or list(optimizers)
    optimizer = named[0].name if len(named) == 1 else "the optimizer"
    model = models[0].name if len(models) == 1 else "the model"
    if moment.inside is not None:
        return _inside(moment.inside.kind, moment.inside.name, measured)
    rule = update_rule(named[0]) if len(named) == 1 else ()
    rows, sentence = _PHASES[moment.phase](_Context(moment, model, optimizer, rule))
    return Description(tuple(rows), sentence)


_Parts = tuple[list[Row], str]


def _count(number: int, what: str) -> str:
    return f"{format_count(number)} {what}" if number == 1 else f"{format_count(number)} {what}s"


def _lines(label: str, lines: Sequence[str], role: Role | None = None) -> list[Row]:
    return [Row("" if number else label, line, role) for number, line in enumerate(lines)]


def _next_step(context: _Context) -> list[Row]:
    return _lines("next", context.rule and (f"{context.optimizer}.step()", *context.rule))


def _shape(shape: Sequence[int]) -> str:
    return "×".join(str(size) for size in shape) or "one number"


def _inside(kind: str, name: str, measured: Stats | None) -> Description:
    what = name or "the model"
    numbers = () if measured is None else tuple(_numbers(measured))
    if kind == "forward":
        row = Row("writes", "its output", Role.ACTIVATION)
        return Description((row, *numbers), f"the forward of {what} has returned")
    if kind == "grad_output":
        row = Row("writes", "∂L/∂(its output)", Role.GRAD_OUTPUT)
        return Description((row, *numbers), f"the gradient has arrived at the output of {what}")
    row = Row("writes", "its .grad", Role.GRAD)
    return Description((row, *numbers), f"the gradient of {what} has been accumulated")


def _numbers(stats: Stats) -> list[Row]:
    """Say in numbers what a tensor is like."""
    rows = [Row("", f"{_shape(stats.shape)} {stats.dtype}"), Row("‖·‖", format_number(stats.norm))]
    if stats.mean is not None and stats.std is not None:
        rows.append(Row("μ, σ", f"{format_number(stats.mean)}, {format_number(stats.std)}"))
    if stats.min is not None and stats.max is not None:
        rows.append(Row("range", f"{format_number(stats.min)} to {format_number(stats.max)}"))
    if stats.zeros:
        rows.append(Row("zero", f"{100 * stats.zeros / stats.numel:.1f} %"))
    if stats.nans or stats.infs:
        rows.append(Row("▲", f"{stats.nans or 0} NaN, {stats.infs or 0} Inf"))
    return rows


def _batch(context: _Context) -> _Parts:
    fields = [f"{_field(p)}{_shape(p.shape)} {p.dtype}" for p in context.moment.batch]
    rows = [*_lines("reads", fields), Row("writes", "nothing of the model")]
    return rows, f"fetched a batch: {', '.join(fields)}" if fields else "fetched a batch"


def _field(preview: Preview) -> str:
    """Return the field's own name, or what it looks like where the batch is a plain tuple."""
    if preview.name and not preview.name.isdigit():
        return f"{preview.name} "
    return "" if preview.kind == "other" else f"{preview.kind} "


def _zero_grad(context: _Context) -> _Parts:
    facts = context.facts
    who = "the script, by hand," if facts.by_hand else "zero_grad"
    done = []
    if facts.grads_to_none:
        done.append(f"{_count(facts.grads_to_none, 'grad')} to None")
    if facts.grads_to_zero:
        done.append(f"{_count(facts.grads_to_zero, 'grad')} to zero")
    if done:
        row = Row("writes", " and ".join(done), Role.GRAD)
        why = Row("why", "backward adds to what is in .grad: old gradients would stay in")
        return [row, why], f"{who} set {' and '.join(done)}"
    found = "every grad None already" if facts.grads_none else "no grad to clear"
    return [Row("writes", "nothing", Role.GRAD)], f"{who} found {found}"


def _forward(context: _Context) -> _Parts:
    rows = [
        Row("reads", "the batch, weights", Role.WEIGHT),
        Row("writes", "activations", Role.ACTIVATION),
    ]
    return rows, f"forward ran {context.model} and changed no weight"


def _evaluate(context: _Context) -> _Parts:
    rows = [Row("reads", "weights", Role.WEIGHT), Row("writes", "nothing that learns")]
    return rows, f"{context.model} ran to evaluate: nothing is learned from it"


def _loss(context: _Context) -> _Parts:
    value = context.moment.loss
    call = context.facts.loss_call
    rows = [] if call is None else _loss_rows(call)
    if value is not None:
        rows.append(Row("writes", f"L = {format_number(value)}"))
    name = "the loss" if call is None else call.name
    if value is None:
        return rows, f"{name} was computed"
    if call is None:
        return rows, f"the loss is {format_number(value)}"
    over = f", the {call.reduction} over {_shape(_terms(call))}"
    over = over if call.reduction in ("mean", "sum") else ""
    return rows, f"{name} gave {format_number(value)}{over}"


def _terms(call: LossCall) -> tuple[int, ...]:
    """Return the shape of what is reduced: class scores have become one term each sample."""
    shape = call.input_shape
    if call.name in ("cross_entropy", "nll_loss"):
        return (*shape[:1], *shape[2:]) if len(shape) > 1 else ()
    return shape


def _loss_rows(call: LossCall) -> list[Row]:
    reads = f"output {_shape(call.input_shape)}, target {_shape(call.target_shape)}"
    return [Row("reads", reads), Row("by", f"{call.name}, reduction {call.reduction}")]


def _backward(context: _Context) -> _Parts:
    facts = context.facts
    done = []
    if facts.grads_filled:
        done.append(f"filled {_count(facts.grads_filled, 'grad')}")
    if facts.grads_accumulated:
        done.append(f"added to {_count(facts.grads_accumulated, 'grad')}")
    written = [
        f"{_count(number, 'grad')} {how}"
        for number, how in ((facts.grads_filled, "filled"), (facts.grads_accumulated, "added to"))
        if number
    ]
    rows = [
        Row("reads", "loss, saved activations"),
        *_lines("writes", written or ["no grad"], Role.GRAD),
    ]
    if facts.grads_none:
        rows.append(Row("without", f"{_count(facts.grads_none, 'grad')} still None", Role.GRAD))
    norm = context.moment.grad_norm
    if norm is not None:
        rows.append(Row("‖g‖", format_number(norm), Role.GRAD))
    rows += _next_step(context)
    size = "" if norm is None else f", ‖g‖ {format_number(norm)}"
    return rows, f"backward {' and '.join(done) or 'changed no grad'}{size}"


def _clip(context: _Context) -> _Parts:
    clip = context.facts.clip
    if clip is None:
        return [Row("writes", "grads", Role.GRAD)], "the gradients were clipped"
    before, after = format_number(clip.before), format_number(clip.after)
    rows = [
        Row("limit", _limit(clip)),
        Row("‖g‖", before if before == after else f"{before} → {after}", Role.GRAD),
        *_next_step(context),
    ]
    if clip.before == clip.after:
        return rows, f"clipping to {_limit(clip)} left ‖g‖ at {after}"
    return rows, f"clipping to {_limit(clip)} took ‖g‖ from {before} to {after}"


def _limit(clip: Clip) -> str:
    limit = format_number(clip.limit)
    return f"norm {limit}" if clip.kind == "norm" else f"elements within ±{limit}"


def _step(context: _Context) -> _Parts:
    facts = context.facts
    who = "the script, by hand," if facts.by_hand else context.optimizer
    if facts.skipped:
        return [Row("skipped", facts.skipped)], f"the optimizer step was skipped: {facts.skipped}"
    rows = [Row("reads", "grads", Role.GRAD), *_moved_rows(facts)]
    rows += [] if facts.by_hand else _lines("by", context.rule, Role.UPDATE)
    return rows, f"{who} moved {_moved(facts)}"


def _moved_rows(facts: Facts) -> list[Row]:
    what = _count(facts.weights_changed, "weight")
    if facts.parameters_changed:
        what += f" of {_count(facts.parameters_changed, 'parameter')}"
    rows = [Row("writes", what, Role.WEIGHT)]
    if facts.largest_update is not None:
        rows.append(Row("max |ΔW|", format_number(facts.largest_update), Role.UPDATE))
    return rows


def _moved(facts: Facts) -> str:
    if not facts.weights_changed:
        return "no weight"
    most = facts.largest_update
    at_most = "" if most is None else f" by at most {format_number(most)}"
    return f"{_count(facts.weights_changed, 'weight')}{at_most}"


def _schedule(context: _Context) -> _Parts:
    rates = context.facts.learning_rates or []
    rows = []
    for number, (before, after) in enumerate(rates):
        text = format_number(before)
        text = text if before == after else f"{text} → {format_number(after)}"
        rows.append(Row("" if number else "lr", text))
    if not rates:
        return rows, "the scheduler advanced"
    before, after = rates[0]
    if before == after:
        return rows, f"the scheduler left lr at {format_number(after)}"
    return rows, f"the scheduler took lr from {format_number(before)} to {format_number(after)}"


def _unscale(context: _Context) -> _Parts:
    norm = context.moment.grad_norm
    rows = [Row("writes", "grads", Role.GRAD)]
    size = "" if norm is None else f", ‖g‖ {format_number(norm)}"
    return rows, f"unscale divided the grads by the loss scale{size}"


def _manual(context: _Context) -> _Parts:
    facts = context.facts
    if facts.weights_changed:
        return _moved_rows(facts), f"the script, by hand, moved {_moved(facts)}"
    if facts.grads_to_none or facts.grads_to_zero:
        return _zero_grad(context)
    return [Row("writes", "weights or grads")], "the script changed weights or grads by hand"


_PHASES: dict[Phase, Callable[[_Context], _Parts]] = {
    Phase.BATCH: _batch,
    Phase.ZERO_GRAD: _zero_grad,
    Phase.FORWARD: _forward,
    Phase.LOSS: _loss,
    Phase.BACKWARD: _backward,
    Phase.CLIP: _clip,
    Phase.STEP: _step,
    Phase.SCHEDULE: _schedule,
    Phase.UNSCALE: _unscale,
    Phase.EVALUATE: _evaluate,
    Phase.MANUAL: _manual,
}
