"""Optimizers, schedules, clipping and scaling."""
# mypy: disable-error-code="no-untyped-call"

import math
from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import utils
from torch.nn.utils import clip_grad
from torch.optim import lr_scheduler

from gradscope.core.words import Detail, Phase, Role
from tests.capture.gates import measured, watching

INPUTS = torch.tensor([[3.0, 4.0]])


class CallsItsBase(torch.optim.SGD):
    def step(self, closure: Any = None) -> Any:
        return super().step(closure)

    def zero_grad(self, set_to_none: bool = True) -> None:  # noqa: FBT001, FBT002  # as in torch
        super().zero_grad(set_to_none)


class WithoutBase(torch.optim.Optimizer):
    def __init__(self, params: Iterable[Tensor]) -> None:
        self.param_groups = [{"params": list(params), "lr": 0.5}]
        self.state: Any = {}

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        del closure
        with torch.no_grad():
            for parameter in self.param_groups[0]["params"]:
                parameter.sub_(0.5 * parameter.grad)

    def zero_grad(self, set_to_none: bool = True) -> None:  # noqa: FBT001, FBT002  # as in torch
        del set_to_none
        for parameter in self.param_groups[0]["params"]:
            parameter.grad = None


@pytest.mark.parametrize("build", [lambda ps: CallsItsBase(ps, lr=0.5), WithoutBase])
def test_subclasses_step_once(build: Any) -> None:
    with watching() as gate:
        model = nn.Linear(2, 1, bias=False)
        optimizer = build(model.parameters())
        for _ in range(2):
            optimizer.zero_grad()
            model(INPUTS).sum().backward()
            optimizer.step()
    phases = ["zero_grad", "forward", "loss", "backward", "step"]
    assert gate.phases(1) == gate.phases(2) == phases
    facts = gate.of(Phase.STEP)[0].facts
    assert (facts.weights_changed, facts.optimizer) == (2, 0)
    assert facts.largest_update == pytest.approx(2.0)
    assert gate.of(Phase.STEP)[0].lr == 0.5


def test_a_step_is_measured_as_weight_after_minus_before() -> None:
    with watching() as gate:
        model = nn.Linear(2, 1, bias=False)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        before = model.weight.detach().clone()
        model(INPUTS).sum().backward()
        optimizer.step()
    (moment,) = gate.of(Phase.STEP)
    update = measured(moment, Role.UPDATE)["weight"].stats
    weight = measured(moment, Role.WEIGHT)["weight"].stats
    assert update is not None
    assert weight is not None
    assert update.norm == pytest.approx((model.weight - before).norm().item())
    assert update.min == (model.weight - before).min().item()
    assert weight.norm == pytest.approx(model.weight.norm().item())
    (described,) = gate.optimizers()
    (group,) = described.groups
    assert described.name == "SGD"
    assert group.parameters == ["weight"]
    assert group.settings["momentum"] == 0.9


def test_norms_of_a_free_run_are_exact() -> None:
    with watching(Detail.NORMS) as gate:
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        model(INPUTS).sum().backward()
        optimizer.step()
    backward, step = gate.of(Phase.BACKWARD)[0], gate.of(Phase.STEP)[0]
    grad = measured(backward, Role.GRAD)["weight"].stats
    assert grad is not None
    assert (grad.norm, grad.mean, grad.histogram) == (5.0, None, None)
    assert backward.grad_norm == pytest.approx(math.sqrt(26))
    update = measured(step, Role.UPDATE)["weight"].stats
    assert update is not None
    assert update.norm == pytest.approx(5.0)
    assert step.facts.weights_changed == 3


def test_set_to_none_and_set_to_zero_are_told_apart() -> None:
    with watching() as gate:
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for to_none in (True, False):
            model(INPUTS).sum().backward()
            optimizer.zero_grad(set_to_none=to_none)
        model(INPUTS).sum().backward()
        model.zero_grad()
    first, second, third = (m.facts for m in gate.of(Phase.ZERO_GRAD))
    assert (first.grads_to_none, first.grads_to_zero, first.set_to_none) == (2, 0, True)
    assert (second.grads_to_none, second.grads_to_zero, second.set_to_none) == (0, 2, False)
    assert (third.grads_to_none, third.optimizer) == (2, None)
    assert (first.grads_none, second.grads_none) == (2, 0)
    assert measured(gate.of(Phase.ZERO_GRAD)[0], Role.GRAD)["weight"].stats is None


