from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn
from textual.strip import Strip

from gradscope.tui.draw.chart import Curve, Window, draw_chart
from gradscope.tui.draw.envelope import MovingAverage, broken, envelope
from gradscope.tui.draw.palette import Charset, ColourMode, Palette, Tone
from gradscope.tui.draw.ticks import log_labels, log_ticks, nice_ticks, tick_labels

ASCII = Palette(mode=ColourMode.NONE, charset=Charset.ASCII)
StyleMap = Callable[[Sequence[Strip]], list[list[tuple[str, str]]]]


def curve(values: Sequence[float], average: Sequence[float] | None = None) -> Curve:
    y = np.array(values, dtype=float)
    mean = y if average is None else np.array(average, dtype=float)
    return Curve(np.arange(1.0, len(y) + 1), y, mean)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("ulps", [0, 1, -2])
def test_a_value_and_a_mean_that_differ_in_the_last_digit(*, ulps: int, log: bool) -> None:
    value = 0.6973884105682372
    mean = value + ulps * np.spacing(value)
    curve = Curve(np.array([1.0]), np.array([value]), np.array([mean]))
    chart = draw_chart(curve, Window(log=log), (37, 11), Palette())
    assert sum("●" in strip.text for strip in chart.strips) == 1


def test_envelope_keeps_every_spike() -> None:
    x = np.arange(1000.0)
    y = np.zeros(1000)
    y[503] = 7
    low, high = envelope(x, y, np.linspace(0, 999, 11))
    assert low.tolist() == [0.0] * 10
    assert high.tolist() == [0, 0, 0, 0, 0, 7, 0, 0, 0, 0]


def test_envelope_joins_points_that_lie_columns_apart() -> None:
    low, high = envelope(np.array([0.0, 4.0]), np.array([0.0, 8.0]), np.arange(5.0))
    assert low.tolist() == [0, 2, 4, 6]
    assert high.tolist() == [2, 4, 6, 8]


def test_envelope_breaks_where_a_value_is_not_finite() -> None:
    x, y = np.arange(5.0), np.array([1, 2, np.nan, 4, np.inf])
    low, high = envelope(x, y, np.linspace(0, 4, 5))
    assert low[0] == 1
    assert high[0] == 2
    assert low[1] == high[1] == 2
    assert low[2] == high[2] == 4
    assert low[3] == high[3] == 4
    assert broken(x, y, np.linspace(0, 4, 5)).tolist() == [False, False, True, True]


@given(
    hn.arrays(np.float64, st.integers(1, 200), elements=st.floats(-1e3, 1e3)),
    st.integers(1, 50),
)
def test_envelope_holds_every_value(
    y: np.ndarray[tuple[int], np.dtype[np.float64]], n: int
) -> None:
    x = np.arange(len(y), dtype=float)
    low, high = envelope(x, y, np.linspace(0, max(len(y) - 1, 1), n + 1))
    assert np.nanmin(low) == pytest.approx(y.min())
    assert np.nanmax(high) == pytest.approx(y.max())


def test_average_is_without_its_early_bias() -> None:
    average = MovingAverage(0.5)
    assert average.of(np.array([4.0, 4.0])).tolist() == [4.0, 4.0]
    # Weights 1/2, 1/4 and 1/8 of the newest to the oldest, over their sum of 7/8.
    assert average.of(np.array([4.0, 4.0, 11.0]))[2] == pytest.approx((5.5 + 1 + 0.5) / 0.875)


def test_average_grows_with_its_series_and_starts_again_with_another() -> None:
    values = np.array([3.0, 1.0, np.nan, 2.0, np.inf, 5.0])
    whole = MovingAverage().of(values)
    piecewise = MovingAverage()
    grown = [piecewise.of(values[:end]).tolist() for end in range(1, 7)]
    assert grown[-1] == whole.tolist()
    assert whole[2] == whole[1]
    assert piecewise.of(np.array([9.0])).tolist() == [9.0]
    assert np.isnan(MovingAverage().of(np.array([np.nan]))).all()


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (0, 2.6, 3, [0, 1, 2]),
        (0, 1284, 3, [0, 500, 1000]),
        (0.151, 0.159, 4, [0.152, 0.154, 0.156, 0.158]),
        (-1, 1, 5, [-1, -0.5, 0, 0.5, 1]),
        (3, 3, 5, [3]),
    ],
)
def test_ticks_are_round(low: float, high: float, most: int, ticks: list[float]) -> None:
    assert nice_ticks(low, high, most) == pytest.approx(ticks)


