"""How the rows of a tensor's column are shared out."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """How the rows of a column are shared out: heatmap, histogram, numbers, kernel table."""

    heat: int
    bar: int
    histogram: int
    stats: int
    value: int
    table: int
    spaced: bool

    @classmethod
    def for_height(cls, height: int, kernel: tuple[int, int], width: int) -> "Budget":
        """Share out ``height`` rows; what matters least goes first where they are few."""
        rest = height - 2
        spaced = height >= 24
        fits = kernel[0] <= 7 and kernel != (1, 1) and width // max(kernel[1], 1) >= 7
        table = kernel[0] if height >= 22 + kernel[0] and fits else 0
        histogram = 4 if height >= 24 else 3 if height >= 20 else 2 if height >= 14 else 0
        value = 1 if rest >= 3 else 0
        stats = 2 if height >= 9 else 0
        bar = 1 if rest >= 5 else 0
        axis = 1 if histogram else 0
        gaps = (1 if spaced else 0) + (1 if table else 0)
        heat = max(0, rest - value - stats - bar - histogram - axis - table - gaps)
        return cls(heat, bar, histogram, stats, value, table, spaced)
