"""The phases of this iteration, in the order that the script went through them."""

from collections.abc import Sequence
from typing import Unpack

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from gradscope.core.numbers import format_seconds
from gradscope.session.view import Mark, PhaseMark
from gradscope.tui.draw.palette import Palette, Tone, tone_of
from gradscope.tui.draw.text import Part, fit, row
from gradscope.tui.widgets.pane import Drawn, Options


class PhaseBar(Drawn):
    """Each phase with a tick, the current one marked; durations below where there are two rows."""

    DEFAULT_CSS = """
    PhaseBar { height: 2; }
    """

    class Picked(Message):
        """A phase that lies behind was clicked."""

        def __init__(self, mark: PhaseMark) -> None:
            super().__init__()
            self.mark = mark

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self._marks: tuple[PhaseMark, ...] = ()
        self._places: list[tuple[range, PhaseMark]] = []

    def show(self, marks: Sequence[PhaseMark]) -> None:
        """Show the phases of one iteration."""
        if tuple(marks) != self._marks:
            self._marks = tuple(marks)
            self.changed()

    def on_click(self, event: events.Click) -> None:
        """Pick the phase under the pointer."""
        for columns, mark in self._places:
            if event.x in columns and mark.seq is not None:
                self.post_message(self.Picked(mark))

    def draw(self, width: int, height: int, palette: Palette) -> list[Strip]:
        """Return one row, or two with the durations."""
        marks, before, after = _visible(self._marks, width - 2, palette)
        labels = [_label(mark, palette) for mark in marks]
        dim, blank = palette.style(Tone.DIM), palette.style(Tone.TEXT)
        more = palette.glyph("…", "~")
        names: list[Part] = [(more if before else " ", dim)]
        times: list[Part] = [(" ", blank)]
        self._places = []
        needs = [_need(mark, palette) for mark in marks]
        gaps = _gaps(labels, needs, width - 2 - len(after))
        place = 1
        for number, (mark, label) in enumerate(zip(marks, labels, strict=True)):
            room = cell_len(label) + gaps[number]
            self._places.append((range(place, place + cell_len(label)), mark))
            names += _name(mark, label, palette)
            names.append(_rule(mark, gaps[number], palette, last=number == len(marks) - 1))
            times.append(_time(mark, room, palette))
            place += room
        if after:
            names.append((more, dim))
        return [row(width, names, blank), row(width, times, blank)][:height]


def _label(mark: PhaseMark, palette: Palette) -> str:
    signs = {
        Mark.DONE: palette.glyph("✓", "+"),
        Mark.CURRENT: palette.glyph("▶", ">"),
        Mark.AHEAD: palette.glyph("○", "o"),
    }
    times = palette.glyph("×", "x") + str(mark.count) if mark.count > 1 else ""
    return f"{signs[mark.mark]} {mark.phase}{' ' if times else ''}{times}"


def _name(mark: PhaseMark, label: str, palette: Palette) -> list[Part]:
    tone = tone_of(mark.phase)
    match mark.mark:
        case Mark.CURRENT:
            return [(label, palette.style(tone, bold=True))]
        case Mark.DONE:
            return [(label[:1], palette.style(tone)), (label[1:], palette.style(Tone.TEXT))]
        case Mark.AHEAD:
            return [(label, palette.style(Tone.DIM))]


def _rule(mark: PhaseMark, gap: int, palette: Palette, *, last: bool) -> Part:
    """Return the line to the next phase."""
    if last or gap < 3:
        return " " * gap, palette.style(Tone.TEXT)
    done = mark.mark is Mark.DONE
    sign = palette.glyph("━", "=") if done else palette.glyph("┄", "-")
    return f" {sign * (gap - 2)} ", palette.style(Tone.DIM if done else Tone.FAINT)


def _duration(mark: PhaseMark, palette: Palette) -> str:
    return palette.glyph("–", "-") if mark.duration is None else format_seconds(mark.duration)


def _need(mark: PhaseMark, palette: Palette) -> int:
    """Return the least room for a phase: its label, its time below it, and a space."""
    return max(cell_len(_label(mark, palette)), len(_duration(mark, palette)) + 2) + 1


def _time(mark: PhaseMark, room: int, palette: Palette) -> Part:
    text = _duration(mark, palette)
    if mark.progress:
        longer = f"{text}{palette.glyph(' · ', ' - ')}{mark.progress}"
        text = longer if len(longer) + 3 <= room else text
    tone = tone_of(mark.phase) if mark.mark is Mark.CURRENT else Tone.DIM
    return fit(f"  {text}", room), palette.style(tone)


def _gaps(labels: Sequence[str], needs: Sequence[int], width: int) -> list[int]:
    """Return the space after each label: equal between them, enough for a time after the last.

    Where some would get less room than they need, all get that and share what is left.
    """
    if not labels:
        return []
    ends = max(0, 11 - cell_len(labels[-1]))
    free = max(0, width - sum(map(cell_len, labels)) - ends)
    between = max(len(labels) - 1, 1)
    gap, rest = divmod(free, between)
    gaps = [max(1, gap + (number < rest)) for number in range(len(labels) - 1)]
    least = [need - cell_len(label) for need, label in zip(needs, labels, strict=True)]
    if any(have < need for have, need in zip(gaps, least[:-1], strict=True)):
        gap, rest = divmod(max(0, width - sum(needs)), between)
        gaps = [need + gap + (number < rest) for number, need in enumerate(least[:-1])]
        ends = least[-1]
    return [*gaps, ends]


def _visible(
    marks: Sequence[PhaseMark], width: int, palette: Palette
) -> tuple[Sequence[PhaseMark], str, str]:
    """Return the marks that fit, and a note for those cut off before and after them."""
    sizes = [_need(mark, palette) for mark in marks]
    first, last = 0, len(marks)
    current = next((i for i, mark in enumerate(marks) if mark.mark is Mark.CURRENT), 0)
    while last - first > 1 and sum(sizes[first:last]) > width:
        if last - 1 - current > current - first:
            last -= 1
        else:
            first += 1
    return marks[first:last], "<" * (first > 0), ">" * (last < len(marks))
