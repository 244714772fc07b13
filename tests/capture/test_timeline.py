import pathlib
import sys
from collections.abc import Callable

import torch

from gradscope.capture.frames import Frames, Trace, went_back
from gradscope.capture.timeline import Timeline

CODE = (lambda: None).__code__


def at(*offsets: int) -> Trace:
    return tuple((CODE, offset) for offset in offsets)


def test_a_batch_begins_an_iteration_only_after_a_step() -> None:
    line = Timeline()
    counts = []
    for again in (False, False, True):
        line.batch(again=again)
        counts.append((line.iteration, line.epoch))
    line.step(at(9))
    line.batch(again=True)
    counts.append((line.iteration, line.epoch))
    assert counts == [(1, 1), (1, 1), (1, 2), (2, 3)]


def test_an_iteration_is_complete_with_as_many_steps_as_the_one_before() -> None:
    line = Timeline()
    complete = []
    for _ in range(2):
        line.batch(again=False)
        for offset in (5, 9):
            line.step(at(offset))
            complete.append(line.completes)
    assert complete == [True, True, False, True]


def test_work_behind_the_step_waits_for_the_loop_where_steps_take_turns() -> None:
    line = Timeline()
    line.step(at(1, 50))
    counts = []
    for trace in (at(1, 60), at(1, 40), None):
        line.work(trace)
        counts.append(line.iteration)
    line.step(at(1, 50))
    line.work(None)
    assert [*counts, line.iteration] == [1, 2, 2, 3]


def test_an_update_by_hand_is_a_step_of_an_iteration_without_one() -> None:
    line = Timeline()
    line.step_by_hand()
    assert not line.steps
    line.work(None)
    assert line.iteration == 2
    line.step(at(5))
    line.step_by_hand()
    line.zero_grad(at(7))
    assert line.iteration == 2


def test_going_back_is_decided_by_the_outermost_difference() -> None:
    assert went_back(at(10, 50), at(10, 20))
    assert not went_back(at(10, 50), at(20, 5))
    assert went_back(at(20, 5), at(10, 50))
    assert went_back(at(10), at(10))
    assert went_back(at(10), at(10, 3))
    assert went_back((), at(3))
    other = went_back.__code__
    assert went_back(at(10, 5), ((CODE, 10), (other, 90)))


def test_the_users_frames_are_found() -> None:
    frames = Frames()
    frame = frames.innermost()
    assert frame is sys._getframe()
    line = frames.line()
    assert line is not None
    assert line.file == __file__
    assert line.function == "test_the_users_frames_are_found"
    found: list[str] = []

    def through(call: Callable[[], int]) -> None:
        max([1, 2], key=lambda _: call())

    def inner() -> int:
        found.extend(f.f_code.co_name for f in frames.all())
        return 1

    through(inner)
    assert found[:2] == ["inner", "<lambda>"]


def test_libraries_are_not_the_users() -> None:
    frames = Frames()
    assert not frames.is_users(pathlib.__file__)
    assert not frames.is_users(torch.__file__)
    assert not frames.is_users(sys.modules[Frames.__module__].__file__ or "")
    assert not frames.is_users("<frozen importlib._bootstrap>")
    assert frames.is_users("/somewhere/train.py")


def test_packages_of_another_python_are_not_the_users() -> None:
    frames = Frames()
    assert not frames.is_users("/usr/lib/python3/dist-packages/torch/_tensor.py")
    assert not frames.is_users("/opt/old/lib/python3.9/site-packages/torch/_tensor.py")
    assert frames.is_users("/home/me/site-packages-notes/train.py")
