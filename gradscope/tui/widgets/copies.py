"""Which copy of a tensor a column shows, and what it says where there is none."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from gradscope.core.numbers import format_number
from gradscope.core.tensors import Measurement, Stats
from gradscope.core.words import Role
from gradscope.session.view import Column
from gradscope.tui.draw.cells import Cells, difference, from_elements, from_thumbnail, stats_of
from gradscope.tui.draw.column import Norms, TensorView
from gradscope.tui.draw.palette import Palette, tone_of


class Flip(StrEnum):
    """Which of its copies a tensor is shown as."""

    AFTER = "after"
    BEFORE = "before"
    DIFFERENCE = "difference"


@dataclass(frozen=True)
class Elements:
    """All elements of a column, as they are and as they were before."""

    after: npt.NDArray[np.generic] | None
    before: npt.NDArray[np.generic] | None


_SYMBOLS = {
    Role.WEIGHT: ("W", "W"),
    Role.GRAD: ("∂L/∂W", "dL/dW"),
    Role.UPDATE: ("ΔW", "dW"),
}

_ABSENT = {
    Role.GRAD: ("None", "this parameter has no grad"),
    Role.UPDATE: ("None", "there was no update"),
}

_UNKNOWN = {
    Role.WEIGHT: ("not measured", "no weights were measured up to here"),
    Role.GRAD: ("not measured", "no grad was measured up to here"),
    Role.UPDATE: ("not measured", "no optimizer step was measured up to here"),
}


def tensor_view(
    column: Column, flip: Flip, elements: Elements | None, palette: Palette
) -> TensorView:
    """Return what a column shows of the copy that ``flip`` names."""
    symbol, plain = _SYMBOLS.get(column.role, ("", ""))
    after = _cells(column.measurement, elements.after if elements else None)
    before = _cells(column.before, elements.before if elements else None)
    shown, stats, words = _copy(column, flip, after, before)
    if flip is Flip.DIFFERENCE and column.role is Role.UPDATE:
        flip = Flip.AFTER  # an update is the difference that a step made, as it is
        shown, stats, words = _copy(column, flip, after, before)
    note = {Flip.AFTER: column.note, Flip.BEFORE: "before"}.get(
        flip, palette.glyph("after − before", "after - before")
    )
    # Before and after share one scale, or flipping between them would not show the change.
    copies = (shown,) if flip is Flip.DIFFERENCE else (after, before if column.changed else None)
    return TensorView(
        title=column.role.upper(),
        symbol=palette.glyph(symbol, plain),
        tone=tone_of(column.role),
        note=note,
        fresh=column.changed,
        norms=_norms(column, palette),
        stats=stats,
        cells=shown,
        compared=tuple(cells for cells in copies if cells is not None),
        words=words,
    )


def _copy(
    column: Column, flip: Flip, after: Cells | None, before: Cells | None
) -> tuple[Cells | None, Stats | None, tuple[str, ...]]:
    """Return the cells and statistics of a copy, and words for where there are no cells."""
    if flip is Flip.AFTER or (flip is Flip.BEFORE and not column.changed):
        return after, _stats(column.measurement), _why_now(column)
    if flip is Flip.BEFORE:
        return before, _stats(column.before), _why_before(column)
    if not column.changed:
        return None, None, ("no difference", "this phase did not change it")
    if after is None or before is None:
        copy = column.before if before is None else column.measurement
        when = "before" if before is None else "after"
        what = "not measured" if copy is None or copy.stats is not None else "None"
        return None, None, ("no difference", f"it is {what} {when} this phase")
    change = difference(after, before)
    if change is None:
        return None, None, ("not measured", "a difference needs all elements: stop here to see it")
    return change, stats_of(change), ()


def _stats(measurement: Measurement | None) -> Stats | None:
    return measurement.stats if measurement is not None else None


def _why(role: Role, measurement: Measurement | None) -> tuple[str, ...]:
    if measurement is None:
        return _UNKNOWN.get(role, ("not measured",))
    if measurement.stats is None:
        return _ABSENT.get(role, ("None",))
    if measurement.stats.numel == 0:
        return ("empty", "the tensor has no elements")
    if measurement.stats.thumbnail is None:
        return ("only the norm", "a free run measures no more; stop to see the elements")
    return ()


def _why_now(column: Column) -> tuple[str, ...]:
    if column.note == "none yet":
        return ("none yet", "an optimizer step will fill this")
    if column.note == "frozen":
        return ("None", "this parameter is frozen: requires_grad is False")
    if column.changed and column.role is Role.GRAD and _stats(column.measurement) is None:
        return ("None", "this phase threw it away; press v to see what it was")
    return _why(column.role, column.measurement)


def _why_before(column: Column) -> tuple[str, ...]:
    if column.before is None:
        return ("not measured", "nothing is known from before this phase")
    if column.before.stats is None and column.role is Role.GRAD:
        return ("None", "before this phase it had no grad")
    return _why(column.role, column.before)


def _norms(column: Column, palette: Palette) -> Norms:
    """Return the norms as text, and their difference where four digits do not show it."""
    after = _norm(column.measurement, palette)
    if column.before is None:
        return Norms(None, after)
    before = _norm(column.before, palette)
    old, new = _stats(column.before), _stats(column.measurement)
    if old is None or new is None or before != after or not new.norm - old.norm:
        return Norms(before, after)
    change = format_number(new.norm - old.norm, signed=True, ascii_only=palette.ascii)
    return Norms(before, after, "" if math.isnan(new.norm) else change)


def _norm(measurement: Measurement | None, palette: Palette) -> str:
    if measurement is None:
        return palette.glyph("–", "-")
    if measurement.stats is None:
        return "None"
    return format_number(measurement.stats.norm, ascii_only=palette.ascii)


def _cells(
    measurement: Measurement | None, elements: npt.NDArray[np.generic] | None
) -> Cells | None:
    """Return the cells of a measured tensor, from all its elements where they are there."""
    if measurement is None or measurement.stats is None or measurement.stats.numel == 0:
        return None
    thumbnail = measurement.stats.thumbnail
    if elements is not None and elements.shape == measurement.stats.shape:
        return from_elements(elements)
    return from_thumbnail(thumbnail, measurement.stats.shape) if thumbnail is not None else None
