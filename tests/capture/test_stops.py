"""What someone who stops finds measured: all layers, as they are right there."""

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from gradscope.capture.gate import Place
from gradscope.core.events import Inside, Moment
from gradscope.core.tensors import Measurement
from gradscope.core.words import Detail, Phase, Role
from tests.capture.gates import RecordingGate, measured, watching

INPUTS = torch.tensor([[1.0, -2.0, 0.5], [3.0, 1.0, -1.0]])
TARGETS = torch.tensor([0, 1])
NAMES = ["0.weight", "0.bias", "2.weight", "2.bias"]


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def batches(count: int = 1) -> DataLoader[tuple[Tensor, ...]]:
    return DataLoader(TensorDataset(INPUTS.repeat(count, 1), TARGETS.repeat(count)), batch_size=2)


def assert_measures(found: Measurement, tensor: Tensor | None) -> None:
    """Compare a full measurement with what torch says of the tensor."""
    if tensor is None:
        assert found.stats is None
        return
    stats = found.stats
    assert stats is not None
    assert (stats.shape, stats.dtype) == (tuple(tensor.shape), str(tensor.dtype)[6:])
    said = [stats.norm, stats.mean, stats.std, stats.min, stats.max]
    reference = tensor.detach().double()
    std = reference.std(unbiased=False)
    means = [reference.norm(), reference.mean(), std, reference.min(), reference.max()]
    assert said == pytest.approx([value.item() for value in means], rel=1e-4, abs=1e-7)


class Trainer:
    """Keeps its model where only ``self`` leads to it."""

    def __init__(self) -> None:
        self.parts = {"net": network()}
        self.model = self.parts["net"]
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)

    def zero(self) -> nn.Sequential:
        self.optimizer.zero_grad()
        return self.model


def zero_in_a_variable() -> nn.Sequential:
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.zero_grad()
    return model


def zero_the_module() -> nn.Sequential:
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.zero_grad()
    del optimizer
    return model


def zero_in_self() -> nn.Sequential:
    return Trainer().zero()


def zero_after_double() -> nn.Sequential:
    model = network()
    optimizer = torch.optim.Adam(model.parameters())
    model.double()
    optimizer.zero_grad()
    return model


def fetch_a_batch() -> nn.Sequential:
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in batches():
        pass
    del optimizer
    return model


def fetch_after_to() -> nn.Sequential:
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model = model.to(torch.float64)
    next(iter(batches()))
    del optimizer
    return model


@pytest.mark.parametrize(
    ("begin", "phase"),
    [
        (zero_in_a_variable, Phase.ZERO_GRAD),
        (zero_the_module, Phase.ZERO_GRAD),
        (zero_in_self, Phase.ZERO_GRAD),
        (zero_after_double, Phase.ZERO_GRAD),
        (fetch_a_batch, Phase.BATCH),
        (fetch_after_to, Phase.BATCH),
    ],
)
def test_a_model_is_known_before_its_first_forward(begin: object, phase: Phase) -> None:
    assert callable(begin)
    with watching() as gate:
        model = begin()
    [described] = gate.models()
    assert [parameter.fqn for parameter in described.parameters] == NAMES
    assert described.parameters[0].dtype == str(model[0].weight.dtype)[6:]
    [optimizer] = gate.optimizers()
    assert optimizer.groups[0].parameters == NAMES
    first = gate.moments[0]
    assert first.phase is phase
    weights = measured(first, Role.WEIGHT)
    assert list(weights) == NAMES
    for name, parameter in model.named_parameters():
        assert_measures(weights[name], parameter)
    assert {name: m.stats for name, m in measured(first, Role.GRAD).items()} == dict.fromkeys(NAMES)


class Loop:
    """Trains, and knows at every time what the measurements of a stop must be."""

    def __init__(self) -> None:
        self.model = network()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)
        self.updates: dict[str, Tensor] = {}

    def run(self, iterations: int) -> None:
        for inputs, targets in batches(iterations):
            self.optimizer.zero_grad()
            loss = functional.cross_entropy(self.model(inputs), targets)
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            before = copy.deepcopy(self.model.state_dict())
            self.optimizer.step()
            self.updates = {n: t - before[n] for n, t in self.model.state_dict().items()}

    def compare(self, moment: Moment) -> None:
        weights, grads = measured(moment, Role.WEIGHT), measured(moment, Role.GRAD)
        assert sorted(weights) == sorted(grads) == sorted(NAMES)
        for name, parameter in self.model.named_parameters():
            assert_measures(weights[name], parameter)
            assert_measures(grads[name], parameter.grad)


STOPS = {
    "batch": (Phase.BATCH, None),
    "zero_grad": (Phase.ZERO_GRAD, None),
    "inside the forward": (Phase.FORWARD, Inside("forward", "1")),
    "forward": (Phase.FORWARD, None),
    "loss": (Phase.LOSS, None),
    "inside the backward": (Phase.BACKWARD, Inside("grad", "2.weight")),
    "between grads": (Phase.BACKWARD, Inside("grad_output", "0")),
    "backward": (Phase.BACKWARD, None),
}


