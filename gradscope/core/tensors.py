"""What was measured of one tensor: summary statistics, a histogram and a thumbnail."""

from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from gradscope.core.words import Role

FloatArray: TypeAlias = npt.NDArray[np.floating]

THUMBNAIL_SIDE = 64
"""A thumbnail has at most this many cells a side, so at most its square in all."""
HISTOGRAM_BINS = 64


class Histogram(msgspec.Struct, frozen=True, array_like=True):
    """Counts of the finite values in equal bins from ``low`` to ``high``, both included.

    ``packed`` holds ``HISTOGRAM_BINS`` little-endian 64-bit counts. Where all finite values are
    equal, ``low == high`` and every value counts in the first bin.
    """

    low: float
    high: float
    packed: bytes

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """The counts, shape ``(bins,)``."""
        return np.frombuffer(self.packed, dtype="<i8")


class Thumbnail(msgspec.Struct, frozen=True, array_like=True):
    """A tensor pooled for a heatmap, as float16 cells relative to ``scale``.

    Cells are laid out as ``core.layout.grid`` says. ``shape`` is ``(rows, columns)`` for a matrix
    or a vector (one row), and ``(kernels, height, width)`` where convolution kernels are kept as
    whole tiles; ``total`` is then the number of kernels in the tensor, of which the first
    ``kernels`` are here. A cell stands for ``block`` elements (rows by columns of the grid) and
    holds the one of largest magnitude, NaN before Inf before any number. ``block == (1, 1)``
    means that cells are elements.
    """

    shape: tuple[int, ...]
    block: tuple[int, int]
    total: int
    scale: float
    packed: bytes

    @property
    def cells(self) -> npt.NDArray[np.float32]:
        """The pooled values in the tensor's own unit, in the shape of ``shape``."""
        relative = np.frombuffer(self.packed, dtype="<f2").astype(np.float32)
        return (relative * np.float32(self.scale)).reshape(self.shape)


class Stats(msgspec.Struct, frozen=True, array_like=True):
    """Summary statistics of one tensor, over all its elements.

    As in torch, NaN and Inf propagate into ``norm`` (L2), ``mean``, ``std`` (of the population),
    ``min`` and ``max``; only ``histogram`` and ``thumbnail.scale`` leave them aside. What an
    empty tensor does not have is None, its norm is 0. Of a complex tensor all of them describe
    the magnitudes. ``zeros``, ``nans`` and ``infs`` are counts of elements. Where only norms
    were measured, every field after ``norm`` is None.
    """

    shape: tuple[int, ...]
    dtype: str
    norm: float
    mean: float | None = None
    std: float | None = None
    min: float | None = None
    max: float | None = None
    zeros: int | None = None
    nans: int | None = None
    infs: int | None = None
    histogram: Histogram | None = None
    thumbnail: Thumbnail | None = None

    @property
    def numel(self) -> int:
        """The number of elements."""
        count = 1
        for size in self.shape:
            count *= size
        return count


class Measurement(msgspec.Struct, frozen=True, array_like=True):
    """One tensor at one moment. ``stats`` is None where the tensor itself was None.

    ``name`` is a parameter's fqn, a module's fqn (activation, grad_output), or a parameter's fqn
    with the name of the state (``conv1.weight:momentum_buffer``).
    """

    role: Role
    name: str
    stats: Stats | None


class TensorData(msgspec.Struct, frozen=True):
    """Elements of one tensor. ``packed`` is little-endian, C-contiguous, of numpy type ``code``.

    ``dtype`` is torch's own name of the type; types that numpy lacks (bfloat16, float8) come as
    float32, which holds them exactly. ``shape`` is that of the slice, ``full_shape`` that of the
    whole tensor.
    """

    dtype: str
    code: str
    shape: tuple[int, ...]
    full_shape: tuple[int, ...]
    packed: bytes

    @property
    def array(self) -> npt.NDArray[np.generic]:
        """The elements as a read-only array.

        Raises:
            ValueError: The bytes do not fill the shape.
        """
        return np.frombuffer(self.packed, dtype=np.dtype(self.code)).reshape(self.shape)
