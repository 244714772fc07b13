"""One scalar over all iterations."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Series:
    """Values by iteration, shapes ``(n,)`` each, iterations rising; NaN and Inf are kept."""

    iterations: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
