"""Models of unusual build: what is found, and under which names."""
# mypy: disable-error-code="no-untyped-call"

import copy
import io
import pickle
import warnings

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from gradscope.core.words import Detail, Phase, Role
from tests.capture.gates import measured, watching

INPUTS = torch.tensor([[1.0, 2.0, 3.0], [-1.0, 0.5, 2.0]])


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Linear(3, 3, bias=False)
        self.decode = nn.Linear(3, 3, bias=False)
        self.decode.weight = self.encode.weight

    def forward(self, inputs: Tensor) -> Tensor:
        output: Tensor = self.decode(torch.tanh(self.encode(inputs)))
        return output


def test_tied_weights_are_one_parameter_under_two_names() -> None:
    with watching() as gate:
        model = Tied()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model(INPUTS).sum().backward()
        optimizer.step()
        assert gate.inspector.read(Role.GRAD, "decode.weight") is not None
    infos = gate.models()[0].parameters
    assert [(i.fqn, i.shared_with) for i in infos] == [
        ("encode.weight", ""),
        ("decode.weight", "encode.weight"),
    ]
    assert gate.of(Phase.BACKWARD)[0].facts.grads_filled == 1
    assert gate.of(Phase.STEP)[0].facts.weights_changed == 9


def test_a_module_used_twice_returns_twice() -> None:
    with watching(inside=Detail.FULL) as gate:
        shared = nn.Linear(3, 3)
        model = nn.Sequential(shared, nn.Tanh(), shared)
        model(INPUTS).sum().backward()
    forwards = [name for kind, name in gate.inside() if kind == "forward"]
    assert forwards == ["0", "1", "0"]
    assert [m.fqn for m in gate.models()[0].modules] == ["", "0", "1", "2"]


def test_outputs_that_are_written_over_are_shown_as_they_were_returned() -> None:
    with watching() as gate:
        first = nn.Linear(3, 3)
        model = nn.Sequential(first, nn.ReLU(inplace=True), nn.Linear(3, 1))
        kept: dict[str, Tensor] = {}
        for _ in range(2):  # after one stop, copies are taken in time
            hidden = functional.linear(INPUTS, first.weight, first.bias)
            kept["linear"], kept["relu"] = hidden.detach(), hidden.detach().relu()
            model(INPUTS).sum().backward()
    stats = measured(gate.of(Phase.FORWARD)[-1], Role.ACTIVATION)
    for name, expected in (("0", kept["linear"]), ("1", kept["relu"])):
        found = stats[name].stats
        assert found is not None
        assert found.min == expected.min().item()
        assert found.norm == pytest.approx(expected.norm().item())
    grads = measured(gate.of(Phase.BACKWARD)[-1], Role.GRAD_OUTPUT)
    assert set(grads) == {"", "0", "1", "2"}


