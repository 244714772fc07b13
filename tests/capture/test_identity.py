"""Watching changes nothing, and leaves nothing behind."""
# mypy: disable-error-code="no-untyped-call"

import functools
import random
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

from gradscope.core.events import Moment
from gradscope.core.words import Detail, Role, When
from tests.capture.gates import RecordingGate, watching


def train(optimizer_type: Callable[..., torch.optim.Optimizer]) -> tuple[list[bytes], list[float]]:
    """Train a net with everything that draws random numbers; return weights and draws."""
    torch.manual_seed(5)
    random.seed(5)
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(64, 5),
    )
    dataset = TensorDataset(torch.randn(12, 3, 4, 4), torch.randint(0, 5, (12,)))
    optimizer = optimizer_type(model.parameters())
    schedule = lr_scheduler.CosineAnnealingLR(optimizer, 6)
    for _ in range(2):
        for inputs, targets in DataLoader(dataset, batch_size=4, shuffle=True):
            optimizer.zero_grad()
            functional.cross_entropy(model(inputs), targets).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        model.eval()
        with torch.no_grad():
            model(dataset.tensors[0])
        model.train()
    weights = [value.numpy().tobytes() for value in model.state_dict().values()]
    return weights, [random.random(), *torch.rand(3).tolist()]  # noqa: S311  # no secret


def read_everything(gate: RecordingGate, moment: Moment) -> None:
    for measurement in moment.measurements:
        if measurement.role in {Role.WEIGHT, Role.GRAD}:
            gate.inspector.read(measurement.role, measurement.name, When.AFTER)


@pytest.mark.parametrize(
    "optimizer_type",
    [
        functools.partial(torch.optim.SGD, lr=0.05, momentum=0.9, nesterov=True),
        functools.partial(torch.optim.Adam, lr=0.01),
        functools.partial(torch.optim.AdamW, lr=0.01, fused=True),
    ],
)
@pytest.mark.parametrize(
    ("ends", "inside"), [(Detail.FULL, Detail.FULL), (Detail.NORMS, None), (None, None)]
)
def test_training_is_the_same_bit_by_bit(
    optimizer_type: Callable[..., torch.optim.Optimizer],
    ends: Detail | None,
    inside: Detail | None,
) -> None:
    plain = train(optimizer_type)
    with watching(ends, inside) as gate:
        gate.visit = functools.partial(read_everything, gate)
        watched = train(optimizer_type)
    assert watched == plain
    assert bool(gate.moments) == (ends is not None)


def test_the_count_of_moments_does_not_depend_on_what_is_measured() -> None:
    places = []
    for ends, inside in ((Detail.FULL, Detail.FULL), (Detail.NORMS, None), (None, None)):
        with watching(ends, inside) as gate:
            train(functools.partial(torch.optim.SGD, lr=0.05))
        places.append(gate.places)
    assert places[0] == places[1] == places[2]


def snapshot() -> dict[str, object]:
    owners = {
        "autograd": torch.autograd,
        "functional": functional,
        "utils": nn.utils,
        "clip": nn.utils.clip_grad,
        "Module": nn.Module,
        "Optimizer": torch.optim.Optimizer,
        "SGD": torch.optim.SGD,
        "Adam": torch.optim.Adam,
        "LRScheduler": lr_scheduler.LRScheduler,
        "OneCycleLR": lr_scheduler.OneCycleLR,
        "Plateau": lr_scheduler.ReduceLROnPlateau,
        "GradScaler": torch.amp.GradScaler,
        "DataLoader": DataLoader,
    }
    return {
        f"{name}.{key}": value
        for name, owner in owners.items()
        for key, value in dict(vars(owner)).items()
        if callable(value) or isinstance(value, classmethod)
    }


def test_nothing_is_left_behind() -> None:
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)  # torch wraps a class once
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    before = snapshot()
    model = nn.Linear(3, 1)
    with watching() as gate:
        assert snapshot() != before
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model(torch.ones(2, 3)).sum().backward()
        optimizer.step()
        seen = len(gate.places)
    assert snapshot() == before
    assert not nn.modules.module._global_forward_hooks
    assert not nn.modules.module._global_forward_pre_hooks
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    assert len(gate.places) == seen


def test_modes_of_the_script_are_left_alone() -> None:
    def check(moment: Moment) -> None:
        if moment.inside is None:  # a backward switches grad mode off on its own
            modes.append((torch.is_grad_enabled(), torch.is_inference_mode_enabled()))

    modes: list[tuple[bool, bool]] = []
    with watching(inside=Detail.FULL) as gate:
        gate.visit = check
        model = nn.Linear(3, 1)
        torch.set_default_dtype(torch.float64)
        try:
            model.double()(torch.ones(2, 3)).sum().backward()
            with torch.inference_mode():
                model(torch.ones(2, 3))
        finally:
            torch.set_default_dtype(torch.float32)
        with torch.device("meta"):
            output = model(torch.ones(2, 3, device="cpu", dtype=torch.float64))
            assert output.device.type == "cpu"
    assert set(modes) == {(True, False), (False, True)}


def test_scripted_functions_still_compile() -> None:
    with watching():

        def loss(inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.mse_loss(inputs, targets)

        with pytest.warns(FutureWarning):
            scripted = torch.jit.script(loss)
        assert scripted(torch.ones(2), torch.zeros(2)).item() == 1.0
