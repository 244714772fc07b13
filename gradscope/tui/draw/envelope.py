"""What a curve of any length covers in each column of a chart, exactly."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def envelope(x: Floats, y: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Return the least and greatest value of a line in each column between two ``edges``.

    The line joins neighbouring points and breaks at values that are not finite; ``x`` rises.
    Returns two arrays of one value a column, NaN where the line does not pass.
    """
    columns = len(edges) - 1
    low, high = np.full(columns, np.nan), np.full(columns, np.nan)
    if len(x) == 0:
        return low, high
    starts = np.searchsorted(x, edges, side="left")
    starts[-1] = np.searchsorted(x, edges[-1], side="right")
    filled = np.flatnonzero(np.diff(starts))
    if filled.size:
        inside = y[: starts[-1]]
        finite = np.where(np.isfinite(inside), inside, np.nan)
        low[filled] = np.fmin.reduceat(finite, starts[filled])
        high[filled] = np.fmax.reduceat(finite, starts[filled])
    crossing = _at(x, y, edges)
    low = np.fmin(low, np.fmin(crossing[:-1], crossing[1:]))
    high = np.fmax(high, np.fmax(crossing[:-1], crossing[1:]))
    return low, high


def _at(x: Floats, y: Floats, places: Floats) -> Floats:
    """Return the height of the line at ``places``, NaN off its ends and where it is broken."""
    after = np.clip(np.searchsorted(x, places, side="right"), 1, max(len(x) - 1, 1))
    if len(x) == 1:
        return np.where(places == x[0], y[0], np.nan)
    left, right = x[after - 1], x[after]
    share = (places - left) / (right - left)
    with np.errstate(invalid="ignore"):
        height = y[after - 1] * (1 - share) + y[after] * share
    # A point itself is there even where the line to the next is broken.
    height = np.where(share == 0, y[after - 1], np.where(share == 1, y[after], height))
    return np.where((places >= x[0]) & (places <= x[-1]) & np.isfinite(height), height, np.nan)


def broken(x: Floats, y: Floats, edges: Floats) -> npt.NDArray[np.bool_]:
    """Tell for each column between two ``edges`` whether a value in it is not finite."""
    places = x[~np.isfinite(y)]
    counts, _ = np.histogram(places, bins=edges)
    return counts > 0


class MovingAverage:
    """An exponential moving average that grows with its series, without its early bias.

    Values that are not finite leave the average where it was.
    """

    def __init__(self, keep: float = 0.9) -> None:
        self._keep = keep
        self._values: Floats = np.empty(0)
        self._source: Floats = np.empty(0)
        self._sum = 0.0
        self._weight = 0.0

    def of(self, values: Floats) -> Floats:
        """Return the average at each value; only what is new since the last call is worked out."""
        known = len(self._source)
        if known > len(values) or not _same_end(self._source, values):
            self._values, self._sum, self._weight, known = np.empty(0), 0.0, 0.0, 0
        if known < len(values):
            self._values = np.concatenate([self._values, self._extend(values[known:].tolist())])
        self._source = values
        return self._values

    def _extend(self, values: list[float]) -> list[float]:
        keep, total, weight = self._keep, self._sum, self._weight
        averages = []
        for value in values:
            if value - value == 0:
                total = keep * total + (1 - keep) * value
                weight = keep * weight + (1 - keep)
            averages.append(total / weight if weight else np.nan)
        self._sum, self._weight = total, weight
        return averages


def _same_end(known: Floats, values: Floats) -> bool:
    """Tell whether ``values`` begins with ``known``, as far as its ends can tell."""
    if len(known) == 0:
        return True
    return all(
        np.array_equal(known[place], values[place], equal_nan=True)
        for place in (0, len(known) // 2, len(known) - 1)
    )