def test_the_grads_at_outputs_are_those_that_torch_computes() -> None:
    with watching() as gate:
        model = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
        first = model[0](INPUTS).detach().requires_grad_()
        torch.tanh(first).pow(2).sum().backward()
        expected = first.grad
        model(INPUTS).pow(2).sum().backward()
    stats = measured(gate.of(Phase.BACKWARD)[-1], Role.GRAD_OUTPUT)["0"].stats
    assert stats is not None
    assert expected is not None
    assert stats.norm == pytest.approx(expected.norm().item(), rel=1e-6)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(3, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        output: Tensor = self.body(inputs)
        output += inputs
        return functional.relu(output, inplace=True)


def test_a_residual_added_in_place_trains() -> None:
    with watching(inside=Detail.FULL) as gate:
        model = nn.Sequential(Residual(), Residual(), nn.Linear(3, 1))
        model(INPUTS).sum().backward()
    assert gate.phases() == ["forward", "loss", "backward"]


def test_checkpointed_modules_do_not_return_again_in_backward() -> None:
    for reentrant in (True, False):
        with watching(inside=Detail.FULL) as gate:
            inner = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
            outer = nn.Linear(3, 1)

            class Model(nn.Module):
                def __init__(self) -> None:
                    super().__init__()
                    self.inner, self.outer = inner, outer  # noqa: B023  # used inside the loop

                def forward(self, inputs: Tensor) -> Tensor:
                    hidden = checkpoint(self.inner, inputs, use_reentrant=reentrant)  # noqa: B023  # as above
                    output: Tensor = self.outer(hidden)
                    return output

            model = Model()
            model(INPUTS.clone().requires_grad_()).sum().backward()
        assert gate.phases() == ["forward", "loss", "backward"]
        names = [name for kind, name in gate.inside() if kind == "forward"]
        assert names == ["inner.0", "inner.1", "inner", "outer"]
        assert gate.of(Phase.BACKWARD)[0].facts.grads_filled == 4


def test_forward_called_directly_is_one_forward() -> None:
    with watching(inside=Detail.FULL) as gate:
        model = Tied()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            functional.mse_loss(model.forward(INPUTS), INPUTS).backward()
            optimizer.step()
    for iteration in (1, 2):
        assert gate.phases(iteration) == ["zero_grad", "forward", "loss", "backward", "step"]
    assert [model.name for model in gate.models()] == ["Tied"]
    assert gate.inside()[:2] == [("forward", "encode"), ("forward", "decode")]


def test_parts_of_a_model_called_one_by_one_keep_its_names() -> None:
    with watching() as gate:
        model = Tied()
        model(INPUTS)
        model.decode(model.encode(INPUTS)).sum().backward()
    assert len(gate.models()) == 1
    assert gate.phases() == ["forward", "forward", "forward", "loss", "backward"]


def test_a_model_that_grows_is_described_again() -> None:
    with watching() as gate:
        model = nn.Sequential(nn.Linear(3, 3))
        model(INPUTS)
        model.append(nn.Linear(3, 1))
        model(INPUTS).sum().backward()
    first, second = gate.models()
    assert (first.index, second.index) == (0, 0)
    assert [p.fqn for p in second.parameters][2:] == ["1.weight", "1.bias"]
    assert gate.of(Phase.BACKWARD)[0].facts.grads_filled == 4


def test_a_whole_takes_over_the_parts_that_ran_before() -> None:
    with watching() as gate:
        first, second = nn.Linear(3, 3), nn.Linear(3, 1)
        second(first(INPUTS))
        nn.Sequential(first, second)(INPUTS).sum().backward()
    last = gate.models()[-1]
    assert last.name == "Sequential"
    assert [p.fqn for p in last.parameters] == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_a_model_replaced_by_a_new_one_leaves_its_place() -> None:
    with watching() as gate:
        for _ in range(2):
            model = nn.Linear(3, 1)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            model(INPUTS).sum().backward()
            optimizer.step()
            del model, optimizer
    assert [(m.index, m.parameters[0].fqn) for m in gate.models()] == [(0, "weight")]
    assert gate.phases(2) == ["forward", "loss", "backward", "step"]


def test_lazy_modules_are_known_once_they_have_run() -> None:
    with watching() as gate:
        model = nn.Sequential(nn.LazyLinear(2), nn.ReLU())
        model(INPUTS).sum().backward()
    assert [p.fqn for p in gate.models()[-1].parameters] == ["0.weight", "0.bias"]
    assert gate.of(Phase.BACKWARD)[0].facts.grads_none == 0


def test_an_optimizer_built_before_the_model_moves_to_another_type() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model.double()
        for _ in range(2):
            model(INPUTS.double()).sum().backward()
            optimizer.step()
    assert gate.phases() == ["forward", "loss", "backward", "step"] * 2
    assert gate.models()[0].parameters[0].dtype == "float64"


def test_a_compiled_model_is_one_forward_under_its_own_names() -> None:
    with watching(inside=Detail.FULL) as gate, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.manual_seed(0)  # with dead units the grads behind them would stay zero
        model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(inplace=True), nn.Linear(8, 1))
        compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            functional.mse_loss(compiled(INPUTS), torch.zeros(2, 1)).backward()
            optimizer.step()
    for iteration in (1, 2):
        assert gate.phases(iteration) == ["zero_grad", "forward", "loss", "backward", "step"]
    (known,) = gate.models()
    assert known.name == "Sequential"
    assert known.parameters[0].fqn == "0.weight"
    assert [name for kind, name in gate.inside() if kind == "forward"] == []
    assert gate.of(Phase.BACKWARD)[0].facts.grads_filled == 4


def test_what_is_watched_pickles_and_copies() -> None:
    with watching():
        model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
        optimizer = torch.optim.Adam(model.parameters())
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
        output = model(INPUTS)
        output.sum().backward()
        optimizer.step()
        scheduler.step()
        copy.deepcopy(model)
        for thing in (model, optimizer, output.detach(), functional.cross_entropy):
            pickle.loads(pickle.dumps(thing))  # noqa: S301  # just made
        torch.save({"model": model.state_dict(), "schedule": scheduler.state_dict()}, io.BytesIO())
        torch.save(model, io.BytesIO())


def test_only_the_first_full_moment_of_a_model_carries_all_its_weights() -> None:
    with watching() as gate:
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            model(INPUTS).sum().backward()
            optimizer.step()
    carrying = [str(m.phase) for m in gate.ends() if measured(m, Role.WEIGHT)]
    assert carrying == ["forward", "step", "step"]
