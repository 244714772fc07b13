"""Statistics of tensors of every type and magnitude, against float64 arithmetic."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradscope.capture.norms import norm_stats, norms, total
from gradscope.capture.quiet import quiet
from gradscope.capture.stats import measure
from gradscope.core.tensors import HISTOGRAM_BINS, Stats

SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9)
FLOATS = st.floats(width=32, allow_subnormal=True)
FLOAT_ARRAYS = arrays.arrays(np.float32, SHAPES, elements=FLOATS)
FINITE_ARRAYS = arrays.arrays(
    np.float32, SHAPES, elements=st.floats(width=32, allow_nan=False, allow_infinity=False)
)


def stats(tensor: torch.Tensor) -> Stats:
    with quiet():
        found = measure(tensor)
    assert found is not None
    return found


def same(one: float | None, other: float) -> bool:
    return one is not None and (one == other or (math.isnan(one) and math.isnan(other)))


@settings(deadline=None)
@given(FINITE_ARRAYS)
def test_finite_values_agree_with_float64(array: np.ndarray) -> None:
    tensor = torch.from_numpy(array)
    found, wide = stats(tensor), tensor.double()
    assert (found.shape, found.dtype) == (tuple(tensor.shape), "float32")
    assert (found.nans, found.infs) == (0, 0)
    assert found.zeros == int((tensor == 0).sum())
    assert found.norm == pytest.approx(wide.norm().item(), rel=1e-12)
    if tensor.numel() == 0:
        assert (found.mean, found.std, found.min, found.histogram) == (None, None, None, None)
        return
    largest = wide.abs().max().item()
    assert (found.min, found.max) == (wide.min().item(), wide.max().item())
    assert found.mean == pytest.approx(wide.mean().item(), rel=1e-12, abs=1e-14 * largest)
    expected = wide.std(correction=0).item()
    assert found.std == pytest.approx(expected, rel=1e-9, abs=1e-9 * largest)
    assert found.histogram is not None
    assert found.histogram.counts.shape == (HISTOGRAM_BINS,)
    assert found.histogram.counts.sum() == tensor.numel()
    assert (found.histogram.low, found.histogram.high) == (found.min, found.max)


@settings(deadline=None)
@given(FLOAT_ARRAYS)
def test_what_is_not_finite_shows_as_in_torch(array: np.ndarray) -> None:
    tensor = torch.from_numpy(array)
    found, wide = stats(tensor), tensor.double()
    finite = tensor[tensor.isfinite()]
    assert found.nans == int(tensor.isnan().sum())
    assert found.infs == int(tensor.isinf().sum())
    if tensor.numel() == finite.numel():
        return
    assert same(found.norm, wide.norm().item())
    assert same(found.mean, wide.mean().item())
    assert same(found.std, wide.std(correction=0).item())
    assert same(found.min, wide.min().item())
    assert same(found.max, wide.max().item())
    if finite.numel():
        assert found.histogram is not None
        assert found.histogram.counts.sum() == finite.numel()
        assert found.histogram.low == finite.min().item()
    else:
        assert found.histogram is None


@settings(deadline=None)
@given(arrays.arrays(np.float32, st.integers(2, 400), elements=st.floats(-8, 8, width=32)))
def test_histograms_count_as_numpy_does(array: np.ndarray) -> None:
    found = stats(torch.from_numpy(array)).histogram
    assert found is not None
    if found.low == found.high:
        assert found.counts[0] == array.size
        return
    ours = np.cumsum(found.counts)
    edges = np.linspace(found.low, found.high, HISTOGRAM_BINS + 1)[1:]
    # A value at an edge may fall on either side of it by rounding.
    near = 1e-5 * (found.high - found.low)
    assert all(ours >= [(array < edge - near).sum() for edge in edges])
    assert all(ours <= [(array <= edge + near).sum() for edge in edges])


@pytest.mark.parametrize("size", [1e-45, 1e-23, 1e-8, 1.0, 1e19, 1e38])
def test_tiny_and_huge_values_keep_their_norm_and_spread(size: float) -> None:
    tensor = torch.tensor([1.0, -2.0, 2.0]) * size
    found, wide = stats(tensor), tensor.double()
    assert found.norm == pytest.approx(wide.norm().item(), rel=1e-12)
    assert found.std == pytest.approx(wide.std(correction=0).item(), rel=1e-12)
    with quiet():
        assert norms([tensor]) == [pytest.approx(wide.norm().item(), rel=1e-6)]


def test_float64_beyond_the_range_of_its_squares() -> None:
    for size in (1e300, 1e-300):
        found = stats(torch.tensor([3.0, -4.0], dtype=torch.float64) * size)
        assert found.norm == pytest.approx(5 * size)
        assert found.std == pytest.approx(3.5 * size)
        assert found.histogram is not None
        assert found.histogram.counts.sum() == 2
    found = stats(torch.tensor([-1.7e308, 1.7e308], dtype=torch.float64))
    assert found.histogram is not None
    assert (found.histogram.counts[0], found.histogram.counts[-1]) == (1, 1)


def test_the_spread_of_layer_norm_weights_is_not_lost() -> None:
    tensor = 1 + torch.arange(-500, 500, dtype=torch.float32) * 1e-6
    assert stats(tensor).std == pytest.approx(tensor.double().std(correction=0).item(), rel=1e-9)
    assert stats(torch.full((1000,), 0.1)).std == 0


def test_small_cases_by_hand() -> None:
    found = stats(torch.tensor([1.0, 2.0, 0.0, -3.0]))
    assert (found.norm, found.mean, found.min, found.max) == (math.sqrt(14), 0, -3, 2)
    assert found.std == pytest.approx(math.sqrt(3.5))
    assert found.zeros == 1
    single = stats(torch.tensor(-2.0))
    assert (single.shape, single.norm, single.mean, single.std) == ((), 2, -2, 0)
    assert single.histogram is not None
    assert single.histogram.counts[0] == 1
    assert single.thumbnail is not None
    assert single.thumbnail.cells.tolist() == [[-2]]


@pytest.mark.parametrize(
    "dtype",
    [torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.bool],
)
def test_integers_and_booleans(dtype: torch.dtype) -> None:
    found = stats(torch.tensor([0, 1, 1, 1]).to(dtype))
    assert (found.mean, found.min, found.max, found.zeros) == (0.75, 0, 1, 1)
    assert found.norm == pytest.approx(math.sqrt(3))
    assert found.dtype == str(dtype).removeprefix("torch.")


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]
)
def test_narrow_floats(dtype: torch.dtype) -> None:
    tensor = torch.tensor([240.0, -96.0, 0.0, 1.5]).to(dtype)
    found, wide = stats(tensor), tensor.to(torch.float64)
    assert found.norm == pytest.approx(wide.norm().item(), rel=1e-12)
    assert found.mean == pytest.approx(wide.mean().item(), rel=1e-12)
    assert (found.min, found.zeros) == (-96, 1)
    with quiet():
        assert norms([tensor]) == [pytest.approx(wide.norm().item(), rel=1e-6)]


def test_half_precision_norms_do_not_overflow() -> None:
    with quiet():
        found = norms([torch.full((16,), 60000.0, dtype=torch.float16)])
    assert found == [pytest.approx(240000, rel=1e-6)]


def test_complex_values_are_measured_by_magnitude() -> None:
    found = stats(torch.tensor([3 + 4j, 0j]))
    assert (found.min, found.max, found.mean, found.zeros) == (0, 5, 2.5, 1)
    assert found.norm == 5
    with quiet():
        assert norms([torch.tensor([3 + 4j])]) == [5]


@pytest.mark.filterwarnings("ignore:Sparse")
def test_sparse_tensors_count_their_hidden_zeros() -> None:
    dense = torch.tensor([[0.0, 3.0, 0.0], [-4.0, 0.0, 0.0]])
    for tensor in (dense.to_sparse(), dense.to_sparse_csr()):
        found, expected = stats(tensor), stats(dense)
        assert found == expected
        with quiet():
            assert norms([tensor]) == [5]
    duplicates = torch.sparse_coo_tensor(torch.tensor([[0, 0]]), torch.tensor([1.0, 2.0]), (4,))
    assert stats(duplicates).max == 3
    huge = torch.sparse_coo_tensor(torch.tensor([[5]]), torch.tensor([2.0]), (1 << 30,))
    assert (stats(huge).zeros, stats(huge).norm, stats(huge).thumbnail) == ((1 << 30) - 1, 2, None)


def test_views_and_layouts_do_not_matter() -> None:
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    for view in (base.transpose(0, 2), base[:, ::2], base[..., 1], base.expand(2, 3, 4)):
        assert stats(view) == stats(view.contiguous())
    images = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(1))
    assert stats(images.contiguous(memory_format=torch.channels_last)) == stats(images)
    assert stats(torch.tensor([1j, -2j]).imag) == stats(torch.tensor([1.0, -2.0]))


def test_what_cannot_be_read_is_not_measured() -> None:
    with quiet():
        assert measure(torch.empty(3, device="meta")) is None
        assert math.isnan(norms([torch.empty(3, device="meta")])[0])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_quantised_tensors_are_measured_as_what_they_stand_for() -> None:
    tensor = torch.quantize_per_tensor(torch.tensor([1.0, -2.0]), 0.5, 0, torch.qint8)
    assert (stats(tensor).min, stats(tensor).max) == (-2, 1)


@settings(deadline=None)
@given(st.lists(FLOAT_ARRAYS, max_size=4))
def test_norms_of_many_agree_with_each_alone(many: list[np.ndarray]) -> None:
    tensors = [torch.from_numpy(array) for array in many]
    with quiet():
        found = norm_stats(tensors)
    for tensor, one in zip(tensors, found, strict=True):
        expected = tensor.double().norm().item()
        assert one.norm == pytest.approx(expected, rel=1e-5, nan_ok=True)
        assert (one.shape, one.mean, one.zeros) == (tuple(tensor.shape), None, None)


def test_a_total_is_the_norm_of_all_together() -> None:
    assert total([3.0, 4.0]) == 5
    assert math.isnan(total([math.inf, math.nan]))
    assert total([math.inf, 1.0]) == math.inf
    assert total([]) == 0


def test_measuring_is_silent_under_every_mode() -> None:
    tensor = torch.ones(3, requires_grad=True)
    with torch.inference_mode(), torch.autocast("cpu"), quiet():
        assert measure(tensor * 2) == stats(torch.full((3,), 2.0))
        assert not (tensor.detach() + 1).is_inference()
    assert not torch.is_autocast_enabled("cpu")
    assert torch.is_grad_enabled()
