import numpy as np
import pytest

from gradscope.tui.draw.batch import (
    draw_pictures,
    draw_rows,
    label_texts,
    picture_grid,
)
from gradscope.tui.draw.image import display_range, draw_image, resize, to_pixels
from gradscope.tui.draw.palette import Charset, ColourMode, Palette

ASCII = Palette(mode=ColourMode.NONE, charset=Charset.ASCII)


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        (np.array([3, 200], np.uint8), (0, 255)),
        (np.array([0.2, 0.9], np.float32), (0, 1)),
        (np.array([-1.5, 2.5, np.nan]), (-1.5, 2.5)),
        (np.array([7.0, 7.0]), (6.5, 7.5)),
        (np.array([np.nan]), (0, 1)),
    ],
)
def test_range_is_that_of_bytes_of_shares_or_of_the_values(
    values: np.ndarray[tuple[int], np.dtype[np.generic]], limits: tuple[float, float]
) -> None:
    assert display_range(values) == limits


def test_channels_become_colours() -> None:
    red = np.zeros((3, 2, 2), np.float32)
    red[0] = 1
    assert to_pixels(red, (0, 1))[0, 0].tolist() == [255, 0, 0]
    grey = np.full((1, 1, 2), 0.5)
    grey[0, 0, 1] = np.nan
    assert to_pixels(grey, (0, 1)).tolist() == [[[128] * 3, [0] * 3]]


def test_shrinking_averages_and_enlarging_repeats() -> None:
    pixels = np.array([[[0] * 3, [100] * 3], [[100] * 3, [200] * 3]], np.uint8)
    assert resize(pixels, 1, 1).tolist() == [[[100] * 3]]
    assert resize(pixels, 4, 2)[0, :, 0].tolist() == [0, 0, 100, 100]


def test_half_blocks_hold_two_rows() -> None:
    pixels = np.array([[[255, 0, 0]], [[0, 0, 255]], [[1, 2, 3]]], np.uint8)
    strips = draw_image(pixels, Palette())
    assert [strip.text for strip in strips] == ["▀", "▀"]
    (_, style, _) = next(iter(strips[0]))
    assert style is not None
    assert style.color is not None
    assert style.bgcolor is not None
    assert (style.color.name, style.bgcolor.name) == ("#ff0000", "#0000ff")


def test_shades_without_colours() -> None:
    pixels = np.array([[[0] * 3, [128] * 3, [255] * 3]], np.uint8)
    assert draw_image(pixels, Palette(mode=ColourMode.NONE))[0].text == " ▒█"
    assert draw_image(pixels, Palette(dark=False, mode=ColourMode.ANSI))[0].text == "█▒ "
    assert draw_image(pixels, ASCII)[0].text == " +@"


def test_grid_prefers_whole_pictures() -> None:
    large = picture_grid((32, 32), 16, (120, 60), 1)
    assert (large.width, large.height, large.columns, large.rows) == (32, 32, 3, 3)
    small = picture_grid((32, 32), 16, (38, 11), 1)
    assert (small.width, small.columns, small.rows) == (18, 2, 1)
    digits = picture_grid((8, 8), 4, (120, 30), 0)
    assert (digits.width, digits.columns, digits.rows) == (24, 4, 2)
    tiny = picture_grid((32, 32), 16, (3, 1), 1)
    assert tiny.count == 1


def test_pictures_stand_over_their_labels() -> None:
    images = np.stack([np.zeros((1, 16, 16)), np.ones((1, 16, 16))])
    grid = picture_grid((16, 16), 2, (33, 9), 1)
    strips = draw_pictures(images, ["cat", "dog"], grid, 33, ASCII)
    assert len(strips) == 9
    assert strips[0].text == " " * 17 + "@" * 16
    assert strips[-1].text.split() == ["cat", "dog"]


def test_rows_become_a_table() -> None:
    values = np.array([[1.5, -2.0, 0.25], [0.0, 100.0, 3.0]])
    strips = draw_rows(values, ["7", "0"], 0, 42, Palette())
    assert [strip.text.split() for strip in strips] == [
        ["0", "1", "2", "label"],
        ["0", "1.5000", "−2.0000", "0.2500", "7"],
        ["1", "0", "100.0", "3.0000", "0"],
    ]
    narrow = draw_rows(values, [], 0, 20, ASCII)
    assert narrow[0].text.rstrip() == "             0 ~"


def test_labels_as_text() -> None:
    assert label_texts(np.array([3, 7])) == ["3", "7"]
    assert label_texts(np.array([[0.1, 0.9], [1.0, 0.0]])) == ["1", "0"]
    assert label_texts(np.array([0.5])) == ["0.5000"]
    assert label_texts(np.array([True])) == ["True"]
    assert label_texts(None) == []
