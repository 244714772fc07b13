"""The phases of the iteration at the cursor: done, current, and those that lie ahead."""

from dataclasses import dataclass
from enum import StrEnum

from gradscope.core.events import Moment
from gradscope.core.words import Phase
from gradscope.recording import Recording

_LONGEST_CYCLE = 12


class Mark(StrEnum):
    """Where a phase lies relative to the cursor."""

    DONE = "done"
    CURRENT = "current"
    AHEAD = "ahead"


@dataclass(frozen=True)
class PhaseMark:
    """A phase of the iteration at the cursor.

    Phases that repeat, alone or as a cycle of micro-batches, share one mark: ``count`` is how
    often it was done, or will be where it lies ahead. ``duration`` is the sum in seconds and
    ``seq`` the last one's moment; both are None for a phase that lies ahead. ``progress`` is
    what an unfinished phase has reached, such as ``5/10``, or ''.
    """

    phase: Phase
    mark: Mark
    count: int
    duration: float | None
    seq: int | None
    progress: str


@dataclass(frozen=True)
class _Step:
    """One phase in the order of the iteration; without a moment it lies ahead."""

    phase: Phase
    moment: Moment | None


def phase_marks(recording: Recording, cursor: int | None) -> list[PhaseMark]:
    """Return the phases of the iteration at the cursor, in order.

    Those ahead are the ones that the recording knows to follow, or else what followed in the
    iteration before.
    """
    here = None if cursor is None else recording.latest_moment(cursor)
    if here is None:
        return []
    ends = recording.phases(here.iteration)
    done = [moment for moment in ends if moment.seq <= here.seq]
    later = [moment.phase for moment in ends if moment.seq > here.seq]
    progress = "" if here.inside is None else _progress(recording, here)
    if here.inside is not None:
        done.append(here)
        later = later[1:] if later[:1] == [here.phase] else later
    if recording.start_of(here.iteration + 1, after=here.seq) is None:
        before = [moment.phase for moment in recording.phases(here.iteration - 1)]
        known = [moment.phase for moment in done] + later
        later += _ahead(known, before)
    steps = [_Step(moment.phase, moment) for moment in done]
    steps += [_Step(phase, None) for phase in later]
    return _marks(steps, len(done) - 1, progress)


def _ahead(known: list[Phase], before: list[Phase]) -> list[Phase]:
    """Return what should follow ``known`` if the iteration goes as the one before did."""
    if before[: len(known)] == known:
        return before[len(known) :]
    wanted = known.count(known[-1])
    for place, phase in enumerate(before):
        wanted -= phase == known[-1]
        if not wanted:
            return before[place + 1 :]
    return []


def _progress(recording: Recording, here: Moment) -> str:
    """Return how many of a phase's inside moments are reached, of how many if that is known."""
    start = recording.neighbour(here.seq, forward=False, whole_phase=True) or 0
    reached = here.seq - start
    end = recording.neighbour(here.seq, forward=True, whole_phase=True)
    if end is None:
        return _of(reached, _inside_before(recording, here))
    return _of(reached, end - start - 1)


def _inside_before(recording: Recording, here: Moment) -> int | None:
    """Return how many moments lay inside the same phase of the iteration before."""
    end = recording.find(here.iteration - 1, here.phase)
    if end is None:
        return None
    start = recording.neighbour(end, forward=False, whole_phase=True)
    return None if start is None else end - start - 1


def _of(reached: int, total: int | None) -> str:
    return str(reached) if total is None or total < reached else f"{reached}/{total}"


def _marks(steps: list[_Step], current: int, progress: str) -> list[PhaseMark]:
    marks: list[PhaseMark] = []
    start = 0
    while start < len(steps):
        length, repeats = _cycle([step.phase for step in steps[start:]])
        for place in range(length):
            members = range(start + place, start + length * repeats, length)
            follows = place > (current - start) % length
            marks.append(_mark(steps, members, current, progress, follows=follows))
        start += length * repeats
    return marks


def _mark(
    steps: list[_Step], members: range, current: int, progress: str, *, follows: bool
) -> PhaseMark:
    """Join the repetitions of a phase; ``follows``: it comes after the current in its cycle."""
    phase = steps[members[0]].phase
    moments = [moment for member in members if (moment := steps[member].moment) is not None]
    if current in members:
        mark = Mark.CURRENT
    elif len(moments) == len(members) or (moments and not follows):
        mark, progress = Mark.DONE, ""
    else:
        return PhaseMark(phase, Mark.AHEAD, len(members), None, None, "")
    duration = sum(moment.duration for moment in moments)
    return PhaseMark(phase, mark, len(moments), duration, moments[-1].seq, progress)


def _cycle(phases: list[Phase]) -> tuple[int, int]:
    """Return the length of the cycle that begins a list, and how often it comes in a row.

    Of all lengths the one that covers most is taken, of those the shortest; (1, 1) where
    nothing repeats.
    """
    best = (1, 1)
    for length in range(1, min(_LONGEST_CYCLE, len(phases) // 2) + 1):
        repeats = 1
        while phases[repeats * length : (repeats + 1) * length] == phases[:length]:
            repeats += 1
        if repeats > 1 and length * repeats > best[0] * best[1]:
            best = (length, repeats)
    return best
