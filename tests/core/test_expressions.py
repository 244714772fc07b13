import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest

from gradscope.core.commands import Slice
from gradscope.core.expressions import ExpressionError, Scalar, parse
from gradscope.core.tensors import Measurement, Stats, TensorData
from gradscope.core.words import Role


def data_of(array: npt.NDArray[np.generic], dtype: str = "float32") -> TensorData:
    shape = array.shape
    return TensorData(dtype, array.dtype.str, shape, shape, np.ascontiguousarray(array).tobytes())


@dataclass
class Values:
    """Names over arrays in memory; ``reads`` lists what was read of them."""

    scalars: dict[str, float | str | None] = field(default_factory=dict)
    tensors: dict[tuple[Role, str], npt.NDArray[np.generic] | None] = field(default_factory=dict)
    stats: dict[tuple[Role, str], Stats | None] = field(default_factory=dict)
    reads: list[tuple[str, tuple[Slice, ...]]] = field(default_factory=list)

    def scalar(self, name: Scalar) -> float | str | None:
        return self.scalars.get(name)

    def known(self, role: Role) -> Sequence[str]:
        names = {**self.tensors, **self.stats}
        return [name for its, name in names if its is role]

    def measured(self, role: Role, name: str) -> Measurement | None:
        if (role, name) not in self.stats:
            return None
        return Measurement(role, name, self.stats[role, name])

    def tensor(self, role: Role, name: str, index: Sequence[Slice]) -> TensorData | None:
        self.reads.append((name, tuple(index)))
        if (role, name) not in self.tensors:
            raise LookupError(f"{name} was not kept")
        array = self.tensors[role, name]
        if array is None:
            return None
        keys = tuple(
            one.start if one.element else slice(one.start, one.stop, one.step) for one in index
        )
        try:
            return data_of(np.asarray(array[keys]))
        except IndexError as error:
            raise LookupError(str(error)) from None


WEIGHT = np.arange(12, dtype=np.float32).reshape(3, 4) - 5
NAMES = Values(
    scalars={
        "iteration": 3,
        "epoch": 1,
        "phase": "backward",
        "line": 46,
        "loss": 2.5,
        "lr": 0.02,
        "grad_norm": None,
    },
    tensors={
        (Role.WEIGHT, "fc.weight"): WEIGHT,
        (Role.WEIGHT, "fc.bias"): np.array([1.0, math.nan, math.inf, 0.0], dtype=np.float32),
        (Role.WEIGHT, "conv.weight"): np.ones((2, 1, 3, 3), dtype=np.float16),
        (Role.WEIGHT, "empty"): np.zeros((0, 3), dtype=np.float32),
        (Role.WEIGHT, "one"): np.array(7.0, dtype=np.float32),
        (Role.WEIGHT, "wave"): np.array([3 + 4j, 0j], dtype=np.complex64),
        (Role.GRAD, "fc.weight"): None,
        (Role.STATE, "fc.weight:momentum_buffer"): np.array([0.5], dtype=np.float32),
    },
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("iteration", 3),
        ("phase", "backward"),
        ("grad_norm", None),
        ("loss * 2 + 1", 6.0),
        ("-loss", -2.5),
        ("7 // 2 + 7 % 4", 6),
        ("2 ** 10", 1024.0),
        ('norm(weight("conv.weight"))', math.sqrt(18)),
        ('mean(weight("fc.weight"))', 0.5),
        ('std(weight("fc.weight"))', math.sqrt(143 / 12)),
        ('min(weight("fc.weight"))', -5.0),
        ('max(weight("fc.weight")[:, 0])', 3.0),
        ('sum(weight("fc.weight")[1])', 2.0),
        ('zeros(weight("fc.weight"))', 1),
        ('nans(weight("fc.bias"))', 1),
        ('infs(weight("fc.bias"))', 1),
        ('shape(weight("conv.weight"))', (2, 1, 3, 3)),
        ('shape(weight("conv.weight"))[0]', 2),
        ('weight("fc.weight")[0, 0]', -5.0),
        ('weight("fc.weight")[-1][-1]', 6.0),
        ('weight("fc.weight")[..., -1][1]', 2.0),
        ('weight("fc.weight")[::-1][0, 1]', 4.0),
        ('weight("fc.weight")[iteration - 1, 0]', 3.0),
        ('weight("one")', 7.0),
        ('norm(weight("empty"))', 0.0),
        ('max(weight("wave"))', 5.0),
        ('state("fc.weight", "momentum_buffer")[0]', 0.5),
        ("abs(0 - 3)", 3),
        ("isnan(nan)", True),
        ("isinf(-inf)", True),
    ],
)
def test_values(text: str, value: object) -> None:
    assert parse(text).evaluate(NAMES) == value


