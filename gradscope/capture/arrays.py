"""Tensors as numpy arrays that hold exactly the same values."""

import functools
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

Array: TypeAlias = npt.NDArray[Any]

_DENSE_LIMIT = 1 << 26
"""A sparse tensor is spread out up to this many elements."""

_NUMPY_HAS = frozenset(
    {
        torch.float16,
        torch.float32,
        torch.float64,
        torch.complex64,
        torch.complex128,
        torch.bool,
        torch.int8,
        torch.int16,
        torch.int32,
        torch.int64,
        torch.uint8,
        torch.uint16,
        torch.uint32,
        torch.uint64,
    }
)


_PLAIN_CLASSES = frozenset({torch.Tensor, torch.nn.Parameter})


def dtype_name(tensor: torch.Tensor) -> str:
    """Return torch's name of the element type, such as ``bfloat16``."""
    return _name(tensor.dtype)


@functools.cache
def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def is_readable(tensor: torch.Tensor) -> bool:
    """Tell whether the tensor holds elements of its own: not meta, not a wrapper of others."""
    value: Any = tensor
    wraps = type(tensor) not in _PLAIN_CLASSES and is_traceable_wrapper_subclass(value)
    if tensor.is_meta or wraps:
        return False
    return not torch._C._functorch.is_functorch_wrapped_tensor(value)  # noqa: SLF001  # the only test for the tensors of torch.func


def to_dense(tensor: torch.Tensor) -> torch.Tensor | None:
    """Return the tensor as an ordinary strided one with the same values.

    The result may share memory with the tensor. None where the elements cannot be had: a meta
    tensor, a wrapper, a sparse one too large to spread out. Call it inside ``quiet()``.
    """
    if not is_readable(tensor):
        return None
    try:
        dense = tensor.detach()
        if dense.is_quantized:
            dense = dense.dequantize()
        if dense.layout != torch.strided:
            if dense.is_nested or dense.numel() > _DENSE_LIMIT:
                return None
            dense = dense.to_dense()
        elif dense.is_nested:
            return None
    except (RuntimeError, NotImplementedError, TypeError):
        return None
    return dense


def to_array(tensor: torch.Tensor) -> Array | None:
    """Return the elements in the tensor's shape, or None where they cannot be had.

    Types that numpy lacks come as float32, which holds bfloat16 and float8 exactly. The array
    may share memory with the tensor. Call it inside ``quiet()``.
    """
    dense = to_dense(tensor)
    if dense is None:
        return None
    try:
        dense = dense.cpu().resolve_conj().resolve_neg()
        if dense.dtype not in _NUMPY_HAS:
            dense = dense.to(torch.float32)
        return np.asarray(dense.numpy())
    except (RuntimeError, NotImplementedError, TypeError):
        return None
