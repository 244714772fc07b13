"""A short history in one row of eighth blocks."""

import numpy as np
import numpy.typing as npt

_RAMP = "▁▂▃▄▅▆▇█"
_ASCII = "_.-=^"


def sparkline(values: npt.NDArray[np.floating], width: int, *, ascii_only: bool = False) -> str:
    """Return the newest of ``values`` as ``width`` characters, on a logarithmic scale.

    Each character is the mean of its share of the values. Values that are not finite or not
    positive leave a gap; fewer values than ``width`` stand at the right.
    """
    if len(values) == 0 or width < 1:
        return " " * max(width, 0)
    count = min(width, len(values))
    starts = np.arange(count) * len(values) // count
    sizes = np.diff(np.append(starts, len(values)))
    with np.errstate(all="ignore"):
        heights = np.log10(np.add.reduceat(values.astype(np.float64), starts) / sizes)
    shown = np.isfinite(heights)
    if not shown.any():
        return " " * width
    ramp = _ASCII if ascii_only else _RAMP
    low, high = heights[shown].min(), heights[shown].max()
    # Less than a doubling is drawn as less than the full height.
    share = (heights - low) / max(high - low, np.log10(2))
    steps = np.nan_to_num(share * (len(ramp) - 1), posinf=0, neginf=0).round().astype(int)
    text = "".join(ramp[step] if ok else " " for step, ok in zip(steps, shown, strict=True))
    return text.rjust(width)