@pytest.mark.parametrize("stop", STOPS)
def test_a_stop_after_a_free_run_has_all_layers(stop: str) -> None:
    seen: list[Moment] = []
    with watching(ends=Detail.NORMS) as gate:
        loop = Loop()

        def visit(moment: Moment) -> None:
            if moment.detail is Detail.FULL:
                seen.append(moment)
                loop.compare(moment)
                updates = measured(moment, Role.UPDATE)
                assert sorted(updates) == sorted(NAMES)
                for name, update in loop.updates.items():
                    assert_measures(updates[name], update)

        gate.visit = visit
        gate.stops = lambda place: (place.iteration, place.phase, place.inside) == (3, *STOPS[stop])
        loop.run(4)
    [moment] = seen
    nones = {name for name, m in measured(moment, Role.GRAD).items() if m.stats is None}
    if stop in {"batch", "backward"}:
        assert nones == set()
    elif "backward" in stop or stop == "between grads":
        assert {"0.weight", "0.bias"} <= nones < set(NAMES) - {"2.weight"}
    else:
        assert nones == set(NAMES)


def test_a_stop_at_a_step_has_this_steps_updates() -> None:
    with watching(ends=Detail.NORMS) as gate:
        loop = Loop()
        gate.visit = lambda moment: loop.compare(moment) if moment.detail is Detail.FULL else None
        gate.stops = lambda place: (place.iteration, place.phase) == (3, Phase.STEP)
        loop.run(3)
    updates = measured(gate.moments[-1], Role.UPDATE)
    assert sorted(updates) == sorted(NAMES)
    for name, update in loop.updates.items():
        assert_measures(updates[name], update)


def test_grads_that_arrive_between_two_stops_are_measured_at_the_second() -> None:
    seen: list[dict[str, Measurement]] = []
    with watching(ends=Detail.NORMS) as gate:
        loop = Loop()

        def visit(moment: Moment) -> None:
            if moment.inside is not None:
                seen.append(measured(moment, Role.GRAD))
                for name, found in seen[-1].items():
                    assert_measures(found, loop.model.get_parameter(name).grad)

        gate.visit = visit
        ends = {Inside("grad_output", "2"), Inside("grad_output", "0")}
        gate.stops = lambda place: place.inside in ends
        loop.run(1)
    first, second = seen
    assert {name: m.stats for name, m in first.items()} == dict.fromkeys(NAMES)
    assert sorted(second) == ["2.bias", "2.weight"]
    assert all(m.stats is not None for m in second.values())


def test_stops_one_after_another_measure_only_what_is_new() -> None:
    def stops(place: Place) -> bool:
        return place.iteration == 3

    with watching(ends=Detail.NORMS) as gate:
        gate.stops = stops
        Loop().run(3)
    third = [moment for moment in gate.ends() if moment.iteration == 3]
    roles = {str(m.phase): {found.role for found in m.measurements} for m in third}
    assert roles == {
        "batch": {Role.WEIGHT, Role.GRAD, Role.UPDATE},
        "zero_grad": {Role.GRAD},
        "forward": {Role.ACTIVATION},
        "loss": set(),
        "backward": {Role.GRAD, Role.GRAD_OUTPUT},
        "step": {Role.WEIGHT, Role.UPDATE},
    }


def twin_norms(gate: RecordingGate, twin: nn.Linear) -> Iterator[tuple[str, float]]:
    """Yield phase and measured norm of the twin's weight, where that was measured."""
    gate.visit = lambda _: expected.append(twin.weight.norm().item())
    expected: list[float] = []
    model = nn.Linear(2, 1, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(twin.parameters(), model.parameters(), strict=True):
                slow.lerp_(fast, 0.25)
            twin(torch.ones(1, 2))
    for moment, norm in zip(gate.moments, expected, strict=True):
        found = measured(moment, Role.WEIGHT).get("twin.weight")
        if found is not None and found.stats is not None:
            assert found.stats.norm == pytest.approx(norm)
            yield str(moment.phase), norm


def test_an_averaged_twin_is_measured_again_after_each_write() -> None:
    with watching() as gate:
        twin = nn.Linear(2, 1, bias=False)
        found = list(twin_norms(gate, twin))
    assert [phase for phase, _ in found] == ["evaluate"] * 3
    assert len({norm for _, norm in found}) == 3


def test_without_a_loader_the_models_input_is_shown_at_its_forward() -> None:
    with watching() as gate:
        model = nn.Linear(3, 2)
        model(INPUTS)
        nn.Bilinear(3, 3, 1)(INPUTS, INPUTS + 1)
    first, second = gate.of(Phase.FORWARD)
    [shown] = first.batch
    assert (shown.name, shown.kind, shown.shape, shown.dtype) == (
        "input",
        "rows",
        (2, 3),
        "float32",
    )
    assert shown.data is not None
    assert shown.data.array.tolist() == INPUTS.tolist()
    assert [(field.name, field.shape) for field in second.batch] == [
        ("input 0", (2, 3)),
        ("input 1", (2, 3)),
    ]


def test_with_a_loader_the_batch_is_shown_where_it_is_fetched() -> None:
    with watching() as gate:
        Loop().run(2)
    assert [len(moment.batch) for moment in gate.of(Phase.BATCH)] == [2, 2]
    assert [moment.batch for moment in gate.of(Phase.FORWARD)] == [[], []]
