from gradscope.capture.gate import Place
from gradscope.core.events import Inside
from gradscope.core.words import Detail, Phase
from gradscope.launch.closeness import Closeness

FULL, NORMS = Detail.FULL, Detail.NORMS


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def place(iteration: int, phase: Phase = Phase.BACKWARD, inside: Inside | None = None) -> Place:
    return Place(1, iteration, 1, phase, inside)


def free(closeness: Closeness, at: Place) -> Detail | None:
    return closeness.choose(at, stops=False, near=False, stepping=False)


def test_inside_a_phase_only_stops_are_measured() -> None:
    closeness = Closeness(Clock())
    inside = place(1, Phase.FORWARD, Inside("forward", "a"))
    assert free(closeness, inside) is None
    assert closeness.choose(inside, stops=False, near=True, stepping=True) is None
    assert closeness.choose(inside, stops=True, near=True, stepping=True) is FULL


def test_stepping_and_stops_are_full() -> None:
    closeness = Closeness(Clock())
    free(closeness, place(1))
    closeness.measured()
    assert free(closeness, place(2)) is NORMS
    assert closeness.choose(place(2), stops=False, near=True, stepping=True) is FULL
    assert closeness.choose(place(2), stops=True, near=False, stepping=False) is FULL
    assert closeness.choose(place(2), stops=False, near=True, stepping=False) is FULL


def test_free_run_measures_whole_iterations_a_quarter_second_apart() -> None:
    clock = Clock()
    closeness = Closeness(clock)
    assert free(closeness, place(1)) is FULL
    closeness.measured()
    clock.now += 0.2
    assert free(closeness, place(1)) is FULL
    closeness.measured()
    clock.now += 0.249
    assert free(closeness, place(2)) is NORMS
    clock.now += 0.1
    assert free(closeness, place(2)) is NORMS
    assert free(closeness, place(3)) is FULL
    clock.now += 9.0
    assert free(closeness, place(3)) is FULL


def test_dear_measurements_are_twenty_times_their_cost_apart() -> None:
    clock = Clock()
    closeness = Closeness(clock)
    for _ in range(2):
        assert free(closeness, place(1)) is FULL
        clock.now += 0.05
        closeness.measured()
    clock.now += 1.99
    assert free(closeness, place(2)) is NORMS
    clock.now += 0.02
    assert free(closeness, place(3)) is FULL


def test_evaluation_in_a_free_run_is_never_full() -> None:
    closeness = Closeness(Clock())
    assert free(closeness, place(1, Phase.EVALUATE)) is NORMS
    assert free(closeness, place(1)) is FULL
    evaluate = place(1, Phase.EVALUATE)
    assert closeness.choose(evaluate, stops=True, near=False, stepping=False) is FULL
