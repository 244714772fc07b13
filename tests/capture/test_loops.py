"""Which phases and iterations the loops of real scripts are seen to have."""
# mypy: disable-error-code="no-untyped-call"

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from gradscope.core.words import Detail, Phase
from tests.capture.gates import watching

PLAIN = ["zero_grad", "forward", "loss", "backward", "step"]


def data(count: int = 8) -> TensorDataset:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(count, 3, generator=generator)
    return TensorDataset(inputs, (inputs.sum(1) > 0).long())


def test_a_plain_loop_over_a_loader() -> None:
    with watching(inside=Detail.FULL) as gate:
        model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        criterion = nn.CrossEntropyLoss()
        for _ in range(2):
            for inputs, targets in DataLoader(data(), batch_size=4):
                optimizer.zero_grad()
                loss = criterion(model(inputs), targets)
                loss.backward()
                optimizer.step()
    for iteration in range(1, 5):
        assert gate.phases(iteration) == ["batch", *PLAIN]
    assert [m.epoch for m in gate.of(Phase.BATCH)] == [1, 1, 2, 2]  # each time another loader
    inside = gate.inside()
    assert inside[:5] == [
        ("forward", "0"),
        ("forward", "1"),
        ("forward", "2"),
        ("grad_output", ""),
        ("grad_output", "2"),
    ]
    assert sorted(inside[5:]) == [
        ("grad", "0.bias"),
        ("grad", "0.weight"),
        ("grad", "2.bias"),
        ("grad", "2.weight"),
        ("grad_output", "0"),
        ("grad_output", "1"),
    ]
    seen = gate.inspector.seen()
    assert (seen.models, seen.optimizers, seen.batches) == (1, 1, 4)
    assert (seen.forwards, seen.backwards, seen.optimizer_steps) == (4, 4, 4)


def test_loaders_that_take_turns_are_in_one_epoch() -> None:
    with watching() as gate:
        model = nn.Linear(3, 2)
        loaders = [DataLoader(data(), batch_size=4) for _ in range(2)]
        for _ in range(2):
            for batches in zip(*loaders, strict=True):
                for inputs, targets in batches:
                    functional.cross_entropy(model(inputs), targets).backward()
    assert [m.epoch for m in gate.of(Phase.BATCH)] == [1] * 4 + [2] * 4


def test_epochs_count_how_often_the_loader_starts_over() -> None:
    with watching() as gate:
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loader = DataLoader(data(), batch_size=4, shuffle=True)
        for _ in range(3):
            for inputs, targets in loader:
                functional.cross_entropy(model(inputs), targets).backward()
                optimizer.step()
                optimizer.zero_grad()
    assert [m.epoch for m in gate.of(Phase.BATCH)] == [1, 1, 2, 2, 3, 3]
    assert [m.epoch for m in gate.of(Phase.STEP)] == [1, 1, 2, 2, 3, 3]
    assert gate.phases(1) == ["batch", "forward", "loss", "backward", "step", "zero_grad"]
    assert gate.phases(6) == gate.phases(1)


def test_zero_grad_at_the_top_of_a_loop_without_a_loader_begins_the_iteration() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            loss = model(torch.ones(2, 3)).mean()
            loss.backward()
            optimizer.step()
    for iteration in (1, 2, 3):
        assert gate.phases(iteration) == PLAIN


def test_zero_grad_at_the_end_of_a_loop_without_a_loader_ends_the_iteration() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            loss = model(torch.ones(2, 3)).mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    for iteration in (1, 2, 3):
        assert gate.phases(iteration) == ["forward", "loss", "backward", "step", "zero_grad"]


