"""Numbers as colours or signs: diverging, centred on zero, in 32 levels."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gradscope.tui.draw.palette import ColourMode, Palette, Tone

Codes: TypeAlias = npt.NDArray[np.int16]
"""What each cell of a heatmap shows: a level from 0 (most negative), or one of the codes below."""

LEVELS = 32
ZERO = LEVELS
NOT_A_NUMBER = LEVELS + 1
INFINITE = LEVELS + 2
EMPTY = LEVELS + 3
"""No cell here: the ground shows."""
FRAME = LEVELS + 4
"""The frame around the cursor cell."""

# The maps berlin (dark at zero) and vik (light at zero) of the Scientific colour maps by
# Fabio Crameri, https://doi.org/10.5281/zenodo.1243862, MIT licence: stops at equal distances.
_BERLIN = (
    *("#9eb0ff", "#76aaec", "#519fd3", "#3a84ad", "#286886", "#1e4c62", "#14303e", "#121a20"),
    "#101215",
    *("#23100d", "#411201", "#5f210c", "#7d341e", "#9d5042", "#be6f63", "#de8d87", "#ffadad"),
)
_VIK = (
    *("#001261", "#034481", "#307da6", "#94bed2"),
    "#f4f2f0",
    *("#dbaa8d", "#c27041", "#912d06", "#590008"),
)

# By hand from the colour cube of 256-colour terminals: automatic rounding loses the hue.
_CUBE_DARK = (
    ("#1c1c1c", "#00005f", "#005f87", "#0087af", "#5fafff", "#87afff", "#afd7ff"),
    ("#1c1c1c", "#5f0000", "#870000", "#af5f5f", "#ff5f5f", "#ff8787", "#ffafaf"),
)
_CUBE_LIGHT = (
    ("#eeeeee", "#afd7ff", "#87afd7", "#5f87d7", "#005faf", "#005f87", "#00005f"),
    ("#eeeeee", "#ffd7af", "#ffaf87", "#d7875f", "#d75f00", "#af0000", "#5f0000"),
)

_GAMMA = 0.75
"""Lifts small values out of the middle of the map, where they could not be told apart."""


def robust_scale(values: npt.NDArray[np.floating]) -> float:
    """Return the magnitude that 98 % of the finite values do not exceed; 0 where all are 0."""
    sizes = np.abs(values[np.isfinite(values)])
    if sizes.size == 0:
        return 0.0
    scale = float(np.quantile(sizes, 0.98))
    return scale if scale > 0 else float(sizes.max())


def quantise(values: npt.NDArray[np.floating], scale: float) -> Codes:
    """Return the code of each value, ``±scale`` being the outermost levels."""
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        relative = np.clip(values / scale, -1, 1) if scale > 0 else np.sign(values)
        lifted = np.sign(relative) * np.abs(relative) ** _GAMMA
        levels = np.floor((np.nan_to_num(lifted) + 1) * (LEVELS / 2))
    codes: Codes = np.clip(levels, 0, LEVELS - 1).astype(np.int16)
    codes[values == 0] = ZERO
    codes[np.isnan(values)] = NOT_A_NUMBER
    codes[np.isinf(values)] = INFINITE
    return codes


@lru_cache(32)
def colours(palette: Palette, frame: Tone) -> tuple[str, ...]:
    """Return the colour of every code, for a palette that blends; frames are in ``frame``."""
    if palette.mode is ColourMode.TRUE:
        stops = _BERLIN if palette.dark else _VIK
        levels = [_between(stops, (level + 0.5) / LEVELS) for level in range(LEVELS)]
        zero = _between(stops, 0.5)
    else:
        negative, positive = _CUBE_DARK if palette.dark else _CUBE_LIGHT
        steps = [round(size * 6 / 15) for size in range(16)]
        levels = [negative[step] for step in reversed(steps)] + [positive[step] for step in steps]
        zero = palette.name(Tone.PANEL)
    return (
        *levels,
        zero,
        palette.name(Tone.NAN),
        palette.name(Tone.INF),
        palette.name(Tone.GROUND),
        palette.mix(frame, 0.25),
    )


def _between(stops: Sequence[str], position: float) -> str:
    """Return the colour at ``position`` from 0 to 1 along equally spaced stops."""
    places = np.linspace(0, 1, len(stops))
    channels = (
        np.interp(position, places, [int(stop[start : start + 2], 16) for stop in stops])
        for start in (1, 3, 5)
    )
    return "#" + "".join(f"{round(channel):02x}" for channel in channels)


def is_bright(colour: str) -> bool:
    """Tell whether dark text reads better on ``#rrggbb`` than light text."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue > 140


@lru_cache(16)
def glyphs(palette: Palette) -> str:
    """Return the sign of every code, for a palette that does not blend.

    In 16 colours the hue tells the sign and the shade the size; without colours the glyph tells
    both.
    """
    if palette.mode is ColourMode.ANSI:
        negative = positive = palette.glyph("░▒▓█", ".+*#")
    else:
        negative = palette.glyph("·−=≡", ".-=~")
        positive = palette.glyph("·+▪█", ".+*#")
    sizes = [size // 4 for size in range(16)]
    return (
        "".join(negative[size] for size in reversed(sizes))
        + "".join(positive[size] for size in sizes)
        + palette.glyph("·", ".")
        + palette.glyph("×∞ ", "NI ")
        + palette.glyph("▫", "o")
    )


def tone_of_code(code: int) -> Tone:
    """Return the tone of a code's glyph where the terminal has 16 colours or none."""
    if code == NOT_A_NUMBER:
        return Tone.NAN
    if code == INFINITE:
        return Tone.INF
    if code >= LEVELS:
        return Tone.DIM
    return Tone.ERROR if code >= LEVELS // 2 else Tone.WEIGHT
