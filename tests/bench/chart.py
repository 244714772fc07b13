"""How long a frame of the loss chart takes, at 100,000 points and one more in each frame."""

import statistics
import time

import numpy as np

from gradscope.tui.draw.chart import Curve, Window, draw_chart
from gradscope.tui.draw.envelope import MovingAverage
from gradscope.tui.draw.palette import Palette

POINTS, FRAMES = 100_000, 100


def main() -> None:
    """Draw frames of three sizes, plain and logarithmic, and print the times."""
    random = np.random.default_rng(0)
    iterations = np.arange(1, POINTS + FRAMES + 1, dtype=np.float64)
    values = 2.3 * np.exp(-iterations / 30_000) + 0.1 * random.standard_normal(iterations.size)
    values[::997] = np.nan
    for size in ((40, 12), (120, 30), (200, 50)):
        for log in (False, True):
            milliseconds = frames(iterations, values, size, Window(log=log))
            deciles = statistics.quantiles(milliseconds, n=20)
            print(
                f"{size[0]:3}x{size[1]} {'log   ' if log else 'linear'}  "
                f"p50 {deciles[9]:.1f} ms  p95 {deciles[18]:.1f} ms"
            )


def frames(
    iterations: np.ndarray, values: np.ndarray, size: tuple[int, int], window: Window
) -> list[float]:
    """Return the milliseconds that each frame took."""
    average = MovingAverage()
    average.of(values[:POINTS])
    taken = []
    for count in range(POINTS, POINTS + FRAMES):
        begin = time.perf_counter()
        shown = values[:count]
        curve = Curve(iterations[:count], shown, average.of(shown))
        draw_chart(curve, window, size, Palette())
        taken.append((time.perf_counter() - begin) * 1e3)
    return taken


if __name__ == "__main__":
    main()
