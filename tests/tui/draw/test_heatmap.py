from collections.abc import Callable, Sequence

import numpy as np
import pytest
from textual.strip import Strip

from gradscope.core.tensors import Thumbnail
from gradscope.tui.draw.cells import (
    Cells,
    difference,
    from_elements,
    from_thumbnail,
    stats_of,
)
from gradscope.tui.draw.colourmap import (
    EMPTY,
    FRAME,
    INFINITE,
    LEVELS,
    NOT_A_NUMBER,
    ZERO,
    colours,
    quantise,
    robust_scale,
)
from gradscope.tui.draw.columns import plan
from gradscope.tui.draw.heatmap import colour_bar, paint, pixel_rows
from gradscope.tui.draw.palette import Charset, ColourMode, Palette, Tone
from gradscope.tui.draw.plan import Cursor, pool

StyleMap = Callable[[Sequence[Strip]], list[list[tuple[str, str]]]]

NO_COLOUR = Palette(mode=ColourMode.NONE)
ASCII = Palette(mode=ColourMode.NONE, charset=Charset.ASCII)


def kernels(count: int, side: int = 2) -> Cells:
    values = np.arange(count * side * side, dtype=np.float32).reshape(count, side, side)
    return Cells(values - values.mean(), (count, 1, side, side), total=count, exact=True)


def test_levels_are_symmetric_around_zero() -> None:
    values = np.array([-2, -1, -0.01, 0, 0.01, 1, 2], dtype=np.float32)
    codes = quantise(values, 1.0).tolist()
    assert codes == [0, 0, 15, ZERO, 16, LEVELS - 1, LEVELS - 1]
    assert [LEVELS - 1 - code for code in reversed(codes[:3])] == codes[4:]


def test_what_is_not_finite_has_codes_of_its_own() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 0], dtype=np.float32)
    assert quantise(values, 0.0).tolist() == [NOT_A_NUMBER, INFINITE, INFINITE, ZERO]
    assert robust_scale(values) == 0
    assert robust_scale(np.array([np.nan, 3.0])) == 3


def test_scale_leaves_out_the_largest_two_percent() -> None:
    values = np.ones(1000)
    values[:10] = 1000
    assert robust_scale(values) == 1
    assert robust_scale(np.array([0.0] * 99 + [5.0])) == pytest.approx(5.0)


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("mode", [ColourMode.TRUE, ColourMode.EIGHT_BIT])
def test_sign_is_a_hue_and_nan_is_no_level(*, dark: bool, mode: ColourMode) -> None:
    names = colours(Palette(dark=dark, mode=mode), Tone.GRAD)
    assert len(names) == FRAME + 1
    most_negative, most_positive = names[2], names[LEVELS - 3]
    assert int(most_negative[5:], 16) > int(most_negative[1:3], 16)
    assert int(most_positive[5:], 16) < int(most_positive[1:3], 16)
    assert names[NOT_A_NUMBER] not in names[:LEVELS]
    assert names[INFINITE] not in names[:LEVELS]


def test_pooling_keeps_sign_and_prefers_nan() -> None:
    values = np.array([[1, -3, 2, 0], [0, 1, np.nan, 9]], dtype=np.float32)
    pooled = pool(values, 1, 2)
    assert pooled[0, 0] == -3
    assert np.isnan(pooled[0, 1])
    assert pool(np.array([[np.inf, 5], [-7, 1]], dtype=np.float32), 1, 1)[0, 0] == np.inf
    assert pool(values, 5, 5) is values


def test_kernels_without_colour() -> None:
    cells = kernels(4, side=2)
    drawn = plan(cells, 7, 7)
    codes = drawn.codes(cells, 8.0, Cursor(1))
    assert [strip.text for strip in paint(codes, NO_COLOUR, Tone.GRAD)] == [
        "   ┌──┐",
        " ≡≡│=−│",
        " ≡=│−·│",
        "   └──┘",
        " ·+ ▪█ ",
        " +▪ ██ ",
        "       ",
    ]
    assert [strip.text for strip in paint(codes, ASCII, Tone.GRAD)] == [
        "   +--+",
        " ~~|=-|",
        " ~=|-.|",
        "   +--+",
        " .+ *# ",
        " +* ## ",
        "       ",
    ]


def test_half_blocks_carry_two_cells(style_map: StyleMap) -> None:
    codes = np.array([[0, 0], [0, 31], [EMPTY, NOT_A_NUMBER], [EMPTY, NOT_A_NUMBER]], np.int16)
    palette = Palette()
    names = colours(palette, Tone.GRAD)
    strips = paint(codes, palette, Tone.GRAD)
    assert [strip.text for strip in strips] == [" ▀", " ×"]
    assert style_map(strips)[0][1] == ("▀", names[0])
    grounds = [style.bgcolor.name for _, style, _ in strips[0] if style and style.bgcolor]
    assert grounds == [names[0], names[31]]


