"""Pictures in half blocks, or in shades where there are no colours."""

import numpy as np
import numpy.typing as npt
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from gradscope.tui.draw.palette import ColourMode, Palette, Tone

Pixels = npt.NDArray[np.uint8]

_CUBE = np.array([0, 95, 135, 175, 215, 255])


def display_range(images: npt.NDArray[np.generic]) -> tuple[float, float]:
    """Return the values that are drawn as black and as white.

    That is 0 to 255 for bytes and 0 to 1 for numbers inside it; other values, such as those of
    normalised pictures, go from their least to their greatest.
    """
    if images.dtype == np.uint8:
        return 0.0, 255.0
    finite = images[np.isfinite(images)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def to_pixels(image: npt.NDArray[np.generic], limits: tuple[float, float]) -> Pixels:
    """Return one picture ``(channels, height, width)`` as ``(height, width, 3)`` bytes.

    One channel is grey, three are red, green and blue; of other numbers the first is shown.
    Values that are not finite are black.
    """
    low, high = limits
    channels = image if image.shape[0] == 3 else np.repeat(image[:1], 3, axis=0)
    values = np.nan_to_num(channels.astype(np.float64), posinf=low, neginf=low, nan=low)
    shades = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(np.rint(shades * 255), dtype=np.uint8).transpose(1, 2, 0)


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return the picture in other dimensions: shrunk by averaging, enlarged by repetition."""
    shrunk = pixels.astype(np.float64)
    for axis, size in ((0, height), (1, width)):
        length = shrunk.shape[axis]
        if length > size:
            starts = np.arange(size) * length // size
            counts = np.diff(np.append(starts, length))
            shape = [1, 1, 1]
            shape[axis] = size
            shrunk = np.add.reduceat(shrunk, starts, axis=axis) / counts.reshape(shape)
        elif length < size:
            shrunk = np.take(shrunk, np.arange(size) * length // size, axis=axis)
    return np.asarray(np.rint(shrunk), dtype=np.uint8)


def draw_image(pixels: Pixels, palette: Palette) -> list[Strip]:
    """Return the picture ``(rows, columns, 3)``, two rows of pixels in one row of cells."""
    if len(pixels) % 2:
        pixels = np.concatenate([pixels, pixels[-1:]])
    if not palette.blends or palette.ascii:
        return _shades(pixels, palette)
    if palette.mode is ColourMode.EIGHT_BIT:
        nearest = np.abs(pixels[..., None].astype(np.int16) - _CUBE).argmin(axis=-1)
        pixels = _CUBE[nearest].astype(np.uint8)
    packed = pixels.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.int32)
    strips = []
    for upper, lower in zip(packed[0::2].tolist(), packed[1::2].tolist(), strict=True):
        segments = [
            Segment("▀", Style(color=f"#{above:06x}", bgcolor=f"#{below:06x}"))
            for above, below in zip(upper, lower, strict=True)
        ]
        strips.append(Strip(segments, len(segments)))
    return strips


def _shades(pixels: Pixels, palette: Palette) -> list[Strip]:
    """Return the picture as shades of the text colour, brighter or darker than the ground."""
    grey = (pixels @ np.array([0.299, 0.587, 0.114])) / 255
    cells = (grey[0::2] + grey[1::2]) / 2
    ramp = palette.glyph(" ░▒▓█", " .:-=+*#%@")
    amount = cells if palette.dark else 1 - cells
    steps = np.minimum((amount * len(ramp)).astype(int), len(ramp) - 1)
    style = palette.style(Tone.TEXT)
    return [
        Strip([Segment("".join(ramp[step] for step in line), style)], len(line))
        for line in steps.tolist()
    ]
