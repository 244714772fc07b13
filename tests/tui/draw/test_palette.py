import itertools

import pytest
from rich.color import Color
from textual.theme import Theme

from gradscope.core.words import Phase, Role
from gradscope.tui.draw.palette import (
    Charset,
    ColourMode,
    Palette,
    Tone,
    detect_charset,
    detect_mode,
    tone_of,
)
from gradscope.tui.draw.themes import theme, theme_variables

PALETTES = [
    Palette(dark=dark, mode=mode, charset=charset)
    for dark, mode, charset in itertools.product((True, False), ColourMode, Charset)
]


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("mode", [ColourMode.TRUE, ColourMode.EIGHT_BIT])
@pytest.mark.parametrize(
    "tone",
    [Tone.TEXT, Tone.DIM, Tone.WEIGHT, Tone.GRAD, Tone.UPDATE, Tone.LOSS, Tone.WARN, Tone.ERROR],
)
def test_text_can_be_read(*, dark: bool, mode: ColourMode, tone: Tone) -> None:
    palette = Palette(dark=dark, mode=mode)
    assert contrast(palette.name(tone), palette.name(Tone.GROUND)) >= 4.4


@pytest.mark.parametrize("palette", PALETTES)
def test_every_tone_has_a_style_in_every_palette(palette: Palette) -> None:
    for tone in Tone:
        style = palette.style(tone)
        assert style.color is not None
        if palette.mode is ColourMode.NONE:
            assert style.color.is_default
        if palette.mode is ColourMode.ANSI:
            assert style.color.number is None or style.color.number < 16


def test_256_colours_survive_rounding_to_the_cube() -> None:
    palette = Palette(mode=ColourMode.EIGHT_BIT)
    for tone in (Tone.WEIGHT, Tone.GRAD, Tone.UPDATE, Tone.LOSS, Tone.WARN):
        from rich.color import ColorSystem

        exact = Color.parse(palette.name(tone))
        rounded = exact.downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
        assert rounded == exact.triplet


@pytest.mark.parametrize("palette", PALETTES)
def test_themes_parse(palette: Palette) -> None:
    made = theme(palette)
    assert isinstance(made, Theme)
    assert made.ansi is not palette.blends
    made.to_color_system().generate()


def test_style_sheet_variables_cover_all_tones() -> None:
    variables = theme_variables(Palette())
    missing = [tone for tone in Tone if tone.value not in variables]
    assert missing == [Tone.PANEL, Tone.TEXT, Tone.ERROR]


def test_phases_take_the_tone_of_what_they_write() -> None:
    assert tone_of(Phase.BACKWARD) is tone_of(Role.GRAD) is Tone.GRAD
    assert tone_of(Phase.STEP) is tone_of(Role.UPDATE) is Tone.UPDATE
    assert tone_of(Phase.LOSS) is Tone.LOSS
    assert tone_of(None) is Tone.TEXT
    assert {tone_of(phase) for phase in Phase} <= set(Tone)


@pytest.mark.parametrize(
    ("environ", "charset"),
    [
        ({}, Charset.UNICODE),
        ({"LANG": "en_US.UTF-8"}, Charset.UNICODE),
        ({"LANG": "de_DE.utf8"}, Charset.UNICODE),
        ({"LANG": "C"}, Charset.ASCII),
        ({"LANG": "en_US.ISO-8859-1"}, Charset.ASCII),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, Charset.ASCII),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, Charset.ASCII),
        ({"LC_ALL": "C.UTF-8"}, Charset.UNICODE),
    ],
)
def test_charset_is_what_the_locale_can_show(environ: dict[str, str], charset: Charset) -> None:
    assert detect_charset(environ) is charset


@pytest.mark.parametrize(
    ("system", "no_color", "mode"),
    [
        ("truecolor", False, ColourMode.TRUE),
        ("256", False, ColourMode.EIGHT_BIT),
        ("standard", False, ColourMode.ANSI),
        (None, False, ColourMode.NONE),
        ("truecolor", True, ColourMode.NONE),
    ],
)
def test_mode_is_what_the_terminal_can_show(
    *, system: str | None, no_color: bool, mode: ColourMode
) -> None:
    assert detect_mode(system, no_color=no_color) is mode