def test_schedules_by_epoch_and_by_iteration() -> None:
    with watching() as gate:
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        warm = lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=2)
        plateau = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=0)
        for _ in range(2):
            model(INPUTS).sum().backward()
            optimizer.step()
            warm.step()
        plateau.step(1.0)
        plateau.step(2.0)
    assert gate.phases(1) == ["forward", "loss", "backward", "step", "schedule"]
    assert gate.phases(2) == [*gate.phases(1), "schedule", "schedule"]
    rates = [m.facts.learning_rates for m in gate.of(Phase.SCHEDULE)]
    assert rates[0] == [(0.5, 0.75)]
    assert rates[-1] is not None
    (before, after) = rates[-1][0]
    assert (before, round(after, 6)) == (1.0, 0.1)
    assert [m.lr for m in gate.of(Phase.STEP)] == [0.5, 0.75]
    lrs = [event.groups[0].settings["lr"] for event in gate.optimizers()]
    assert lrs[-1] == pytest.approx(0.1)


def test_a_schedule_made_of_schedules_steps_once() -> None:
    with watching() as gate:
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        parts = [lr_scheduler.ConstantLR(optimizer), lr_scheduler.ExponentialLR(optimizer, 0.5)]
        schedule = lr_scheduler.SequentialLR(optimizer, parts, milestones=[1])
        model(INPUTS).sum().backward()
        optimizer.step()
        schedule.step()
    assert gate.phases().count("schedule") == 1


def test_clipping_by_norm_and_by_value() -> None:
    with watching() as gate:
        model = nn.Linear(2, 1, bias=False)
        model(INPUTS).sum().backward()
        total = utils.clip_grad_norm_((p for p in model.parameters()), 1.0)
        clip_grad.clip_grad_norm_(model.weight, max_norm=0.5)
        utils.clip_grad_value_(model.parameters(), 0.1)
        assert utils.clip_grad_norm_.__name__ == "clip_grad_norm_"
    assert total.item() == 5.0
    clips = [m.facts.clip for m in gate.of(Phase.CLIP)]
    assert clips[0] is not None
    assert clips[2] is not None
    assert (clips[0].kind, clips[0].limit, clips[0].before) == ("norm", 1.0, 5.0)
    assert clips[0].after == pytest.approx(1.0, rel=1e-5)
    assert clips[2].kind == "value"
    assert clips[2].after == pytest.approx(math.hypot(0.1, 0.1))
    assert gate.of(Phase.CLIP)[0].grad_norm == pytest.approx(1.0, rel=1e-5)
    assert gate.of(Phase.BACKWARD)[0].grad_norm == 5.0


def test_a_step_that_the_scaler_skips_is_told() -> None:
    with watching() as gate:
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
        for factor in (1.0, math.inf):
            optimizer.zero_grad()
            scaler.scale((model(INPUTS) * factor).sum()).backward()
            scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
        assert (gate.inspector.seen().optimizer_steps) == 1
    phases = ["zero_grad", "forward", "loss", "backward", "unscale", "step"]
    assert gate.phases(1) == gate.phases(2) == phases
    taken, skipped = (m.facts for m in gate.of(Phase.STEP))
    assert (taken.skipped, taken.weights_changed) == ("", 3)
    assert "Inf" in skipped.skipped
    assert skipped.weights_changed == 0
    unscaled = gate.of(Phase.UNSCALE)[0].grad_norm
    assert unscaled == pytest.approx(math.sqrt(26))
    assert gate.of(Phase.BACKWARD)[0].grad_norm == pytest.approx(4 * math.sqrt(26))


def test_autocast_does_not_blur_the_numbers() -> None:
    with watching() as gate, torch.autocast("cpu", dtype=torch.bfloat16):
        model = nn.Linear(2, 1)
        model(INPUTS).sum().backward()
        assert torch.is_autocast_enabled("cpu")
    weight = measured(gate.of(Phase.FORWARD)[0], Role.WEIGHT)["weight"].stats
    assert weight is not None
    assert weight.dtype == "float32"
    assert weight.norm == pytest.approx(model.weight.double().norm().item(), rel=1e-9)
    output = measured(gate.of(Phase.FORWARD)[0], Role.ACTIVATION)[""].stats
    assert output is not None
    assert output.dtype == "bfloat16"