def test_tick_labels_have_the_decimals_that_tell_them_apart() -> None:
    assert tick_labels([0, 0.5, 1]) == ["0.0", "0.5", "1.0"]
    assert tick_labels([0, 500, 1000]) == ["0", "500", "1000"]
    assert tick_labels([-0.02, 0.0]) == ["−0.02", "0.00"]
    assert tick_labels([0, 2e-5]) == ["0", "2.0e−5"]
    assert tick_labels([-1], ascii_only=True) == ["-1"]


def test_log_ticks_are_powers_of_ten_or_finer() -> None:
    assert log_ticks(-3, 1, 9) == [-3, -2, -1, 0, 1]
    assert log_ticks(-8, 8, 5) == [-8, -4, 0, 4, 8]
    assert log_labels(log_ticks(-0.35, 0.4, 9)) == ["0.5", "1", "2"]
    assert log_labels([-5]) == ["1e−5"]


def test_chart_in_ascii() -> None:
    chart = draw_chart(curve([4, 3, 2, 1]), Window(), (16, 5), ASCII)
    assert [strip.text for strip in chart.strips] == [
        "4 ****..........",
        "     *******    ",
        "2 .........****o",
        "0 ..............",
        "      2        4",
    ]
    assert chart.left == 2


def test_chart_in_braille(style_map: StyleMap) -> None:
    palette = Palette()
    chart = draw_chart(curve([0, 0, 1, 1], [0, 0, 0, 0]), Window(), (14, 4), palette)
    runs = style_map(chart.strips)
    raw, mean = palette.mix(Tone.LOSS, 0.62), palette.name(Tone.LOSS)
    assert [colour for _, colour in runs[2]] == [
        palette.name(Tone.DIM),
        mean,
        palette.name(Tone.HOT),
    ]
    assert raw in [colour for _, colour in runs[0]]
    assert chart.strips[2].text.endswith("⣀●")
    assert all(strip.cell_length == 14 for strip in chart.strips)


def test_nan_is_marked_not_dropped(style_map: StyleMap) -> None:
    values = [1.0] * 10 + [float("nan")] + [1.0] * 9
    chart = draw_chart(curve(values), Window(), (30, 6), Palette())
    assert chart.strips[0].text.count("×") == 1
    assert ("×", Palette().name(Tone.ERROR)) in style_map(chart.strips)[0]


def test_only_nan_says_so() -> None:
    chart = draw_chart(curve([float("nan")] * 3), Window(), (30, 5), Palette(), note="no loss")
    assert "no loss" in chart.strips[2].text
    assert chart.iteration_at(10) is None


def test_window_shows_a_part_and_points_are_found_again() -> None:
    chart = draw_chart(curve(range(1, 101)), Window((20, 40)), (46, 8), Palette(), point=30)
    assert chart.span == pytest.approx((20, 40))
    column = next(x for x in range(46) if chart.strips[0].text[x] == "│")
    assert chart.iteration_at(column) == pytest.approx(30, abs=0.5)
    assert "●" in "".join(strip.text for strip in chart.strips)
    assert chart.iteration_at(0) is None


def test_log_scale_spreads_decades() -> None:
    chart = draw_chart(curve([1, 0.1, 0.01, 0.001]), Window(log=True), (40, 14), ASCII)
    labels = [strip.text[: chart.left].strip() for strip in chart.strips[:-1]]
    assert [label for label in labels if label] == ["1", "0.1", "0.01", "0.001"]
    with_zero = draw_chart(curve([1, 0, 0.01, 0.001]), Window(log=True), (40, 14), ASCII)
    assert "x" in with_zero.strips[0].text


@pytest.mark.parametrize("size", [(1, 1), (12, 3), (13, 4), (200, 60)])
@pytest.mark.parametrize("values", [[], [1.0], [0.0, 0.0], [1e30, -1e30], [1e-9, 2e-9]])
def test_any_size_and_any_values_fit(size: tuple[int, int], values: list[float]) -> None:
    for palette in (Palette(), ASCII):
        for window in (Window(), Window(log=True), Window((1.0, 5.0))):
            chart = draw_chart(curve(values), window, size, palette)
            assert len(chart.strips) == size[1]
            assert {strip.cell_length for strip in chart.strips} == {size[0]}
