"""Real scripts with real torch, driven from stop to stop."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gradscope.core.commands import Evaluate, Pause, ReadTensor, Resume, Slice, Until
from gradscope.core.events import Answer, Environment, Model, Moment, Notice, Running, Started
from gradscope.core.words import Detail, Phase, Role
from tests.launch.driver import SECONDS, Child
from tests.launch.test_as_python import compared

Launch = Callable[..., Child]

LOOP = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
loader = DataLoader(TensorDataset(torch.ones(4, 3), torch.zeros(4, 1)), batch_size=2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
try:
    for epoch in range(3):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(inputs), targets)
            loss.backward()
            optimizer.step()
finally:
    print("finally", epoch)
"""
PHASES = ["batch", "zero_grad", "forward", "loss", "backward", "step"]
INSIDE = ["forward 0", "forward 1", "forward 2"]


def name(moment: Moment | None) -> str:
    """Name a stop: ``2 step``, or ``1 forward (forward 0)`` inside a phase."""
    if moment is None:
        return "end"
    inside = f" ({moment.inside.kind} {moment.inside.name})" if moment.inside else ""
    return f"{moment.iteration} {moment.phase}{inside}"


def started(launch: Launch, directory: Path, script: str = LOOP, *words: str) -> Child:
    (directory / "script.py").write_text(script)
    return launch(*words, "script.py")


def test_phases_and_a_free_run(launch: Launch, tmp_path: Path) -> None:
    child = started(launch, tmp_path)
    names = [name(child.go(Until.PHASE)) for _ in range(18)]
    everything = [f"{i} {phase}" for i in range(1, 7) for phase in PHASES]
    assert names == everything[:18]
    assert child.go(Until.NEVER) is None
    assert child.end() == 0
    assert child.out() == b"finally 2\n"
    kinds = [type(event) for event in child.events]
    assert kinds[0] is Started
    assert kinds.index(Environment) < kinds.index(Moment)
    assert kinds.count(Running) == 18
    moments = [event for event in child.events if isinstance(event, Moment)]
    assert [name(moment) for moment in moments] == everything
    assert {moment.detail for moment in moments[:18]} == {Detail.FULL}
    assert [moment.stop for moment in moments] == ["entry"] + ["step"] * 17 + [""] * 18
    seen = child.finished().seen
    assert (seen.torch_imported, seen.optimizer_steps, seen.backwards) == (True, 6, 6)


def test_into_and_quit_inside_a_backward(launch: Launch, tmp_path: Path) -> None:
    child = started(launch, tmp_path)
    names = [name(child.go(Until.INTO)) for _ in range(7)]
    inside = [f"1 forward ({inside})" for inside in INSIDE]
    assert names == ["1 batch", "1 zero_grad", *inside, "1 forward", "1 loss"]
    backward = []
    while (moment := child.go(Until.INTO)) is not None and moment.inside is not None:
        backward.append(f"{moment.inside.kind} {moment.inside.name}")
    assert name(moment) == "1 backward"
    grads = {f"grad {parameter}" for parameter in ("0.weight", "0.bias", "2.weight", "2.bias")}
    outputs = {f"grad_output {module}" for module in ("0", "1", "2")}
    assert grads | outputs <= set(backward)
    assert backward.index("grad_output 2") < backward.index("grad 2.weight")
    assert backward.index("grad 2.weight") < backward.index("grad_output 0")
    assert backward.index("grad_output 0") < backward.index("grad 0.weight")
    assert name(child.go(Until.INTO)) == "1 step"
    while name(child.go(Until.INTO)) != "2 backward (grad 2.weight)":
        pass
    child.quit()
    assert (child.end(), child.out(), child.err()) == (0, b"finally 0\n", b"")


def test_moment_keeps_its_depth_and_quit_inside_a_forward(launch: Launch, tmp_path: Path) -> None:
    child = started(launch, tmp_path)
    moves = [Until.MOMENT, Until.PHASE, Until.INTO] + [Until.MOMENT] * 4
    assert [name(child.go(until)) for until in moves] == [
        "1 batch",
        "1 zero_grad",
        "1 forward (forward 0)",
        "1 forward (forward 1)",
        "1 forward (forward 2)",
        "1 forward",
        "1 loss",
    ]
    while name(child.go(Until.INTO)) != "2 forward (forward 1)":
        pass
    child.quit()
    assert (child.end(), child.out(), child.err()) == (0, b"finally 0\n", b"")


