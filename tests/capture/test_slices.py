import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradscope.capture.quiet import quiet
from gradscope.capture.slices import extract
from gradscope.core.commands import Slice
from gradscope.core.tensors import TensorData


def read(tensor: torch.Tensor, *index: Slice) -> TensorData:
    with quiet():
        return extract(tensor, index)


ENDS = st.none() | st.integers(-7, 7)
PARTS = st.one_of(
    st.builds(Slice, ENDS, ENDS, st.none() | st.integers(1, 4)),
    st.builds(Slice, st.integers(-6, 6), element=st.just(value=True)),
)


@settings(deadline=None)
@given(
    arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
        elements=st.floats(width=32),
    ),
    st.lists(PARTS, max_size=4),
)
def test_slices_are_those_of_torch(array: np.ndarray, index: list[Slice]) -> None:
    tensor = torch.from_numpy(array)
    keys = tuple(
        part.start if part.element else slice(part.start, part.stop, part.step) for part in index
    )
    try:
        expected = tensor[keys]
    except IndexError:
        with pytest.raises(IndexError):
            read(tensor, *index)
        return
    found = read(tensor, *index)
    assert (found.shape, found.full_shape) == (tuple(expected.shape), tuple(tensor.shape))
    np.testing.assert_array_equal(found.array, expected.numpy())


@pytest.mark.parametrize(
    ("dtype", "code"),
    [
        (torch.float16, "<f2"),
        (torch.float64, "<f8"),
        (torch.int64, "<i8"),
        (torch.bool, "|b1"),
        (torch.uint8, "|u1"),
        (torch.complex64, "<c8"),
        (torch.bfloat16, "<f4"),
        (torch.float8_e4m3fn, "<f4"),
    ],
)
def test_every_type_arrives_as_it_is(dtype: torch.dtype, code: str) -> None:
    tensor = torch.tensor([[1.0, 0.0], [3.0, 0.5]]).to(dtype)
    found = read(tensor, Slice(1, element=True))
    assert (found.code, found.dtype) == (code, str(dtype).removeprefix("torch."))
    expected = tensor[1].to(torch.complex64 if dtype.is_complex else torch.float64)
    np.testing.assert_array_equal(found.array, expected.numpy())


def test_transposed_and_sparse_tensors() -> None:
    tensor = torch.arange(6.0).reshape(2, 3)
    assert read(tensor.T, Slice(0, element=True)).array.tolist() == [0, 3]
    assert read(tensor.to_sparse()).array.tolist() == tensor.tolist()


def test_what_is_wrong_is_said_in_one_line() -> None:
    tensor = torch.ones(2, 3)
    with pytest.raises(IndexError, match="index 5 is out of bounds for dimension 1 of size 3"):
        read(tensor, Slice(0, element=True), Slice(5, element=True))
    with pytest.raises(IndexError, match="3 indices for a tensor of 2 dimensions"):
        read(tensor, *[Slice(0)] * 3)
    with pytest.raises(IndexError, match="forwards"):
        read(tensor, Slice(None, None, -1))
    with pytest.raises(LookupError, match="meta tensor"):
        read(torch.empty(2, device="meta"))
    with pytest.raises(LookupError, match="too many"):
        read(torch.empty(1).expand(1 << 28))
