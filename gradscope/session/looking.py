"""Commands that look: they show what is there and change nothing of the run."""

import fnmatch
import math

import numpy as np

from gradscope.core.grammar import unknown
from gradscope.core.numbers import format_number
from gradscope.core.operations import shape_text
from gradscope.core.tensors import Measurement
from gradscope.recording.series import Series
from gradscope.session.answers import Command, CommandError, Reply, count_of, no_argument
from gradscope.session.history import save
from gradscope.session.names import parameter_names
from gradscope.session.source import RunState, Session
from gradscope.session.stops import stop_reply
from gradscope.session.tensors import show, show_value
from gradscope.session.view import LayerRow, layer_rows

SERIES = ("loss", "lr", "grad_norm")
"""What can be plotted."""
_OUTPUT_LINES = 20


def _print(session: Session, text: str, _wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    if not text:
        raise CommandError("print takes a Python expression")
    if session.state is RunState.RECORDED:
        return show_value(session, text)
    value = session.evaluate(text)
    return Reply(value, {"expression": text, "repr": value})


def _where(session: Session, text: str, _wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    no_argument("where", text)
    return stop_reply(session)


def _layers(session: Session, text: str, _wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    rows = layer_rows(session.recording, session.cursor) if session.cursor is not None else []
    if not rows:
        raise CommandError("no model has been seen yet")
    chosen = [row for row in rows if fnmatch.fnmatchcase(row.fqn, text or "*")]
    if not chosen:
        raise CommandError(unknown("parameter", text, [row.fqn for row in rows]))
    head = ("parameter", "shape", "std of w", "norm of g", "lg dw/w", "health")
    table = [head, *(_layer_cells(row) for row in chosen)]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in table]
    return Reply(
        "\n".join(line.rstrip() for line in lines),
        {"layers": [_layer_data(row) for row in chosen]},
    )


def _layer_cells(row: LayerRow) -> tuple[str, ...]:
    weight = None if row.weight is None else row.weight.stats
    reason = f" ({row.health.reason})" if row.health.reason else ""
    return (
        row.fqn,
        "-" if weight is None else shape_text(weight.shape),
        format_number(None if weight is None else weight.std),
        _norm_text(row.grad),
        format_number(_relative_update(row)),
        f"{row.health.level}{reason}",
    )


def _norm_text(measurement: Measurement | None) -> str:
    if measurement is not None and measurement.stats is None:
        return "None"
    return format_number(_norm(measurement))


def _norm(measurement: Measurement | None) -> float | None:
    return None if measurement is None or measurement.stats is None else measurement.stats.norm


def _relative_update(row: LayerRow) -> float | None:
    """Return the decimal logarithm of the update's norm over the weight's."""
    update, weight = _norm(row.update), _norm(row.weight)
    if not update or not weight:
        return None
    ratio = update / weight
    return math.log10(ratio) if math.isfinite(ratio) and ratio > 0 else math.nan


def _layer_data(row: LayerRow) -> dict[str, object]:
    weight = None if row.weight is None else row.weight.stats
    return {
        "parameter": row.fqn,
        "module": row.module,
        "shape": None if weight is None else list(weight.shape),
        "weight_std": None if weight is None else weight.std,
        "weight_norm": _norm(row.weight),
        "grad_norm": _norm(row.grad),
        "grad_is_none": row.grad is not None and row.grad.stats is None,
        "update_norm": _norm(row.update),
        "health": str(row.health.level),
        "reason": row.health.reason,
    }


def _plot(session: Session, text: str, _wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    name = text or SERIES[0]
    if name not in SERIES:
        raise CommandError(unknown("curve", name, SERIES))
    series = session.recording.series(name)
    if not series.values.size:
        raise CommandError(f"there is no {name} yet")
    data: dict[str, object] = {
        "plot": name,
        "iterations": series.iterations.tolist(),
        "values": series.values.tolist(),
    }
    return Reply(_curve_text(name, series), data)


def _curve_text(name: str, series: Series) -> str:
    """Say in words what a curve looks like, for those who cannot see it."""
    finite = np.flatnonzero(np.isfinite(series.values))
    first, last = int(series.iterations[0]), int(series.iterations[-1])
    text = f"{name} over iterations {first} to {last}"
    if finite.size:
        values = series.values[finite]
        low = int(finite[values.argmin()])
        text += (
            f": from {format_number(float(values[0]))} to {format_number(float(values[-1]))},"
            f" lowest {format_number(float(values.min()))} at {int(series.iterations[low])}"
        )
    missing = series.values.size - finite.size
    return text + (f", {missing} of them NaN or infinite" if missing else "")


def _output(session: Session, text: str, _wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    count = count_of("output", text) if text else _OUTPUT_LINES
    pieces = session.recording.newest_output(max(64, 4 * count))
    written = b"".join(piece.data for piece in pieces).decode(errors="replace")
    lines = written.splitlines()[-count:]
    return Reply("\n".join(lines), {"output": lines})


def _select(session: Session, text: str, _wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    known = parameter_names(session)
    if not known:
        raise CommandError("no model has been seen yet")
    if text not in known:
        raise CommandError(unknown("parameter", text, known))
    session.select(text)
    return Reply(f"copies of {text} are kept before and after each phase", {"selected": text})


COMMANDS = (
    Command(
        "show",
        "show TENSOR",
        "show a tensor or a part of it: show grad fc.weight[0, :8]",
        show,
        ("sh",),
        "TENSOR is [before] [weight|grad|update|activation|grad_output] NAME[INDEX], or\n"
        "[before] state NAME momentum_buffer[INDEX]. NAME is a parameter's or a module's; alone\n"
        "it means the weight, or the module's output. 'before' is the tensor before this phase.\n"
        'An expression works too: show norm(grad("fc.weight")).',
    ),
    Command(
        "print",
        "print EXPRESSION",
        "evaluate a Python expression in the script, where it has stopped",
        _print,
        ("p",),
        "In a recording there is no script; there, expressions such as loss or\n"
        'norm(grad("fc.weight")) are evaluated over what was recorded.',
    ),
    Command(
        "layers",
        "layers [GLOB]",
        "list the parameters with the size of their weight, gradient and update",
        _layers,
        ("l",),
        "lg dw/w is the decimal logarithm of the update's norm over the weight's.",
    ),
    Command("where", "where", "say where the run is and what just happened", _where, ("w",)),
    Command(
        "plot",
        "plot [NAME]",
        f"draw a curve over the iterations: {', '.join(SERIES)}",
        _plot,
    ),
    Command(
        "output",
        "output [N]",
        f"show the last N lines that the script has printed, {_OUTPUT_LINES} if not said",
        _output,
    ),
    Command(
        "select",
        "select FQN",
        "keep copies of this parameter before and after each phase, whatever its size",
        _select,
    ),
    Command(
        "save",
        "save FILE",
        "write the commands so far as a file for gradscope replay",
        save,
    ),
)