@pytest.mark.parametrize(
    "text",
    [
        "loss == approx(2.5000001)",
        "loss == approx(2.4, abs=0.11)",
        "approx(2.5) == loss",
        "loss != approx(2.6)",
        "loss == approx(2.0, rel=0.25)",
        'weight("conv.weight") == approx(1)',
        "inf == approx(inf)",
        "nan != approx(nan)",
        'grad("fc.weight") is None',
        'weight("fc.weight") is not None',
        "grad_norm is None and loss is not None",
        "1 < loss < 3 < iteration + 1",
        'phase == "backward" or loss > 100',
        'not phase == "step"',
        'shape(weight("fc.weight")) == (3, 4)',
        'all(weight("conv.weight") == 1)',
        'any(isnan(weight("fc.bias")))',
        'weight("fc.weight")[0, :1] < 0',
        'norm(weight("fc.weight") - weight("fc.weight")) == 0',
        "  iteration == 3  ",
    ],
)
def test_what_holds(text: str) -> None:
    verdict = parse(text).test(NAMES)
    assert verdict.holds
    assert verdict.measured == ()


@pytest.mark.parametrize(
    ("text", "measured"),
    [
        ("loss == approx(2.303, abs=0.05)", [("loss", "2.5")]),
        ("loss < lr < 1", [("loss", "2.5"), ("lr", "0.02")]),
        (
            'weight("fc.weight") is None',
            [('weight("fc.weight")', "a 3×4 float32 tensor, norm 12.08")],
        ),
        ('grad("fc.weight") is not None', [('grad("fc.weight")', "None")]),
        ('phase == "step"', [("phase", '"backward"')]),
        ("isnan(loss)", [("loss", "2.5")]),
        ("loss + 1 > 4 and lr == 1", [("loss + 1", "3.5")]),
        ("not loss == 2.5", [("loss", "2.5")]),
        ('nans(weight("fc.bias")) == 0', [('nans(weight("fc.bias"))', "1")]),
        (
            'all(weight("fc.weight") > 0)',
            [('weight("fc.weight")', "a 3×4 float32 tensor, norm 12.08")],
        ),
        ('all(isnan(weight("one")))', [('weight("one")', "7")]),
    ],
)
def test_a_failure_reports_what_was_measured(text: str, measured: list[tuple[str, str]]) -> None:
    verdict = parse(text).test(NAMES)
    assert not verdict.holds
    assert list(verdict.measured) == measured
    assert verdict.report().count("\n") == len(measured) - 1


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 0, "missing"),
        ("loss >", 6, "not an expression"),
        ("loss = 3", 5, "write =="),
        ("los > 3", 0, "did you mean loss?"),
        ("1 + zero > 3", 4, "there is no name 'zero'"),
        ("weights('fc.weight')", 0, "did you mean weight?"),
        ("weight > 3", 0, "weight is a function"),
        ("loss(3)", 0, "loss is a value"),
        ("weight(loss)", 0, "names in quotes"),
        ("state('fc.weight')", 0, "momentum_buffer"),
        ("weight('fc.weights')", 0, "did you mean fc.weight"),
        ("grad('w')", 0, "did you mean fc.weight"),
        ("grad('zzz')", 0, "there are fc.weight"),
        ("loss.real", 0, "not part of the grammar"),
        ("().__class__", 0, "not part of the grammar"),
        ("__import__('os')", 0, "there is no function"),
        ("(lambda: 1)()", 0, "can be called"),
        ("[1, 2]", 0, "not part of the grammar"),
        ("f'{loss}'", 0, "not part of the grammar"),
        ("loss if loss else 1", 0, "not part of the grammar"),
        ("(x := 3)", 1, "not part of the grammar"),
        ("loss in (1, 2)", 0, "'in' is not part"),
        ("loss is 3", 8, "only None can follow"),
        ("loss == None", 8, "is None"),
        ("norm()", 0, "norm takes"),
        ("norm(loss, 2)", 0, "norm takes"),
        ("norm(*loss)", 0, "norm takes"),
        ("approx(1, tol=2) == 1", 14, "no such option 'tol'"),
        ("loss < approx(3)", 0, "only be compared with == and !="),
        ("1 / 0", 0, "division by zero"),
        ("10.0 ** 400", 0, "too large"),
        ("(-1) ** 0.5", 0, "not a real number"),
        ("99999999999999999999", 0, "not exact"),
        ("loss + phase", 7, 'phase is "backward", not a number'),
        ("loss + grad_norm", 7, "grad_norm is None"),
        ("grad_norm > 1", 0, "grad_norm is None here"),
        ("norm(grad('fc.weight'))", 0, "None is not a number"),
        ("phase == 3", 0, "cannot be compared"),
        ("'a' < 'b'", 0, "texts and shapes"),
        ("phase", 0, "neither true nor false"),
        ("weight('fc.weight') > 0", 0, "use all(…) or any(…)"),
        ("0 < weight('fc.weight') < 1", 0, "use all(…) or any(…)"),
        ("weight('fc.weight')[3, 0] == 1", 0, "out of bounds"),
        ("weight('fc.weight')[0][9] == 1", 0, "outside of a tensor of 4"),
        ("weight('fc.weight')[0.5] == 1", 20, "whole number"),
        ("weight('fc.weight')[::0] == 1", 20, "cannot be 0"),
        ("weight('fc.weight') + weight('fc.bias')[:3] == 1", 0, "do not go together"),
        ("mean(weight('empty')) == 1", 0, "empty tensor"),
        ("gewicht('ü') == löss", 0, "no function"),
        ("'ü' == löss", 7, "there is no name 'löss'"),
        ("loss\n> 3", 4, "line ends"),
        ("(" * 300 + "1" + ")" * 300, 0, ""),
        ("-" * 1500 + "1", 61, "nested too deeply"),
        ("1" * 3000, 2000, "longer than"),
    ],
)
def test_errors_point_at_their_place(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text).test(NAMES)
    error = caught.value
    assert message in str(error)
    assert "\n" not in str(error)
    if message:
        assert error.column == column
    assert error.caret().splitlines()[-1] == " " * error.column + "^"


