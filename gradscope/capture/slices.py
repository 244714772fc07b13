"""Elements of a tensor, exactly as they are, for whoever asked to see them."""

from collections.abc import Sequence

import numpy as np
import torch

from gradscope.capture.arrays import dtype_name, to_array, to_dense
from gradscope.core.commands import Slice
from gradscope.core.tensors import TensorData

_BYTES = 1 << 28
"""The most that is sent at once."""


def extract(tensor: torch.Tensor, index: Sequence[Slice] = ()) -> TensorData:
    """Return the elements that ``index`` names, with torch's meaning of indexing.

    Call it inside ``quiet()``.

    Raises:
        IndexError: The index does not fit the tensor.
        LookupError: The elements cannot be had, or are too many to send at once.
    """
    keys = _keys(tuple(tensor.shape), index)
    dense = to_dense(tensor)
    chosen = None if dense is None else dense[keys] if keys else dense
    if chosen is not None and chosen.numel() * max(chosen.element_size(), 4) > _BYTES:
        raise LookupError(f"{chosen.numel()} elements are too many at once: ask for a slice")
    array = None if chosen is None else to_array(chosen)
    if array is None:
        raise LookupError(f"the elements of a {_kind(tensor)} tensor cannot be read")
    array = np.ascontiguousarray(array).reshape(array.shape)
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return TensorData(
        dtype=dtype_name(tensor),
        code=little.dtype.str,
        shape=tuple(little.shape),
        full_shape=tuple(tensor.shape),
        packed=little.tobytes(),
    )


def _kind(tensor: torch.Tensor) -> str:
    return "meta" if tensor.is_meta else str(tensor.layout).removeprefix("torch.")


def _keys(shape: tuple[int, ...], index: Sequence[Slice]) -> tuple[int | slice, ...]:
    if len(index) > len(shape):
        raise IndexError(f"{len(index)} indices for a tensor of {len(shape)} dimensions")
    return tuple(_key(size, part, at) for at, (size, part) in enumerate(zip(shape, index)))  # noqa: B905  # fewer indices than dimensions are usual


def _key(size: int, part: Slice, dimension: int) -> int | slice:
    if not part.element:
        if part.step is not None and part.step < 1:
            raise IndexError(f"a step of {part.step}: tensors are read forwards")
        return slice(part.start, part.stop, part.step)
    place = part.start or 0
    if not -size <= place < size:
        raise IndexError(f"index {place} is out of bounds for dimension {dimension} of size {size}")
    return place
