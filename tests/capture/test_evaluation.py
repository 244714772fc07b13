"""Evaluation: forwards that teach nothing, and the batches for them."""
# mypy: disable-error-code="no-untyped-call"

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from gradscope.core.words import Phase
from tests.capture.gates import watching

ITERATION = ["batch", "zero_grad", "forward", "loss", "backward", "step"]


def loader() -> DataLoader[tuple[torch.Tensor, ...]]:
    return DataLoader(TensorDataset(torch.ones(4, 3), torch.zeros(4, 1)), batch_size=2)


def train(model: nn.Module, optimizer: torch.optim.Optimizer, batches: DataLoader[object]) -> None:
    for inputs, targets in batches:
        optimizer.zero_grad()
        functional.mse_loss(model(inputs), targets).backward()
        optimizer.step()


def test_evaluation_without_grad_between_epochs() -> None:
    with watching() as gate:
        model = nn.Sequential(nn.Linear(3, 1), nn.Dropout(0.5))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        training, held_out = loader(), loader()
        for _ in range(2):
            model.train()
            train(model, optimizer, training)
            model.eval()
            with torch.no_grad():
                for inputs, targets in held_out:
                    functional.mse_loss(model(inputs), targets)
    evaluate = ["evaluate"] * 4
    assert gate.phases(1) == gate.phases(3) == ITERATION
    assert gate.phases(2) == gate.phases(4) == [*ITERATION, *evaluate]
    assert [m.epoch for m in gate.of(Phase.STEP)] == [1, 1, 2, 2]
    assert not model.training


def test_grad_switched_off_inside_the_evaluation_loop() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        training, held_out = loader(), loader()
        for _ in range(3):
            train(model, optimizer, training)
            for inputs, _ in held_out:
                with torch.no_grad():
                    model(inputs)
    # The first batch of an unknown loader looks like one to train on.
    assert gate.phases(1) == ITERATION
    assert gate.phases(2) == ITERATION
    assert gate.phases(3)[:2] == ["batch", "evaluate"]
    assert [m.epoch for m in gate.of(Phase.STEP)] == [1, 1, 2, 2, 3, 3]
    assert len({m.iteration for m in gate.of(Phase.STEP)}) == 6
    assert len(gate.of(Phase.BATCH)) == 7


def test_a_model_in_eval_mode_evaluates_also_where_grads_are_recorded() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        training, held_out = loader(), loader()
        train(model, optimizer, training)
        model.eval()
        for inputs, _ in held_out:
            model(inputs)
    assert gate.phases(2) == [*ITERATION, *["evaluate"] * 4]


def test_evaluation_before_any_training() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        batches = loader()
        with torch.no_grad():
            for inputs, _ in batches:
                model(inputs)
        train(model, optimizer, batches)
    assert gate.phases(1) == [*["evaluate"] * 4, *ITERATION]
    assert gate.phases(2) == ITERATION
    assert {m.epoch for m in gate.moments} == {1}


def test_a_model_that_is_trained_in_eval_mode_is_learnt() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1).eval()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            functional.mse_loss(model(torch.ones(2, 3)), torch.zeros(2, 1)).backward()
            optimizer.step()
    assert gate.phases(1) == ["zero_grad", "evaluate", "loss", "backward", "step"]
    assert gate.phases(2) == gate.phases(3) == ITERATION[1:]


def test_a_teacher_without_grad_inside_an_iteration() -> None:
    with watching() as gate:
        student, teacher = nn.Linear(3, 1), nn.Linear(3, 1)
        optimizer = torch.optim.SGD(student.parameters(), lr=0.1)
        for inputs, _ in loader():
            with torch.no_grad():
                wanted = teacher(inputs)
            optimizer.zero_grad()
            functional.mse_loss(student(inputs), wanted).backward()
            optimizer.step()
    for iteration in (1, 2):
        assert gate.phases(iteration) == ["batch", "evaluate", *ITERATION[1:]]