def test_16_colours_tell_sign_by_hue_and_size_by_shade(style_map: StyleMap) -> None:
    codes = np.array([[0, 10, 15, 16, 21, 31, NOT_A_NUMBER, INFINITE]], np.int16)
    strips = paint(codes, Palette(mode=ColourMode.ANSI), Tone.GRAD)
    assert style_map(strips)[0] == [
        ("█▒░", "bright_blue"),
        ("░▒█", "bright_red"),
        ("×", "bright_yellow"),
        ("∞", "bright_magenta"),
    ]


def test_ascii_with_colours_draws_no_blocks() -> None:
    palette = Palette(charset=Charset.ASCII)
    assert pixel_rows(palette) == 1
    strips = paint(np.array([[0, 31, NOT_A_NUMBER, INFINITE]], np.int16), palette, Tone.GRAD)
    assert strips[0].text == "~#NI"


def test_colour_bar_prints_its_scale() -> None:
    assert colour_bar(24, 0.1028, NO_COLOUR).text == "− ≡≡=−−··++▪██ + ±0.1028"
    assert colour_bar(24, 5e-4, Palette()).text.endswith(" + ±5.0e−4")
    assert colour_bar(24, 0.5, ASCII).text.isascii()


def test_matrix_is_pooled_to_the_pane_and_its_cursor_ringed() -> None:
    cells = from_elements(np.eye(10, dtype=np.float32))
    drawn = plan(cells, 7, 7)
    codes = drawn.codes(cells, 1.0, Cursor(0, 9, 9))
    assert [strip.text for strip in paint(codes, NO_COLOUR, Tone.GRAD)] == [
        "       ",
        " █···· ",
        " ·█··· ",
        " ··█·· ",
        " ···┌─┐",
        " ···│█│",
        "    └─┘",
    ]
    rows, columns = drawn.span(Cursor(0, 9, 9))
    assert (rows, columns) == (slice(8, 10), slice(8, 10))


def test_index_of_kernels_matrices_and_vectors() -> None:
    conv = from_elements(np.zeros((4, 3, 2, 2), np.float32))
    assert conv.values.shape == (12, 2, 2)
    assert conv.index(7, 1, 0) == (2, 1, 1, 0)
    assert conv.kernel_axes == 2
    matrix = from_elements(np.zeros((4, 6), np.float32))
    assert matrix.index(0, 2, 5) == (2, 5)
    assert matrix.kernel_axes is None
    vector = from_elements(np.zeros(5, np.float32))
    assert vector.index(3, 0, 0) == (3,)
    scalar = from_elements(np.array(2.0))
    assert scalar.index(0, 0, 0) == ()
    pooled = Cells(np.zeros((2, 3), np.float32), (10, 30), (5, 10))
    assert pooled.index(0, 1, 2) == (5, 20)


def test_thumbnail_comes_back_in_the_unit_of_the_tensor() -> None:
    packed = np.array([0.5, -1.0, 0.25], dtype="<f2").tobytes()
    cells = from_thumbnail(Thumbnail((1, 3), (1, 1), 0, 4.0, packed), (3,))
    assert cells.values.reshape(-1).tolist() == [2.0, -4.0, 1.0]
    assert cells.tiled
    assert not cells.kernels
    assert not cells.exact


def test_elements_of_every_kind_become_cells() -> None:
    assert from_elements(np.array([True, False])).values.reshape(-1).tolist() == [1, 0]
    assert from_elements(np.array([3 + 4j])).values.reshape(-1).tolist() == [5]
    assert from_elements(np.zeros((0, 4))).values.shape == (0, 4)
    assert from_elements(np.zeros((2, 3, 4))).values.shape == (6, 4)


def test_difference_needs_every_element() -> None:
    before, after = from_elements(np.ones((2, 2))), from_elements(np.full((2, 2), 3.0))
    change = difference(after, before)
    assert change is not None
    assert change.values.tolist() == [[2, 2], [2, 2]]
    assert change.exact
    pooled = Cells(np.zeros((2, 2), np.float32), (4, 4), (2, 2))
    assert difference(pooled, pooled) is None
    assert difference(after, pooled) is None


def test_statistics_of_cells_by_hand() -> None:
    stats = stats_of(from_elements(np.array([[3.0, -4.0], [0.0, 1.0]])))
    assert stats is not None
    assert stats.norm == pytest.approx(26**0.5)
    assert (stats.mean, stats.min, stats.max, stats.zeros) == (0.0, -4.0, 3.0, 1)
    assert stats.histogram is not None
    assert stats.histogram.counts.sum() == 4
    same = stats_of(from_elements(np.full(3, 2.0)))
    assert same is not None
    assert same.histogram is not None
    assert same.histogram.counts[0] == 3
    assert stats_of(Cells(np.zeros((2, 2), np.float32), (4, 4), (2, 2))) is None