def test_elements_are_read_only_where_needed() -> None:
    names = Values(tensors={(Role.WEIGHT, "w"): WEIGHT})
    assert parse('iteration is not None and weight("w")[0, 0] > 0').test(names).holds is False
    assert names.reads == []
    assert parse('weight("w")[0, 1:3] == approx(-4, abs=1)').test(names).holds
    assert names.reads == [("w", (Slice(0, element=True), Slice(1, 3)))]


def test_measurements_answer_without_reading() -> None:
    stats = Stats((32, 3, 5, 5), "float32", 0.834, mean=0.1, zeros=0)
    names = Values(stats={(Role.GRAD, "w"): stats, (Role.GRAD, "b"): None})
    assert parse('norm(grad("w")) > 0 and zeros(grad("w")) == 0').test(names).holds
    assert parse('grad("b") is None and shape(grad("w"))[1] == 3').test(names).holds
    assert names.reads == []
    verdict = parse('grad("w") is None').test(names)
    assert verdict.report() == ('grad("w"): measured a 32×3×5×5 float32 tensor, norm 0.834')
    with pytest.raises(ExpressionError, match="w was not kept"):
        parse('max(grad("w")) > 0').test(names)


def test_a_result_that_would_fill_memory_is_refused() -> None:
    names = Values(
        tensors={
            (Role.WEIGHT, "tall"): np.zeros((20_000, 1), dtype=np.float32),
            (Role.WEIGHT, "wide"): np.zeros((1, 20_000), dtype=np.float32),
        }
    )
    with pytest.raises(ExpressionError, match="20000×20000 elements"):
        parse('norm(weight("tall") + weight("wide")) == 0').test(names)
    with pytest.raises(ExpressionError, match="20000×20000 elements"):
        parse('any(weight("tall") > weight("wide"))').test(names)
