"""Weights and grads that a script changes with its own arithmetic."""
# mypy: disable-error-code="no-untyped-call"

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from gradscope.core.words import Detail, Phase, Role
from tests.capture.gates import measured, watching

INPUTS = torch.tensor([[1.0, 2.0], [3.0, -1.0]])


def subtract(tensor: torch.Tensor) -> None:
    with torch.no_grad():
        tensor -= 0.5


def subtract_from_data(tensor: torch.Tensor) -> None:
    tensor.data -= 0.5


def rebind_data(tensor: torch.Tensor) -> None:
    tensor.data = tensor.data - 0.5


@pytest.mark.parametrize("update", [subtract, subtract_from_data, rebind_data])
def test_weights_updated_by_hand_make_an_iteration(
    update: Callable[[torch.Tensor], None],
) -> None:
    with watching() as gate:
        model = nn.Linear(2, 1)
        for _ in range(3):
            model(INPUTS).sum().backward()
            for parameter in model.parameters():
                update(parameter)
                parameter.grad = None
    for iteration in (1, 2):
        assert gate.phases(iteration) == ["forward", "loss", "backward", "manual", "zero_grad"]
    assert gate.phases(3) == ["forward", "loss", "backward"]
    manual, zero = gate.of(Phase.MANUAL)[0], gate.of(Phase.ZERO_GRAD)[0]
    assert (manual.facts.weights_changed, manual.facts.parameters_changed) == (3, 2)
    assert manual.facts.largest_update == pytest.approx(0.5)
    assert manual.facts.by_hand
    assert (zero.facts.grads_to_none, zero.facts.by_hand) == (2, True)
    update_stats = measured(manual, Role.UPDATE)["weight"].stats
    assert update_stats is not None
    assert update_stats.norm == pytest.approx(0.5 * 2**0.5)
    completes = [p.completes for p in gate.places if p.phase is Phase.MANUAL]
    assert completes == [True, True]


def test_the_last_update_by_hand_is_reported_when_the_script_is_over() -> None:
    with watching() as gate:
        model = nn.Linear(2, 1)
        model(INPUTS).sum().backward()
        for parameter in model.parameters():
            subtract(parameter)
            parameter.grad = None
        assert gate.phases() == ["forward", "loss", "backward"]
        gate.settle()
        gate.settle()
    assert gate.phases(1) == ["forward", "loss", "backward", "manual", "zero_grad"]


def zero_in_place(parameter: nn.Parameter) -> None:
    assert parameter.grad is not None
    parameter.grad.zero_()


def zero_data(parameter: nn.Parameter) -> None:
    assert parameter.grad is not None
    parameter.grad.data.zero_()


@pytest.mark.parametrize("zero", [zero_in_place, zero_data])
def test_grads_zeroed_by_hand_before_the_forward(zero: Callable[[nn.Parameter], None]) -> None:
    with watching() as gate:
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for number in range(2):
            if number:
                for parameter in model.parameters():
                    zero(parameter)
            model(INPUTS).sum().backward()
            optimizer.step()
    assert gate.phases(1) == ["forward", "loss", "backward", "step"]
    assert gate.phases(2) == ["zero_grad", *gate.phases(1)]
    facts = gate.of(Phase.ZERO_GRAD)[0].facts
    assert (facts.grads_to_zero, facts.grads_to_none, facts.by_hand) == (2, 0, True)
    assert [m.facts.grads_filled for m in gate.of(Phase.BACKWARD)] == [2, 2]


def test_grads_altered_by_hand_between_backward_and_step() -> None:
    with watching() as gate:
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model(INPUTS).sum().backward()
        for parameter in model.parameters():
            assert parameter.grad is not None
            parameter.grad.mul_(0.5)
        optimizer.step()
    assert gate.phases() == ["forward", "loss", "backward", "manual", "step"]
    (moment,) = gate.of(Phase.MANUAL)
    assert moment.facts.by_hand
    assert moment.facts.weights_changed == 0
    halved = measured(moment, Role.GRAD)["weight"].stats
    whole = measured(gate.of(Phase.BACKWARD)[0], Role.GRAD)["weight"].stats
    assert halved is not None
    assert whole is not None
    assert halved.norm == pytest.approx(whole.norm / 2)