def test_zero_grad_in_the_middle_stays_where_it_is() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            loss = model(torch.ones(2, 3)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    for iteration in (1, 2, 3):
        assert gate.phases(iteration) == ["forward", "zero_grad", "loss", "backward", "step"]


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    model(torch.ones(2, 3)).mean().backward()
    optimizer.step()


def test_a_loop_whose_body_is_a_function() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            train_step(model, optimizer)
    for iteration in (1, 2, 3):
        assert gate.phases(iteration) == PLAIN


def test_steps_written_one_after_the_other_are_iterations() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model(torch.ones(2, 3)).mean().backward()
        optimizer.step()
        model(torch.ones(2, 3)).mean().backward()
        optimizer.step()
    assert gate.phases(1) == gate.phases(2) == ["forward", "loss", "backward", "step"]


def test_gradient_accumulation_is_one_iteration() -> None:
    with watching() as gate:
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for number, (inputs, targets) in enumerate(DataLoader(data(), batch_size=2), 1):
            (functional.cross_entropy(model(inputs), targets) / 2).backward()
            if number % 2 == 0:
                optimizer.step()
                optimizer.zero_grad()
    twice = ["batch", "forward", "loss", "backward"] * 2
    assert gate.phases(1) == gate.phases(2) == [*twice, "step", "zero_grad"]
    first, second = (m.facts for m in gate.of(Phase.BACKWARD)[:2])
    assert (first.grads_filled, first.grads_accumulated) == (2, 0)
    assert (second.grads_filled, second.grads_accumulated) == (0, 2)
    halved = gate.of(Phase.BACKWARD)[0].loss
    whole = gate.of(Phase.LOSS)[0].loss
    assert halved is not None
    assert whole == 2 * halved


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Linear(2, 3)

    def forward(self, noise: Tensor) -> Tensor:
        made: Tensor = self.main(noise)
        return made


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Linear(3, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        judged: Tensor = self.main(inputs)
        return judged


GAN = [
    *("zero_grad", "forward", "loss", "backward", "forward", "forward", "loss", "backward"),
    *("step", "zero_grad", "forward", "loss", "backward", "step"),
]


def adversarial_step(
    real: Tensor,
    nets: tuple[Generator, Discriminator],
    optimizers: tuple[torch.optim.Optimizer, torch.optim.Optimizer],
) -> None:
    judge = functional.binary_cross_entropy_with_logits
    net_g, net_d = nets
    for_g, for_d = optimizers
    ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)
    for_d.zero_grad()
    judge(net_d(real), ones).backward()
    fake = net_g(torch.ones(len(real), 2))
    judge(net_d(fake.detach()), zeros).backward()
    for_d.step()
    for_g.zero_grad()
    judge(net_d(fake), ones).backward()
    for_g.step()


def test_a_gan_takes_two_steps_in_an_iteration() -> None:
    with watching() as gate:
        nets = Generator(), Discriminator()
        optimizers = (
            torch.optim.Adam(nets[0].parameters()),
            torch.optim.Adam(nets[1].parameters()),
        )
        for (real,) in DataLoader(TensorDataset(torch.ones(6, 3)), batch_size=2):
            adversarial_step(real, nets, optimizers)
    for iteration in (1, 2, 3):
        assert gate.phases(iteration) == ["batch", *GAN]
    completes = [place.completes for place in gate.places if place.phase is Phase.STEP]
    assert completes == [True, True, False, True, False, True]
    assert [model.name for model in gate.models()] == ["Generator", "Discriminator"]
    names = [parameter.fqn for model in gate.models() for parameter in model.parameters]
    assert names == [
        "main.weight",
        "main.bias",
        "Discriminator.main.weight",
        "Discriminator.main.bias",
    ]


def test_a_gan_without_a_loader_still_takes_two_steps_in_an_iteration() -> None:
    with watching() as gate:
        nets = Generator(), Discriminator()
        optimizers = (
            torch.optim.SGD(nets[0].parameters(), lr=0.1),
            torch.optim.SGD(nets[1].parameters(), lr=0.1),
        )
        for _ in range(3):
            adversarial_step(torch.ones(2, 3), nets, optimizers)
    for iteration in (1, 2, 3):
        assert gate.phases(iteration) == GAN


def test_one_batch_fetched_by_hand_and_trained_on_many_times() -> None:
    with watching() as gate:
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        inputs, targets = next(iter(DataLoader(data(), batch_size=4)))
        for _ in range(3):
            optimizer.zero_grad()
            functional.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
    assert gate.phases(1) == ["batch", *PLAIN]
    assert gate.phases(2) == gate.phases(3) == PLAIN


def test_a_loop_over_an_endless_iterator() -> None:
    with watching() as gate:
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        batches = itertools.cycle(DataLoader(data(4), batch_size=2))
        for _ in range(2):
            inputs, targets = next(batches)
            optimizer.zero_grad()
            functional.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
    assert gate.phases(1) == gate.phases(2) == ["batch", *PLAIN]


def test_lbfgs_calls_its_closure_inside_one_step() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1)
        optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = functional.mse_loss(model(torch.eye(3)), torch.ones(3, 1))
            loss.backward()
            return loss

        for _ in range(2):
            optimizer.step(closure)
    for iteration in (1, 2):
        phases = gate.phases(iteration)
        assert phases[-1] == "step"
        assert phases[:-1] == ["zero_grad", "forward", "loss", "backward"] * (len(phases) // 4)
        assert "manual" not in phases
    assert gate.of(Phase.STEP)[0].facts.weights_changed == 4


def test_several_losses_and_a_total_by_arithmetic() -> None:
    with watching() as gate:
        model = nn.Linear(3, 2)
        out = model(torch.ones(2, 3))
        first = functional.mse_loss(out, torch.zeros(2, 2))
        second = functional.l1_loss(out, torch.zeros(2, 2), reduction="none")
        total = first + second.mean()
        total.backward()
    assert gate.phases() == ["forward", "loss", "loss", "backward"]
    calls = [m.facts.loss_call for m in gate.of(Phase.LOSS)]
    assert [call and call.name for call in calls] == ["mse_loss", "l1_loss"]
    assert calls[1] is not None
    assert (calls[1].reduction, calls[1].input_shape) == ("none", (2, 2))
    assert gate.of(Phase.LOSS)[0].loss == first.item()
    assert gate.of(Phase.BACKWARD)[0].loss == total.item()


class LossInside(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, 2)

    def forward(self, inputs: Tensor, targets: Tensor) -> dict[str, Tensor]:
        logits = self.head(inputs)
        return {"loss": functional.cross_entropy(logits, targets), "logits": logits}


def test_a_loss_inside_the_model_is_reported_when_backward_uses_it() -> None:
    with watching() as gate:
        model = LossInside()
        output = model(torch.ones(2, 3), torch.tensor([0, 1]))
        output["loss"].backward()
    assert gate.phases() == ["forward", "loss", "backward"]
    (moment,) = gate.of(Phase.LOSS)
    assert moment.loss == output["loss"].item()
    assert moment.facts.loss_call is not None
    assert moment.facts.loss_call.name == "cross_entropy"