def test_other_goals_questions_and_quit_at_a_phase(launch: Launch, tmp_path: Path) -> None:
    child = started(launch, tmp_path)
    assert name(child.go(Until.PHASE)) == "1 batch"
    assert name(child.go(Until.ITERATION)) == "2 batch"
    assert name(child.go(Until.STEPS, 2)) == "3 step"
    child.send(
        Evaluate(1, "tuple(inputs.shape), epoch, model[0].weight[1, 2].item().hex()"),
        ReadTensor(
            2, Role.WEIGHT, "0.weight", index=[Slice(1, element=True), Slice(2, element=True)]
        ),
        ReadTensor(3, Role.WEIGHT, "nowhere"),
        Evaluate(4, "model(inputs).shape and model.training"),
    )
    text = child.expect(Answer).text
    data = child.expect(Answer).data
    assert data is not None
    assert text == f"((2, 3), 1, '{float(data.array).hex()}')"
    assert "nowhere" in child.expect(Answer).problem
    assert child.expect(Answer).text == "True"
    assert name(child.go(Until.INTO)) == "4 batch"
    moment = child.go(Until.EPOCH)
    assert moment is not None
    assert (name(moment), moment.epoch) == ("5 batch", 3)
    child.send(Resume(Until.PLACE, iteration=6, phase=Phase.BACKWARD))
    assert name(child.stop()) == "6 backward"
    child.quit()
    assert (child.end(), child.out(), child.err()) == (0, b"finally 2\n", b"")
    assert (child.finished().how, child.finished().code) == ("quit", 0)


def test_pause_inside_a_long_forward(launch: Launch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "in")
    os.mkfifo(tmp_path / "out")
    script = """
import torch
class Slow(torch.nn.Module):
    def forward(self, x):
        with open("in") as waits:
            waits.read()
        with open("out") as waits:
            waits.read()
        return x
model = torch.nn.Sequential(torch.nn.Linear(2, 2), Slow(), torch.nn.ReLU())
model(torch.ones(1, 2)).sum().backward()
"""
    child = started(launch, tmp_path, script)
    child.send(Resume(Until.NEVER))
    with (tmp_path / "in").open("w"):  # opens once the forward of Slow has begun
        child.send(Pause())
    with (tmp_path / "out").open("w"):
        pass
    moment = child.stop()
    assert moment is not None
    assert (name(moment), moment.stop) == ("1 forward (forward 1)", "pause")
    assert name(child.go(Until.PHASE)) == "1 forward"
    assert child.go(Until.NEVER) is None
    assert child.end() == 0


def test_interrupt_at_a_stop_is_a_keyboard_interrupt_there(launch: Launch, tmp_path: Path) -> None:
    child = started(launch, tmp_path)
    child.go(Until.INTO)
    while (moment := child.go(Until.INTO)) is not None and moment.phase != Phase.BACKWARD:
        pass
    child.process.send_signal(signal.SIGINT)
    assert child.end() == -signal.SIGINT
    assert child.out() == b"finally 0\n"
    error = child.err().decode()
    assert error.endswith("KeyboardInterrupt\n")
    assert "loss.backward()" in error
    assert "gradscope" not in error
    assert child.finished().traceback == error


def test_a_script_that_survives_an_interrupt_and_swallows_the_quit(
    launch: Launch, tmp_path: Path
) -> None:
    script = (
        LOOP.replace("        for inputs", "      try:\n        for inputs")
        .replace(
            "finally:\n    print",
            "      except KeyboardInterrupt:\n        pass\nfinally:\n    print",
        )
        .replace(
            "            optimizer.zero_grad()\n",
            "            try:\n                optimizer.zero_grad()\n"
            "            except SystemExit:\n                print('swallowed', flush=True)\n",
        )
    )
    child = started(launch, tmp_path, script)
    child.go(Until.STEPS)
    child.process.send_signal(signal.SIGINT)
    child.expect(Running)
    assert name(child.stop()) == "2 batch"
    assert name(child.go(Until.PHASE)) == "2 zero_grad"
    child.quit()
    assert child.end() == 0
    assert child.out() == b"swallowed\nfinally 1\n"
    assert child.finished().how == "quit"