def test_weights_clamped_after_the_step_belong_to_its_iteration() -> None:
    with watching() as gate:
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        for _ in range(2):
            optimizer.zero_grad()
            model(INPUTS).sum().backward()
            optimizer.step()
            for parameter in model.parameters():
                parameter.data.clamp_(-0.01, 0.01)
    plain = ["zero_grad", "forward", "loss", "backward", "step"]
    assert gate.phases(1) == [*plain, "manual"]
    assert gate.phases(2) == plain


def test_an_average_of_the_weights_is_no_change_by_hand() -> None:
    with watching() as gate:
        model, ema = nn.Linear(2, 1), nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            model(INPUTS).sum().backward()
            optimizer.step()
            with torch.no_grad():
                for average, parameter in zip(ema.parameters(), model.parameters(), strict=True):
                    average.lerp_(parameter, 0.1)
                ema(INPUTS)
    plain = ["zero_grad", "forward", "loss", "backward", "step", "evaluate"]
    assert gate.phases(1) == gate.phases(2) == gate.phases(3) == plain
    assert [model.name for model in gate.models()] == ["Linear", "ema"]
    assert gate.models()[1].parameters[0].fqn == "ema.weight"


def test_tensors_without_a_module_are_named_after_their_variables() -> None:
    with watching() as gate:
        weight = torch.ones(2, 1, requires_grad=True)
        params = {"bias": torch.zeros(1, requires_grad=True)}
        for _ in range(2):
            loss = (INPUTS @ weight + params["bias"]).pow(2).mean()
            loss.backward()
            with torch.no_grad():
                for parameter in (weight, params["bias"]):
                    assert parameter.grad is not None
                    parameter.sub_(0.1 * parameter.grad)
                    parameter.grad.zero_()
    assert gate.phases(1) == ["loss", "backward", "manual", "zero_grad"]
    assert gate.phases(2) == ["loss", "backward"]
    (model,) = gate.models()
    assert {parameter.fqn for parameter in model.parameters} == {"weight", "params.bias"}
    assert gate.of(Phase.BACKWARD)[0].facts.grads_filled == 2


def test_a_leaf_that_is_made_anew_in_each_iteration_keeps_its_name() -> None:
    with watching() as gate:
        weight = torch.ones(2, 1, requires_grad=True)
        for _ in range(3):
            loss = (INPUTS @ weight).pow(2).mean()
            (grad,) = torch.autograd.grad(loss, [weight])
            weight = (weight - 0.1 * grad).detach().requires_grad_()
    assert len(gate.models()) == 1
    assert [m.iteration for m in gate.of(Phase.BACKWARD)] == [1, 2, 3]
    norms = [measured(m, Role.GRAD)["weight"].stats for m in gate.of(Phase.BACKWARD)]
    assert None not in norms
    moved = [m.facts.weights_changed for m in gate.of(Phase.MANUAL)]
    assert moved == [2, 2]


def test_frozen_parameters_have_no_grad_and_do_not_move() -> None:
    with watching() as gate:
        model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
        model[0].requires_grad_(requires_grad=False)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        functional.mse_loss(model(INPUTS), torch.zeros(2, 1)).backward()
        optimizer.step()
    facts = gate.of(Phase.BACKWARD)[0].facts
    assert (facts.grads_filled, facts.grads_none) == (2, 0)
    grads = measured(gate.of(Phase.BACKWARD)[0], Role.GRAD)
    assert set(grads) == {"1.weight", "1.bias"}
    assert gate.of(Phase.STEP)[0].facts.parameters_changed == 2


def test_norms_alone_find_changes_by_hand_too() -> None:
    with watching(Detail.NORMS) as gate:
        model = nn.Linear(2, 1)
        for _ in range(2):
            model(INPUTS).sum().backward()
            for parameter in model.parameters():
                parameter.data -= 0.5
                parameter.grad = None
    assert gate.phases(1) == ["forward", "loss", "backward", "manual", "zero_grad"]


def test_a_frozen_parameter_of_the_optimizer_never_had_a_grad_to_lose() -> None:
    with watching() as gate:
        model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
        model[0].requires_grad_(requires_grad=False)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            loss = model(INPUTS).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    first, second = gate.of(Phase.ZERO_GRAD)
    assert not first.facts.by_hand
    assert (first.facts.grads_to_none, second.facts.grads_to_none) == (0, 2)
