"""The tensors of an expression: read lazily, and not at all where a measurement answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Protocol, TypeAlias

import numpy as np

from gradscope.core import operations
from gradscope.core.commands import Slice
from gradscope.core.grammar import Scalar, unknown
from gradscope.core.operations import Number, OperationError, Value, shape_text
from gradscope.core.tensors import Measurement, TensorData
from gradscope.core.words import Role

ScalarValue: TypeAlias = float | str | None
Key: TypeAlias = Slice | slice | EllipsisType
"""One index along one dimension; a ``slice`` is one with a negative step."""


class Names(Protocol):
    """Where the values of an expression come from. Tensors are read when they are needed."""

    def scalar(self, name: Scalar) -> ScalarValue:
        """Return the value that ``name`` has now; None where it has none yet."""

    def known(self, role: Role) -> Sequence[str]:
        """Return the names that tensors of ``role`` have; empty where that is not known."""

    def measured(self, role: Role, name: str) -> Measurement | None:
        """Return what was measured of the tensor as it is now; None to have it read instead."""

    def tensor(self, role: Role, name: str, index: Sequence[Slice]) -> TensorData | None:
        """Return elements of the tensor; None if the tensor is None.

        Raises:
            LookupError: There is no such tensor or no such element; the message says why.
        """


@dataclass(frozen=True)
class Tensor:
    """A tensor, or a part of one, not read until its elements are needed."""

    role: Role
    name: str
    index: tuple[Slice, ...] = ()


Operand: TypeAlias = Value | Tensor


def look_up(names: Names, role: Role, words: Sequence[str]) -> Tensor:
    """Return the tensor that a call such as ``state("FQN", "momentum_buffer")`` names.

    Raises:
        OperationError: There is none of that name; those that exist are in the message.
    """
    name = ":".join(words)
    known = names.known(role)
    if known and name not in known:
        modules = role in (Role.ACTIVATION, Role.GRAD_OUTPUT)
        kind = "state" if role is Role.STATE else "module" if modules else "parameter"
        raise OperationError(unknown(kind, name, known))
    return Tensor(role, name)


class Reader:
    """Answers questions about operands from measurements where they are, else from elements."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def value(self, operand: Operand) -> Value:
        """Return the elements of a tensor, None if it is None; other operands as they are."""
        if not isinstance(operand, Tensor):
            return operand
        data = self._read(operand)
        if data is None:
            return None
        array = operations.to_float(data)
        return float(array) if array.ndim == 0 else array

    def is_none(self, operand: Operand) -> bool:
        """Tell whether an operand is None."""
        if not isinstance(operand, Tensor):
            return operand is None
        measured = self._measured(operand)
        return self._read(operand) is None if measured is None else measured.stats is None

    def reduce(self, name: str, operand: Operand) -> float:
        """Return the number that ``name`` makes of all elements, such as their ``norm``."""
        measured = self._measured(operand)
        if measured is not None and measured.stats is not None:
            known = operations.from_stats(name, measured.stats)
            if known is not None:
                return known
        return operations.reduce(name, number(self.value(operand)))

    def shape(self, operand: Operand) -> tuple[int, ...]:
        """Return the shape of an operand."""
        measured = self._measured(operand)
        if measured is not None and measured.stats is not None:
            return measured.stats.shape
        return np.shape(number(self.value(operand)))

    def pick(self, operand: Operand, keys: Sequence[Key]) -> Operand:
        """Return the part of an operand that ``keys`` name; of a whole tensor, unread."""
        plain = tuple(key for key in keys if isinstance(key, Slice))
        if isinstance(operand, Tensor) and not operand.index and len(plain) == len(keys):
            return Tensor(operand.role, operand.name, plain)
        value = self.value(operand)
        if isinstance(value, tuple):
            value = np.asarray(value, dtype=np.float64)
        array = np.asarray(number(value))
        try:
            picked = np.asarray(array[tuple(_numpy_key(key) for key in keys)])
        except IndexError:
            message = f"the index is outside of a tensor of {shape_text(array.shape)}"
            raise OperationError(message) from None
        return picked.item() if picked.ndim == 0 else picked

    def describe(self, operand: Operand) -> str:
        """Return what was measured: ``2.31``, ``None``, ``a 2×3 float32 tensor, norm 0.83``."""
        if not isinstance(operand, Tensor):
            return operations.describe(operand)
        measured = self._measured(operand)
        if measured is not None and measured.stats is not None:
            stats = measured.stats
            return _tensor_text(stats.shape, stats.dtype, stats.norm)
        data = None if measured is not None else self._read(operand)
        if data is None:
            return "None"
        array = operations.to_float(data)
        if array.ndim == 0:
            return operations.describe(float(array))
        return _tensor_text(data.shape, data.dtype, operations.reduce("norm", array))

    def _measured(self, operand: Operand) -> Measurement | None:
        if isinstance(operand, Tensor) and not operand.index:
            return self._names.measured(operand.role, operand.name)
        return None

    def _read(self, tensor: Tensor) -> TensorData | None:
        try:
            return self._names.tensor(tensor.role, tensor.name, tensor.index)
        except LookupError as error:
            message = str(error.args[0]) if error.args else f"{tensor.name} cannot be read"
            raise OperationError(message) from None


def number(value: Value) -> Number:
    """Return ``value`` if arithmetic can be done with it.

    Raises:
        OperationError: It is None, or text, or a shape.
    """
    if isinstance(value, (int, float, np.ndarray)):
        return value
    raise OperationError(f"{operations.describe(value)} is not a number")


def _numpy_key(key: Key) -> int | slice | EllipsisType:
    if not isinstance(key, Slice):
        return key
    if key.element and key.start is not None:
        return key.start
    return slice(key.start, key.stop, key.step)


def _tensor_text(shape: Sequence[int], dtype: str, norm: float) -> str:
    if len(shape) == 1:
        return f"a {dtype} tensor of {shape[0]}, norm {norm:.4g}"
    return f"a {shape_text(shape)} {dtype} tensor, norm {norm:.4g}"