ERRORS = {
    "clip": ("optimizer.step()", "nn.utils.clip_grad_norm_(model.parameters(), 'x')"),
    "loss": ("targets)", "torch.zeros(3, 5))"),
    "backward": ("loss.backward()", "loss.backward(); loss.backward()"),
    "step": ("optimizer.step()", "optimizer.param_groups[0]['lr'] = 'x'; optimizer.step()"),
    "zero_grad": ("optimizer.zero_grad()", "optimizer.param_groups = None; optimizer.zero_grad()"),
    "batch": ("batch_size=2)", "batch_size=2, collate_fn=lambda samples: 1 / 0)"),
}


def test_errors_of_the_script(launch: Launch, tmp_path: Path) -> None:
    """One training after another fails, each elsewhere; the last one ends the script."""
    parts = ["import traceback\n"]
    for place, replaced in ERRORS.items():
        body = "\n    ".join(LOOP.replace(*replaced).splitlines())
        parts.append(f"def {place}():\n    {body}\n")
        parts.append(f"try:\n    {place}()\nexcept Exception:\n    traceback.print_exc()\n")
    (tmp_path / "script.py").write_text("".join([*parts, "batch()\n"]))
    child = compared(launch, tmp_path, ("script.py",))
    assert child.err().count(b"Traceback (most recent call last)") == len(ERRORS) + 1
    assert b"gradscope" not in child.err()


FORKS = (
    LOOP
    + """
import os
if os.fork() == 0:
    optimizer.zero_grad()
    nn.functional.mse_loss(model(inputs), targets).backward()
    optimizer.step()
    print("forked", flush=True)
else:
    os.wait()
    for inputs, targets in loader:
        optimizer.zero_grad()
        nn.functional.mse_loss(model(inputs), targets).backward()
        optimizer.step()
    for inputs, targets in DataLoader(loader.dataset, batch_size=2, num_workers=1):
        model(inputs)
    print("parent")
"""
)


def test_forked_children_are_not_watched(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(FORKS)
    child = compared(launch, tmp_path, ("script.py",))
    assert child.out() == b"finally 2\nforked\nfinally 2\nparent\n"  # as fork copies buffers
    [model] = [event for event in child.events if isinstance(event, Model)]
    moments = [event for event in child.events if isinstance(event, Moment)]
    steps = [moment.iteration for moment in moments if moment.phase == Phase.STEP]
    assert steps == [1, 2, 3, 4, 5, 6, 7, 8]
    assert model.parameters[0].fqn == "0.weight"


THREAD = """
import threading, torch
def train():
    global epoch
    {body}
thread = threading.Thread(target=train)
thread.start()
{after}
"""


@pytest.mark.parametrize("after", ["thread.join()", "print('main is done')"])
def test_training_in_a_thread(after: str, launch: Launch, tmp_path: Path) -> None:
    body = "\n    ".join(LOOP.splitlines())
    child = started(launch, tmp_path, THREAD.format(body=body, after=after))
    first = child.go(Until.PHASE)  # the thread is taken for the training one at its first loss
    assert first is not None
    assert first.iteration == 1
    assert name(child.go(Until.ITERATION, 2)) == "3 batch"
    child.send(Resume(Until.NEVER))
    assert child.end() == 0
    assert child.finished().seen.optimizer_steps == 6
    assert child.out().endswith(b"finally 2\n")


COMPILED = LOOP.replace("loader =", "model = torch.compile(model, backend='eager')\nloader =")


@pytest.mark.slow
def test_compiled_modules_are_told(launch: Launch, tmp_path: Path) -> None:
    child = started(launch, tmp_path, COMPILED)
    child.send(Resume(Until.NEVER))
    assert child.end() == 0
    notices = [event.text for event in child.events if isinstance(event, Notice)]
    assert sum("--eager" in notice for notice in notices) == 1


@pytest.mark.slow
def test_eager_switches_compiling_off(launch: Launch, tmp_path: Path) -> None:
    child = started(launch, tmp_path, COMPILED, "--eager")
    stops = [child.go(Until.INTO) for _ in range(5)]
    assert any(stop and stop.inside and stop.inside.kind == "forward" for stop in stops)
    child.send(Resume(Until.NEVER))
    assert child.end() == 0
    assert not any(isinstance(event, Notice) for event in child.events)


def test_parent_that_goes_at_a_stop_lets_finally_run(launch: Launch, tmp_path: Path) -> None:
    child = started(launch, tmp_path)
    child.go(Until.ITERATION)
    child.socket.close()
    assert child.process.wait(SECONDS) == 0
    assert child.out() == b"finally 0\n"
    assert sys.platform != "linux" or not Path(f"/proc/{child.process.pid}").exists()
