"""How the elements of a tensor of any shape are laid out in two dimensions, for a heatmap."""

import math

from gradscope.core.tensors import THUMBNAIL_SIDE


def is_vector(shape: tuple[int, ...]) -> bool:
    """Tell whether all elements lie along one dimension, as those of a scalar do, too."""
    return math.prod(shape) == max(shape, default=1)


def grid(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that a tensor is drawn in, its elements staying in order.

    - ``(tiles, height, width)``: the last two dimensions of four or more are convolution
      kernels, drawn whole, unless one has more cells than a thumbnail.
    - ``(1, length)``: all elements lie along one dimension.
    - ``(rows, columns)``: anything else is cut into leading dimensions, which are rows, and
      the others, where that gives the matrix most like a square. A matrix stays itself; the
      weight ``(out, in, k)`` of a Conv1d has a row for each output channel.
    """
    if is_vector(shape):
        return (1, math.prod(shape))
    if len(shape) >= 4 and 1 < math.prod(shape[-2:]) <= THUMBNAIL_SIDE**2:
        return (math.prod(shape[:-2]), *shape[-2:])
    cuts = [(math.prod(shape[:cut]), math.prod(shape[cut:])) for cut in range(1, len(shape))]
    return min(cuts, key=lambda sides: max(sides) / max(min(sides), 1))
