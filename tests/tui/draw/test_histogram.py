import numpy as np
import pytest

from gradscope.core.tensors import HISTOGRAM_BINS, Histogram
from gradscope.tui.draw.histogram import draw_histogram, rebin
from gradscope.tui.draw.palette import Charset, ColourMode, Palette, Tone
from gradscope.tui.draw.spark import sparkline


def histogram(low: float, high: float, counts: dict[int, int]) -> Histogram:
    packed = np.zeros(HISTOGRAM_BINS, dtype="<i8")
    for place, count in counts.items():
        packed[place] = count
    return Histogram(low, high, packed.tobytes())


def test_rebinning_is_symmetric_around_zero_and_loses_nothing() -> None:
    counts = rebin(histogram(0.0, 1.0, {0: 64, 63: 32}), 4)
    # Zero to one is the right half of minus one to one.
    assert counts.tolist() == [0, 0, 64, 32]
    assert rebin(histogram(-1.0, 1.0, {31: 10, 32: 6}), 2).tolist() == [10, 6]
    assert rebin(histogram(-1.0, 1.0, {0: 10}), 3).sum() == pytest.approx(10)


def test_equal_values_stand_in_one_column() -> None:
    assert rebin(histogram(0.0, 0.0, {0: 5}), 3).tolist() == [0, 5, 0]
    assert rebin(histogram(-2.0, -2.0, {0: 5}), 4).tolist() == [5, 0, 0, 0]
    assert rebin(histogram(2.0, 2.0, {0: 5}), 4).tolist() == [0, 0, 0, 5]


def test_columns_grow_with_the_square_root() -> None:
    drawn = draw_histogram(histogram(-1.0, 1.0, {0: 16, 63: 4}), 4, 2, Palette(), Tone.GRAD)
    assert [strip.text for strip in drawn] == ["█   ", "█  █", "──┴─"]
    wide = draw_histogram(histogram(-1.0, 1.0, {0: 16, 63: 1}), 8, 2, Palette(), Tone.GRAD)
    assert [strip.text for strip in wide] == ["█       ", "█      ▄", "────┴───"]


def test_ascii_and_what_is_not_measured() -> None:
    ascii_palette = Palette(mode=ColourMode.NONE, charset=Charset.ASCII)
    drawn = draw_histogram(histogram(-1.0, 1.0, {0: 16, 63: 1}), 12, 2, ascii_palette, Tone.GRAD)
    assert [strip.text for strip in drawn] == ["#           ", "#          :", "------+-----"]
    blank = draw_histogram(None, 5, 2, Palette(), Tone.GRAD)
    assert [strip.text for strip in blank] == ["     "] * 3


def test_sparklines_show_the_newest_at_the_right() -> None:
    assert sparkline(np.array([1.0, 10.0, 100.0]), 5) == "  ▁▅█"
    assert sparkline(np.array([1.0, np.nan, 100.0]), 3) == "▁ █"
    assert sparkline(np.array([2.0, 2.0]), 2) == "▁▁"
    assert sparkline(np.array([1.0, 1.0, 100.0, 100.0]), 2, ascii_only=True) == "_^"
    assert sparkline(np.array([]), 3) == "   "
    assert sparkline(np.array([0.0, 0.0]), 3) == "   "


def test_the_axis_says_that_heights_are_roots() -> None:
    drawn = draw_histogram(histogram(-1.0, 1.0, {0: 1}), 16, 1, Palette(), Tone.GRAD)
    assert drawn[-1].text == "────────┴─────√n"
