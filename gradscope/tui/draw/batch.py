"""The samples of a batch: a grid of pictures, or a table of rows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len
from textual.strip import Strip

from gradscope.core.numbers import format_number
from gradscope.tui.draw.image import display_range, draw_image, resize, to_pixels
from gradscope.tui.draw.palette import Palette, Tone
from gradscope.tui.draw.text import Part, beside, fit, row

Array = npt.NDArray[np.generic]

_LEAST_PICTURE = 16
"""Cells that a picture should be wide, to be recognised."""
_LARGEST_PICTURE = 32
"""Cells that a picture may be enlarged to."""
_ENOUGH = 6
"""Pictures to see at once before they are drawn smaller than they are."""
_NUMBER = 9


@dataclass(frozen=True)
class Grid:
    """How pictures are laid out: pixels of each as drawn, and columns and rows of them."""

    width: int
    height: int
    columns: int
    rows: int

    @property
    def count(self) -> int:
        """How many pictures fit."""
        return self.columns * self.rows


def picture_grid(shape: tuple[int, int], count: int, size: tuple[int, int], labels: int) -> Grid:
    """Return a grid for ``count`` pictures of ``shape`` rows by columns.

    Pictures are enlarged where all fit so, drawn pixel by pixel where some do, and shrunk down
    to what can still be recognised where hardly any do. ``labels`` is 1 if a line is kept below
    each.
    """
    high, wide = shape
    width, height = size
    widths = [wide * scale for scale in (4, 3, 2) if wide * scale <= _LARGEST_PICTURE]
    best: Grid | None = None
    for drawn_width in [*widths, *range(wide, 0, -2)]:
        scale = drawn_width / wide
        drawn_height = max(2, round(high * scale))
        if best is not None and drawn_width < _LEAST_PICTURE:
            break
        cells_high = -(-drawn_height // 2) + labels
        columns = (width + 1) // (drawn_width + 1)
        rows = (height + 1) // (cells_high + 1) or (1 if height >= cells_high else 0)
        if columns and rows and (best is None or columns * rows > best.count):
            best = Grid(drawn_width, drawn_height, columns, rows)
        if best is not None and best.count >= (count if scale > 1 else min(count, _ENOUGH)):
            break
    if best is not None:
        return best
    tall = max(2, min(high, 2 * (height - labels)))
    return Grid(max(1, min(wide, width)), tall, 1, 1)


def draw_pictures(
    images: Array, labels: list[str], grid: Grid, width: int, palette: Palette
) -> list[Strip]:
    """Return pictures ``(samples, channels, height, width)`` in a grid, labels beneath them."""
    limits = display_range(images)
    text = palette.style(Tone.TEXT)
    strips: list[Strip] = []
    for start in range(0, min(len(images), grid.count), grid.columns):
        chosen = range(start, min(start + grid.columns, len(images), grid.count))
        pictures = [
            draw_image(resize(to_pixels(images[number], limits), grid.width, grid.height), palette)
            for number in chosen
        ]
        if strips:
            strips.append(Strip.blank(width, text))
        lines = zip(*pictures, strict=True)
        strips.extend(beside(line, 1, text).adjust_cell_length(width, text) for line in lines)
        if labels:
            names = [fit(labels[number], grid.width, "centre") for number in chosen]
            strips.append(row(width, [(" ".join(names), palette.style(Tone.DIM))], text))
    return strips


def draw_rows(
    values: Array, labels: list[str], first: int, width: int, palette: Palette
) -> list[Strip]:
    """Return samples ``(samples, features)`` as a table, as many features as fit."""
    dim, text = palette.style(Tone.DIM), palette.style(Tone.TEXT)
    label_width = max((cell_len(label) for label in ["label", *labels]), default=0)
    room = width - 5 - (label_width + 2 if labels else 0)
    fits = max(1, room // _NUMBER)
    shown = values.shape[1] if values.shape[1] <= fits else max(1, (room - 2) // _NUMBER)
    more = palette.glyph(" …", " ~") if shown < values.shape[1] else ""
    head = "".join(fit(str(number), _NUMBER, "right") for number in range(shown))
    parts: list[Part] = [(fit("", 5) + head + more, dim)]
    if labels:
        parts.append((fit("", room - shown * _NUMBER - len(more)) + "  label", dim))
    strips = [row(width, parts, text)]
    for number, sample in enumerate(values):
        cells = "".join(fit(_number(value, palette), _NUMBER, "right") for value in sample[:shown])
        parts = [(fit(str(first + number), 4, "right") + " ", dim), (cells, text), (more, dim)]
        if labels:
            space = fit("", room - shown * _NUMBER - len(more) + 2)
            parts.append((space + labels[number], palette.style(Tone.HOT)))
        strips.append(row(width, parts, text))
    return strips


def _number(value: np.generic, palette: Palette) -> str:
    if np.issubdtype(value.dtype, np.floating):
        return format_number(float(value), ascii_only=palette.ascii)
    return str(value.item())


def label_texts(labels: Array | None) -> list[str]:
    """Return one text for each label: numbers as they are, of vectors their largest entry."""
    if labels is None:
        return []
    if labels.ndim > 1:
        labels = labels.reshape(len(labels), -1).argmax(axis=1)
    return [
        format_number(float(label))
        if np.issubdtype(label.dtype, np.floating)
        else str(label.item())
        for label in labels
    ]
