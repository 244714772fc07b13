"""What can be read at a stop, element by element."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from gradscope.core.commands import Slice
from gradscope.core.events import Moment
from gradscope.core.words import Detail, Phase, Role, When
from tests.capture.gates import RecordingGate, watching

INPUTS = torch.tensor([[1.0, 2.0], [3.0, 4.0]])


def run(
    visit: Callable[[RecordingGate, Moment], None],
    *,
    ends: Detail | None = Detail.FULL,
    inside: Detail | None = None,
    selected: str = "",
) -> None:
    """Train for two iterations; call ``visit`` at every moment."""
    with watching(ends, inside) as gate:
        gate.visit = lambda moment: visit(gate, moment)
        gate.inspector.select(selected)
        first = nn.Linear(2, 2, bias=False)
        model = nn.Sequential(first, nn.ReLU(inplace=True))
        with torch.no_grad():
            first.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, -1.0]]))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
        for _ in range(2):
            optimizer.zero_grad()
            model(INPUTS).sum().backward()
            optimizer.step()


def values(gate: RecordingGate, role: Role, name: str, when: When = When.AFTER) -> object:
    data = gate.inspector.read(role, name, when)
    return None if data is None else data.array.tolist()


def test_weights_grads_and_updates_before_and_after_each_phase() -> None:
    seen: dict[tuple[int, str], tuple[object, ...]] = {}

    def visit(gate: RecordingGate, moment: Moment) -> None:
        name = "0.weight"
        seen[moment.iteration, str(moment.phase)] = (
            values(gate, Role.WEIGHT, name, When.BEFORE) if moment.phase != "zero_grad" else None,
            values(gate, Role.WEIGHT, name) if moment.phase != "zero_grad" else None,
            values(gate, Role.GRAD, name, When.BEFORE) if moment.iteration == 2 else None,
            values(gate, Role.GRAD, name) if moment.iteration == 2 else None,
        )
        if moment.phase is Phase.STEP:
            seen[moment.iteration, "update"] = (values(gate, Role.UPDATE, name),)

    run(visit)
    start, grad = [[1.0, 0.0], [0.0, -1.0]], [[4.0, 6.0], [0.0, 0.0]]
    moved = [[-1.0, -3.0], [0.0, -1.0]]
    assert seen[1, "backward"][:2] == (start, start)
    assert seen[1, "step"][:2] == (start, moved)
    assert seen[1, "update"] == ([[-2.0, -3.0], [0.0, 0.0]],)
    assert seen[2, "zero_grad"][2:] == (grad, None)
    assert seen[2, "forward"][2:] == (None, None)
    assert seen[2, "backward"][2] is None
    assert seen[2, "backward"][3] == seen[2, "step"][2] == seen[2, "step"][3]


def test_outputs_and_their_gradients() -> None:
    found: dict[str, object] = {}

    def visit(gate: RecordingGate, moment: Moment) -> None:
        if moment.iteration == 2 and moment.phase is Phase.BACKWARD:
            for name in ("0", "1", ""):
                found[f"a{name}"] = values(gate, Role.ACTIVATION, name)
                found[f"g{name}"] = values(gate, Role.GRAD_OUTPUT, name)

    run(visit)
    assert found["a0"] == [[-7.0, -2.0], [-15.0, -4.0]]
    assert found["a1"] == found["a"] == [[0.0, 0.0], [0.0, 0.0]]
    assert found["g1"] == found["g"] == [[1.0, 1.0], [1.0, 1.0]]
    assert found["g0"] == [[0.0, 0.0], [0.0, 0.0]]


def test_optimizer_states() -> None:
    def visit(gate: RecordingGate, moment: Moment) -> None:
        if moment.phase is Phase.STEP and moment.iteration == 1:
            name = "0.weight:momentum_buffer"
            assert values(gate, Role.STATE, name) == [[4.0, 6.0], [0.0, 0.0]]
            data = gate.inspector.read(
                Role.STATE, name, When.AFTER, [Slice(0, element=True), Slice(1, element=True)]
            )
            assert data is not None
            assert (data.shape, data.array.item()) == ((), 6)
            with pytest.raises(LookupError, match="it has: momentum_buffer"):
                gate.inspector.read(Role.STATE, "0.weight:exp_avg")
            visited.append(moment)

    visited: list[Moment] = []
    run(visit)
    assert visited


def test_what_was_not_kept_says_how_to_keep_it() -> None:
    problems: set[str] = set()

    def visit(gate: RecordingGate, moment: Moment) -> None:
        if moment.iteration == 2 and moment.phase is Phase.BACKWARD:
            for role, name in ((Role.ACTIVATION, "0"), (Role.GRAD_OUTPUT, "0")):
                with pytest.raises(LookupError) as caught:
                    gate.inspector.read(role, name)
                problems.add(str(caught.value))
            with pytest.raises(LookupError) as caught:
                gate.inspector.read(Role.GRAD, "0.weight", When.BEFORE)
            problems.add(str(caught.value))
            with pytest.raises(LookupError, match="no parameter is called 7"):
                gate.inspector.read(Role.WEIGHT, "7")
            with pytest.raises(IndexError):
                gate.inspector.read(Role.WEIGHT, "0.weight", index=[Slice(9, element=True)])

    run(visit, ends=Detail.NORMS)
    assert problems == {
        "the output of 0 was not kept: stepping through the forward keeps it",
        "the gradient of 0 was not kept: stepping through the backward keeps it",
        "the grad of 0.weight before this phase was not kept: step through the phase to keep it",
    }


def test_the_selected_parameter_is_kept_at_full_speed_too() -> None:
    before: list[object] = []

    def visit(gate: RecordingGate, moment: Moment) -> None:
        if moment.iteration == 2 and moment.phase is Phase.ZERO_GRAD:
            before.append(values(gate, Role.GRAD, "0.weight", When.BEFORE))

    run(visit, ends=Detail.NORMS, selected="0.weight")
    assert before == [[[4.0, 6.0], [0.0, 0.0]]]


def test_inside_a_backward_the_grad_that_just_arrived_can_be_read() -> None:
    def visit(gate: RecordingGate, moment: Moment) -> None:
        if moment.inside is not None and moment.inside.kind == "grad":
            after = values(gate, Role.GRAD, "0.weight")
            before = values(gate, Role.GRAD, "0.weight", When.BEFORE)
            arrived.append((before, np.asarray(after).shape))

    arrived: list[tuple[object, tuple[int, ...]]] = []
    run(visit, inside=Detail.FULL)
    assert arrived == [(None, (2, 2)), (None, (2, 2))]


def test_the_frame_at_a_stop_is_the_users() -> None:
    names: set[str] = set()

    def visit(gate: RecordingGate, moment: Moment) -> None:
        del moment
        frame = gate.inspector.frame()
        assert frame is not None
        names.add(frame.f_code.co_name)

    run(visit, inside=Detail.FULL)
    assert names == {"visit"}  # this very function is the user's, to the debugger
