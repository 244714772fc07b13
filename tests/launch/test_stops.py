from itertools import count

import pytest

from gradscope.capture.gate import Place
from gradscope.core.commands import Resume, Until
from gradscope.core.events import Inside
from gradscope.core.words import Phase
from gradscope.launch.stops import Stops


def run_of(iterations: int, per_epoch: int = 2) -> list[Place]:
    """Places of a loop: batch, a forward of two layers, backward with one grad, step."""
    seq = count(1)
    places = []
    for iteration in range(1, iterations + 1):
        epoch = (iteration - 1) // per_epoch + 1
        for phase, inside in (
            (Phase.BATCH, None),
            (Phase.FORWARD, Inside("forward", "a")),
            (Phase.FORWARD, Inside("forward", "b")),
            (Phase.FORWARD, None),
            (Phase.BACKWARD, Inside("grad", "a.weight")),
            (Phase.BACKWARD, None),
            (Phase.STEP, None),
        ):
            completes = phase is Phase.STEP
            places.append(Place(next(seq), iteration, epoch, phase, inside, completes))
    return places


PLACES = run_of(6)


def visited(goals: list[Resume], places: list[Place] = PLACES) -> list[tuple[int, str]]:
    """Return seq and reason of each stop when the goals are given one after another."""
    stops = Stops()
    waiting = list(goals)
    stops.resume(waiting.pop(0), None)
    found = []
    for place in places:
        if reason := stops.reason(place):
            found.append((place.seq, reason))
            if not waiting:
                break
            stops.resume(waiting.pop(0), place)
    return found


def seqs(*goals: Resume) -> list[int]:
    return [seq for seq, _ in visited(list(goals))]


INTO, MOMENT, PHASE, ITERATION, EPOCH, STEPS, NEVER = (
    Resume(until)
    for until in (
        Until.INTO,
        Until.MOMENT,
        Until.PHASE,
        Until.ITERATION,
        Until.EPOCH,
        Until.STEPS,
        Until.NEVER,
    )
)


def test_phase_stops_at_ends_only() -> None:
    assert seqs(*[PHASE] * 6) == [1, 4, 6, 7, 8, 11]


def test_into_stops_everywhere() -> None:
    assert seqs(*[INTO] * 8) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_moment_at_the_end_of_a_phase_goes_to_the_next_end() -> None:
    assert seqs(*[MOMENT] * 5) == [1, 4, 6, 7, 8]


def test_moment_inside_a_phase_stays_inside_until_its_end() -> None:
    assert seqs(INTO, INTO, MOMENT, MOMENT, MOMENT) == [1, 2, 3, 4, 6]


def test_moments_counted_from_inside_leave_with_the_end() -> None:
    assert seqs(INTO, INTO, Resume(Until.MOMENT, 3)) == [1, 2, 6]


def test_phase_from_inside_is_the_end_of_that_phase() -> None:
    assert seqs(INTO, INTO, PHASE) == [1, 2, 4]


def test_counts() -> None:
    assert seqs(Resume(Until.PHASE, 3), Resume(Until.INTO, 4), Resume(Until.PHASE, 2)) == [
        6,
        10,
        13,
    ]
    assert seqs(PHASE, Resume(Until.ITERATION, 3)) == [1, 22]
    assert seqs(PHASE, Resume(Until.EPOCH, 2)) == [1, 29]
    assert seqs(PHASE, Resume(Until.STEPS, 4)) == [1, 28]


def test_iteration_is_the_first_end_in_the_next() -> None:
    assert seqs(ITERATION, ITERATION, INTO, ITERATION) == [1, 8, 9, 15]


def test_epoch_is_the_first_end_in_the_next() -> None:
    assert seqs(EPOCH, EPOCH, PHASE, EPOCH) == [1, 15, 18, 29]


def test_steps_complete_further_iterations() -> None:
    assert seqs(PHASE, STEPS, STEPS) == [1, 7, 14]
    assert seqs(PHASE, Resume(Until.STEPS, 2), STEPS) == [1, 14, 21]


def test_an_iteration_of_more_steps_than_before_counts_once() -> None:
    places = [
        Place(1, 1, 1, Phase.STEP, None, completes=True),
        Place(2, 1, 1, Phase.STEP, None, completes=True),
        Place(3, 2, 1, Phase.STEP, None, completes=False),
        Place(4, 2, 1, Phase.STEP, None, completes=True),
    ]
    assert visited([STEPS, STEPS], places) == [(1, "entry"), (4, "step")]


def test_never_runs_to_the_end() -> None:
    assert seqs(NEVER) == []


@pytest.mark.parametrize(
    ("goal", "seq"),
    [
        (Resume(Until.PLACE, iteration=3), 15),
        (Resume(Until.PLACE, iteration=3, phase=Phase.STEP), 21),
        (Resume(Until.PLACE, iteration=1, phase=Phase.FORWARD), 4),
        (Resume(Until.PLACE, phase=Phase.BACKWARD), 6),
        (Resume(Until.PLACE, 3, phase=Phase.BACKWARD), 20),
    ],
)
def test_place(goal: Resume, seq: int) -> None:
    assert visited([goal]) == [(seq, "goto")]


def test_a_place_that_does_not_come_stops_right_behind() -> None:
    stops = Stops()
    stops.resume(Resume(Until.PLACE, iteration=2, phase=Phase.CLIP), None)
    stopped = [place.seq for place in PLACES if stops.reason(place)]
    assert stopped == [15]
    assert stops.missed == "Iteration 2 had no further clip; stopped right behind it."
    stops.resume(Resume(Until.PLACE, iteration=1), PLACES[15])
    assert [place.seq for place in PLACES[15:] if stops.reason(place)] == [18]
    assert stops.missed == "Iteration 1 was already over; stopped right behind it."
    stops.resume(PHASE, PLACES[17])
    assert stops.missed == ""


def test_pause_stops_at_the_next_place_of_any_depth() -> None:
    stops = Stops()
    stops.resume(NEVER, None)
    assert [stops.reason(place) for place in PLACES[:2]] == ["", ""]
    stops.pause()
    assert stops.reason(PLACES[2]) == "pause"
    stops.resume(NEVER, PLACES[2])
    assert stops.reason(PLACES[3]) == ""


def test_resuming_forgets_a_pause() -> None:
    stops = Stops()
    stops.pause()
    stops.resume(NEVER, None)
    assert stops.reason(PLACES[0]) == ""


def test_first_stop_is_the_entry() -> None:
    assert visited([PHASE, PHASE]) == [(1, "entry"), (4, "step")]


def test_what_lies_before_a_stop_is_near() -> None:
    stops = Stops()
    stops.resume(Resume(Until.ITERATION, 3), PLACES[0])
    near = []
    for place in PLACES[1:]:
        near.append((place.iteration, stops.nears(place)))
        if stops.reason(place):
            break
    assert dict(near) == {1: False, 2: False, 3: True, 4: True}


def test_long_counts_are_no_stepping_until_their_end_is_close() -> None:
    stops = Stops()
    stops.resume(Resume(Until.PHASE, 18), None)
    ends = [place for place in PLACES if place.inside is None]
    stepping = []
    for place in ends[:18]:
        stepping.append(stops.stepping)
        stops.reason(place)
    assert stepping == [False] * 2 + [True] * 16
