"""A curve as lines of text."""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_BOX = str.maketrans(
    dict.fromkeys("┤├│", "|") | dict.fromkeys("─", "-") | dict.fromkeys("┌┐└┘┬┴┼", "+")
)


def draw_curve(
    name: str,
    iterations: Sequence[float] | npt.NDArray[np.float64],
    values: Sequence[float] | npt.NDArray[np.float64],
    *,
    width: int = 78,
    height: int = 18,
) -> str:
    """Return a chart of ``values`` over ``iterations`` in ASCII, both axes labelled.

    Values that are not finite have no place on it and are left out. Many points are thinned
    to the lowest and highest of each column. '' where nothing can be drawn.
    """
    places = np.asarray(iterations, dtype=np.float64)
    heights = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(heights)
    places, heights = _thin(places[finite], heights[finite], 2 * width)
    if not heights.size:
        return ""
    # Slow to import, and wanted only by those who ask for a curve.
    import plotext

    plotext.clear_figure()
    plotext.limit_size(False, False)  # noqa: FBT003  # its own interface
    plotext.plot_size(max(width, 20), max(height, 8))
    plotext.theme("clear")
    plotext.plot(places.tolist(), heights.tolist(), marker="*")
    ticks = np.unique(np.linspace(places[0], places[-1], 5).round().astype(int)).tolist()
    plotext.xticks(ticks, [str(tick) for tick in ticks])
    plotext.title(name)
    plotext.xlabel("iteration")
    drawn: str = plotext.uncolorize(plotext.build())
    plotext.clear_figure()
    return "\n".join(line.rstrip() for line in drawn.translate(_BOX).splitlines())


def _thin(
    places: npt.NDArray[np.float64], heights: npt.NDArray[np.float64], columns: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return at most about ``2 * columns`` points that draw the same picture."""
    if heights.size <= 2 * columns:
        return places, heights
    edges = np.linspace(0, heights.size, columns + 1).astype(int)
    kept: set[int] = {0, heights.size - 1}
    for start, stop in itertools.pairwise(edges):
        part = heights[start:stop]
        kept |= {int(start + part.argmin()), int(start + part.argmax())}
    chosen = np.array(sorted(kept))
    return places[chosen], heights[chosen]
