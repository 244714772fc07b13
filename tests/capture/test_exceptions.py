"""Scripts that fail in the middle of an iteration and go on."""
# mypy: disable-error-code="no-untyped-call"

import pytest
import torch
from torch import Tensor, nn

from gradscope import capture
from gradscope.core.events import Moment
from gradscope.core.words import Detail, Phase
from tests.capture.gates import RecordingGate, watching

INPUTS = torch.ones(2, 3)
PLAIN = ["zero_grad", "forward", "loss", "backward", "step"]


class Failing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 3)
        self.failure: BaseException | None = None

    def forward(self, inputs: Tensor) -> Tensor:
        output: Tensor = self.inner(inputs)
        if self.failure is not None:
            raise self.failure
        return output


@pytest.mark.parametrize("failure", [ValueError("no"), KeyboardInterrupt()])
def test_a_forward_that_raises(failure: BaseException) -> None:
    with watching() as gate:
        part = Failing()
        model = nn.Sequential(part, nn.Linear(3, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for number in range(3):
            part.failure = failure if number == 1 else None
            optimizer.zero_grad()
            try:
                model(INPUTS).sum().backward()
            except (ValueError, KeyboardInterrupt):
                continue
            optimizer.step()
    assert gate.phases(1) == PLAIN
    assert gate.phases(2) == ["zero_grad", *PLAIN]


class Refusing(torch.autograd.Function):
    @staticmethod
    def forward(_context: object, inputs: Tensor) -> Tensor:
        return inputs.clone()

    @staticmethod
    def backward(_context: object, *_grads: Tensor) -> Tensor:
        raise ValueError("refused")


def test_a_backward_that_raises() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for number in range(3):
            optimizer.zero_grad()
            output = model(INPUTS).sum()
            if number == 1:
                output = Refusing.apply(output)
            try:
                output.backward()
            except ValueError:
                continue
            optimizer.step()
    assert gate.phases(1) == PLAIN
    assert gate.phases(2) == ["zero_grad", "forward", "loss", *PLAIN]


class Stubborn(torch.optim.SGD):
    refuses = False

    def step(self, closure: object = None) -> float | None:  # type: ignore[override]
        if self.refuses:
            raise RuntimeError("no step")
        return super().step(closure)  # type: ignore[no-any-return]


def test_a_step_that_raises() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1)
        optimizer = Stubborn(model.parameters(), lr=0.1)
        for number in range(3):
            optimizer.refuses = number == 1
            optimizer.zero_grad()
            model(INPUTS).sum().backward()
            try:
                optimizer.step()
            except RuntimeError:
                continue
    assert gate.phases(1) == PLAIN
    assert gate.phases(2) == [*PLAIN[:-1], *PLAIN]


class Leave(SystemExit):
    pass


@pytest.mark.parametrize(
    "phase", [Phase.ZERO_GRAD, Phase.FORWARD, Phase.LOSS, Phase.BACKWARD, Phase.STEP]
)
def test_the_gate_may_end_the_script_at_any_moment(phase: str) -> None:
    def leave(moment: Moment) -> None:
        if moment.phase == phase and moment.iteration == 2:
            raise Leave

    def loop() -> None:
        try:
            for _ in range(3):
                optimizer.zero_grad()
                nn.functional.mse_loss(model(INPUTS), torch.zeros(2, 1)).backward()
                optimizer.step()
        finally:
            cleaned.append(True)

    cleaned: list[bool] = []
    with watching(inside=Detail.FULL) as gate:
        gate.visit = leave
        model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with pytest.raises(Leave):
            loop()
    assert cleaned == [True]
    assert gate.moments[-1].phase == phase


def test_a_failure_of_our_own_is_told_once_and_never_raised() -> None:
    gate = RecordingGate(Detail.FULL, None)

    def fail(_: Moment) -> None:
        raise ValueError("broken gate")

    gate.visit = fail
    installed = capture.install(gate)
    try:
        model = nn.Linear(3, 1)
        model(INPUTS).sum().backward()
    finally:
        installed.remove()
    (notice,) = gate.notices()
    assert "broken gate" in notice
    assert model.weight.grad is not None
