"""Round numbers for axes."""

import math
from itertools import pairwise

from gradscope.core.numbers import MINUS, format_number


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most ``most`` round numbers (1, 2 or 5 times a power of ten) in a range."""
    if not high > low or most < 1:
        return [low]
    step = _step((high - low) / most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first + 1 > most:
        step = _step(step * 1.01)
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers in a range of logarithms, as logarithms to the base of ten."""
    whole = [float(power) for power in range(math.ceil(low), math.floor(high) + 1)]
    if len(whole) > most:
        every = math.ceil(len(whole) / most)
        return [power for power in whole if power % every == 0]
    if len(whole) >= 2:
        return whole
    factors = (1, 2, 5) if high - low > 0.5 else (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
    finer = [
        power + math.log10(factor)
        for power in range(math.floor(low), math.ceil(high) + 1)
        for factor in factors
    ]
    inside = [tick for tick in finer if low <= tick <= high]
    return inside if len(inside) <= most else inside[:: math.ceil(len(inside) / most)]


def tick_labels(ticks: list[float], *, ascii_only: bool = False) -> list[str]:
    """Return the ticks as text with just the decimals that tell them apart."""
    sizes = [abs(tick) for tick in ticks if tick]
    if not sizes:
        return ["0"] * len(ticks)
    if max(sizes) >= 1e6 or max(sizes) < 1e-3:
        return [format_number(tick, ascii_only=ascii_only) for tick in ticks]
    gaps = [abs(b - a) for a, b in pairwise(ticks)] or sizes
    decimals = max(0, -math.floor(math.log10(min(gaps)) + 1e-9))
    minus = "-" if ascii_only else MINUS
    return [f"{tick + 0.0:.{decimals}f}".replace("-", minus) for tick in ticks]


def log_labels(ticks: list[float], *, ascii_only: bool = False) -> list[str]:
    """Return logarithmic ticks as the numbers that they stand for."""
    minus = "-" if ascii_only else MINUS
    return [f"{10**tick:.3g}".replace("e-0", "e-").replace("-", minus) for tick in ticks]
