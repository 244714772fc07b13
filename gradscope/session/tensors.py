"""The ``show`` command: one tensor, or a part of it, in numbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradscope.core import operations
from gradscope.core.commands import Slice
from gradscope.core.expressions import ExpressionError, Value, parse
from gradscope.core.grammar import unknown
from gradscope.core.numbers import format_number
from gradscope.core.operations import shape_text
from gradscope.core.tensors import Stats, TensorData
from gradscope.core.words import Role, When
from gradscope.session.answers import CommandError, Reply
from gradscope.session.names import MomentNames, module_names, parameter_names
from gradscope.session.source import RunState, Session, SessionError

ELEMENTS_SHOWN = 256
"""Larger tensors are shown by their statistics, unless an index picks elements."""

_INDEX = "add an index to see elements, such as [0]"
_NO_ELEMENTS = "elements can be read only where a script is paused"
_INDEXED = re.compile(r"(?P<name>[^\[\]]*?)\s*(?:\[(?P<index>[^\[\]]*)\])?", re.DOTALL)
_ITEM = re.compile(
    r"\s*(?:(-?\d{1,15})|(-?\d{1,15})?\s*:\s*(-?\d{1,15})?(?:\s*:\s*(\d{1,15})?)?)\s*"
)


@dataclass(frozen=True)
class Wanted:
    """What a ``show`` asks for."""

    role: Role
    name: str
    when: When
    index: tuple[Slice, ...]

    @property
    def title(self) -> str:
        """The tensor as the user would ask for it."""
        before = "before " if self.when is When.BEFORE else ""
        return f"{before}{self.role} {self.name.replace(':', ' ')}".rstrip()


def parse_index(text: str) -> tuple[Slice, ...]:
    """Return the slices of an index such as ``0, :, 1:3``.

    Raises:
        CommandError: It is no such list.
    """
    slices = []
    for item in text.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise CommandError(f"an index is a list such as [0, :, 1:3], not [{text}]")
        element, *ends = (None if part is None else int(part) for part in match.groups())
        if element is not None:
            slices.append(Slice(element, element=True))
        elif ends[2] == 0:
            raise CommandError("the step of a slice cannot be 0")
        else:
            slices.append(Slice(ends[0], ends[1], ends[2]))
    return tuple(slices)


def parse_wanted(session: Session, text: str) -> Wanted:
    """Return the tensor that ``[before] [ROLE] NAME [STATE][INDEX]`` names.

    Raises:
        CommandError: There is none of that name.
    """
    match = _INDEXED.fullmatch(text)
    if match is None:
        raise CommandError(f"not the name of a tensor: {text}; see help show")
    index = () if match["index"] is None else parse_index(match["index"])
    words = match["name"].split()
    when = When.BEFORE if words[:1] == ["before"] else When.AFTER
    words = words[1:] if when is When.BEFORE else words
    parameters, modules = parameter_names(session), module_names(session)
    role = _role(words, parameters, modules)
    words = words[1:] if words and words[0] == role else words
    if role is Role.STATE:
        if len(words) != 2:
            raise CommandError("write: show state FQN NAME, such as momentum_buffer")
        return Wanted(
            role, _checked("parameter", words[0], parameters) + f":{words[1]}", when, index
        )
    if len(words) > 1:
        raise CommandError(f"not the name of a tensor: {' '.join(words)}; see help show")
    name = words[0] if words else ""
    if role in {Role.ACTIVATION, Role.GRAD_OUTPUT}:
        return Wanted(role, _checked("module", name, modules), when, index)
    return Wanted(role, _checked("parameter", name, parameters), when, index)


def _role(words: Sequence[str], parameters: Sequence[str], modules: Sequence[str]) -> Role:
    if not words:
        raise CommandError("show takes the name of a tensor, such as grad fc.weight[0]")
    if words[0] in set(Role):
        return Role(words[0])
    if words[0] in modules and words[0] not in parameters:
        return Role.ACTIVATION
    return Role.WEIGHT


def _checked(kind: str, name: str, known: Sequence[str]) -> str:
    if known and name not in known:
        raise CommandError(unknown(kind, name, known))
    return name


def show(session: Session, text: str, _wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    """Show a tensor, or the value of an expression.

    Raises:
        CommandError: There is no such tensor, or the expression is wrong.
        SessionError: It was not kept, or the run is not paused.
    """
    if "(" in text or text in {"loss", "lr", "grad_norm", "iteration", "epoch", "phase", "line"}:
        return show_value(session, text)
    wanted = parse_wanted(session, text)
    names = MomentNames(session)
    measured = None
    if not wanted.index and wanted.when is When.AFTER:
        measured = names.measured(wanted.role, wanted.name)
        if measured is not None and measured.stats is None:
            return _absent(wanted)
        if measured is not None and measured.stats and measured.stats.numel > ELEMENTS_SHOWN:
            living = session.state is RunState.PAUSED
            return _summary(wanted, measured.stats, _INDEX if living else _NO_ELEMENTS)
    try:
        data = session.read_tensor(wanted.role, wanted.name, wanted.when, wanted.index)
    except SessionError as error:
        if measured is None or measured.stats is None:
            raise
        return _summary(wanted, measured.stats, str(error))
    if data is None:
        return _absent(wanted)
    stats = None if measured is None else measured.stats
    return _elements(wanted, data, stats)


def show_value(session: Session, text: str) -> Reply:
    """Show the value of an expression at the session's moment.

    Raises:
        CommandError: It has none; the message has a caret under the place.
    """
    try:
        value = parse(text).evaluate(MomentNames(session))
    except ExpressionError as error:
        raise CommandError(f"{error}\n{error.caret()}") from None
    shown = _array_text(value) if isinstance(value, np.ndarray) else operations.describe(value)
    return Reply(f"{text.strip()} = {shown}", {"expression": text.strip(), "value": _data(value)})


def _data(value: Value) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist() if value.size <= ELEMENTS_SHOWN else None
    if isinstance(value, operations.Approx):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _absent(wanted: Wanted) -> Reply:
    return Reply(f"{wanted.title} is None", {"tensor": wanted.title, "absent": True})


def _summary(wanted: Wanted, stats: Stats, remark: str) -> Reply:
    lines = [
        f"{wanted.title}: {shape_text(stats.shape)} {stats.dtype}",
        f"  {_stats_text(stats)}",
        f"  {remark}",
    ]
    data = {"tensor": wanted.title, "dtype": stats.dtype, "shape": list(stats.shape)}
    return Reply("\n".join(lines), {**data, **_stats_data(stats)})


def _elements(wanted: Wanted, data: TensorData, stats: Stats | None) -> Reply:
    array = data.array
    index = "" if not wanted.index else f", part of {shape_text(data.full_shape)}"
    lines = [f"{wanted.title}: {shape_text(data.shape)} {data.dtype}{index}"]
    if stats is not None:
        lines.append(f"  {_stats_text(stats)}")
    lines += [f"  {line}" for line in _array_text(array).splitlines()]
    reply: dict[str, object] = {
        "tensor": wanted.title,
        "dtype": data.dtype,
        "shape": list(data.shape),
        "full_shape": list(data.full_shape),
        **({} if stats is None else _stats_data(stats)),
    }
    if array.size <= ELEMENTS_SHOWN:
        whole = np.iscomplexobj(array)
        reply["values"] = np.char.mod("%s", array).tolist() if whole else array.tolist()
    return Reply("\n".join(lines), reply)


def _array_text(array: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> str:
    if array.size == 0:
        return "no elements"
    return np.array2string(array, max_line_width=96, threshold=256, edgeitems=4)


def _stats_text(stats: Stats) -> str:
    numbers = {
        "norm": stats.norm,
        "mean": stats.mean,
        "std": stats.std,
        "min": stats.min,
        "max": stats.max,
    }
    parts = [f"{name} {format_number(v)}" for name, v in numbers.items() if v is not None]
    counts = {"zeros": stats.zeros, "NaN": stats.nans, "Inf": stats.infs}
    parts += [f"{count} {name}" for name, count in counts.items() if count]
    return ", ".join(parts)


def _stats_data(stats: Stats) -> dict[str, object]:
    names = ("norm", "mean", "std", "min", "max", "zeros", "nans", "infs")
    return {name: getattr(stats, name) for name in names}
