from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from textual.widget import Widget

from gradscope.core.events import Preview
from gradscope.core.tensors import TensorData
from gradscope.core.words import Phase, Role
from gradscope.explain.words import Description, Row
from gradscope.recording.series import Series
from gradscope.tui.draw.palette import Charset, ColourMode, Palette, Tone
from gradscope.tui.draw.themes import theme
from gradscope.tui.widgets import (
    BatchPane,
    CodePane,
    FactsPane,
    HeaderBar,
    LayerTree,
    LossChart,
    OutputPane,
    PhaseBar,
    TensorPane,
)
from tests.tui.widgets.stage import Stage

ASCII = Palette(mode=ColourMode.NONE, charset=Charset.ASCII)
FACTS = Description(
    (Row("writes", "12 × .grad", Role.GRAD), Row("", "None → tensor"), Row("next", "step")),
    "backward filled 12 grads, ‖g‖ 0.83.",
)
SOURCE = "\n".join(f"line_{number} = {number}" for number in range(1, 101))


def series(values: list[float]) -> Series:
    return Series(np.arange(1, len(values) + 1), np.array(values, dtype=float))


async def test_facts_begin_with_their_sentence() -> None:
    pane = FactsPane()
    app = Stage(pane)
    async with app.run_test(size=(30, 9)) as pilot:
        assert "nothing yet" in app.lines()[1]
        pane.show(FACTS, Phase.BACKWARD)
        await pilot.pause()
        assert app.lines() == [
            "╭─ What backward did ────────╮",
            "│ backward filled 12 grads,  │",
            "│ ‖g‖ 0.83.                  │",
            "│                            │",
            "│ writes  12 × .grad         │",
            "│         None → tensor      │",
            "│ next    step               │",
            "│                            │",
            "╰─────────── enter explains ─╯",
        ]


async def test_facts_in_ascii() -> None:
    pane = FactsPane()
    app = Stage(pane, ASCII)
    async with app.run_test(size=(30, 9)) as pilot:
        pane.show(FACTS, Phase.BACKWARD)
        await pilot.pause()
        assert all(line.isascii() for line in app.lines())
        assert "| |g| 0.83.                  |" in app.lines()


async def test_loss_reads_out_and_zooms() -> None:
    chart = LossChart()
    app = Stage(chart)
    async with app.run_test(size=(60, 12)) as pilot:
        assert "no loss yet" in "".join(app.lines())
        chart.show(series([float(number) for number in range(100, 0, -1)]))
        chart.focus()
        await pilot.pause()
        assert "now 1.0000 · min 1.0000" in app.lines()[-1]
        assert app.lines()[0].startswith("╭─ 3 Loss ")
        await pilot.press("plus")
        zoomed = app.lines()[-2]
        assert "60" in zoomed
        assert " 20 " not in zoomed
        await pilot.press("left", "left", "left", "left")
        assert "20" in app.lines()[-2]
        await pilot.press("0", "l")
        assert " log " in app.lines()[0]
        await pilot.press("minus", "l")
        assert " log " not in app.lines()[0]


async def test_loss_under_the_pointer_is_read_out() -> None:
    chart = LossChart()
    app = Stage(chart)
    async with app.run_test(size=(60, 12)) as pilot:
        chart.show(series([2.0] * 50 + [4.0] * 50))
        await pilot.pause()
        await pilot.hover(chart, offset=(50, 4))
        assert "· 4.0000 · ema" in app.lines()[-1]
        await pilot.hover(chart, offset=(10, 4))
        assert "· 2.0000 · ema" in app.lines()[-1]


async def test_loss_looks_back_and_counts_what_is_not_finite() -> None:
    chart = LossChart()
    app = Stage(chart)
    async with app.run_test(size=(60, 12)) as pilot:
        values = [2.0, float("nan"), float("inf"), 1.0]
        chart.show(series(values), cursor=4)
        await pilot.pause()
        assert "2 not finite · now 1.0000" in app.lines()[-1]
        assert "×" in app.lines()[1]
        chart.show(series(values), cursor=1)
        await pilot.pause()
        assert "iteration 1 · 2.0000" in app.lines()[-1]


async def test_keys_on_an_empty_chart_do_nothing() -> None:
    chart = LossChart()
    app = Stage(chart)
    async with app.run_test(size=(60, 12)) as pilot:
        chart.focus()
        await pilot.press("plus", "minus", "left", "right", "0", "l")
        chart.show(series([1.0]))
        await pilot.press("plus", "right")
        assert "now 1.0000" in app.lines()[-1]


async def test_code_follows_the_line_and_scrolls() -> None:
    pane = CodePane()
    app = Stage(pane)
    async with app.run_test(size=(30, 9)) as pilot:
        assert "no source here yet" in app.lines()[1]
        pane.show("/x/train.py", SOURCE, 46, Phase.BACKWARD, "train")
        pane.focus()
        await pilot.pause()
        lines = app.lines()
        assert lines[0].startswith("╭─ 4 train.py ─")
        assert lines[4] == "│ ▶ 46 line_46 = 46          │"
        assert lines[-1].endswith("line 46 · train() ─╯")
        await pilot.press("home")
        assert "   1 line_1 = 1" in app.lines()[1]
        await pilot.press("pagedown", "down")
        assert "   8 line_8" in app.lines()[1]
        await pilot.press("end")
        assert " 100 line_100" in app.lines()[-2]
        pane.show("/x/train.py", SOURCE, 47, Phase.STEP, "<module>")
        await pilot.pause()
        assert app.lines()[4] == "│ ▶ 47 line_47 = 47          │"
        assert app.lines()[-1].endswith("line 47 ─╯")


async def test_output_follows_until_the_user_scrolls() -> None:
    pane = OutputPane()
    app = Stage(pane)
    async with app.run_test(size=(30, 6)) as pilot:
        assert "nothing printed yet" in app.lines()[1]
        for number in range(20):
            pane.append("tty", f"line {number}\r\n".encode())
        pane.focus()
        await pilot.pause()
        assert "line 19" in app.lines()[-2]
        await pilot.press("up", "up")
        assert "line 17" in app.lines()[-2]
        pane.append("tty", b"line 20\n")
        await pilot.pause()
        assert "line 17" in app.lines()[-2]
        assert "3 below" in app.lines()[-1]
        await pilot.press("home")
        assert "line 0" in app.lines()[1]
        await pilot.press("end")
        assert "line 20" in app.lines()[-2]
        pane.clear()
        await pilot.pause()
        assert "nothing printed yet" in app.lines()[1]


async def test_output_keeps_twenty_thousand_lines_and_long_ones() -> None:
    pane = OutputPane()
    app = Stage(pane)
    async with app.run_test(size=(30, 6)) as pilot:
        for start in range(0, 30_000, 1000):
            lines = [f"line {number}\n" for number in range(start, start + 1000)]
            pane.append("tty", "".join(lines).encode())
        pane.focus()
        await pilot.press("home")
        first = int(app.lines()[1].split()[2])
        assert 9_990 <= first <= 10_001
        pane.append("tty", b"0123456789" * 5)
        await pilot.press("end", "right")
        assert "8901234567" in app.lines()[-2]


def data(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]], samples: int) -> TensorData:
    shape = (samples, *array.shape[1:])
    return TensorData(str(array.dtype), array.dtype.str, array.shape, shape, array.tobytes())


async def test_batch_of_pictures_with_labels() -> None:
    images = np.zeros((8, 3, 16, 16), np.float32)
    images[1] = 1
    labels = np.arange(8) + 10
    pane = BatchPane()
    app = Stage(pane, Palette(mode=ColourMode.NONE))
    async with app.run_test(size=(40, 12)) as pilot:
        assert "no batch yet" in app.lines()[1]
        pane.show(
            [
                Preview("0", "images", (64, 3, 16, 16), "float32", data(images, 64)),
                Preview("1", "labels", (64,), "int64", data(labels, 64)),
            ],
            7,
        )
        pane.focus()
        await pilot.pause()
        lines = app.lines()
        assert lines[0].startswith("╭─ 6 Batch of iteration 7 ─")
        assert lines[1] == "│ " + " " * 17 + "█" * 16 + "    │"
        assert lines[9].split() == ["│", "10", "11", "│"]
        assert "1–2 of 64 · black 0, white 1" in lines[-1]
        await pilot.press("pagedown")
        assert "3–4 of 64" in app.lines()[-1]
        await pilot.press("pagedown", "pagedown", "pagedown")
        assert "7–8 of 64" in app.lines()[-1]


async def test_batch_of_rows_and_of_what_cannot_be_shown() -> None:
    pane = BatchPane()
    app = Stage(pane)
    async with app.run_test(size=(40, 8)) as pilot:
        rows = np.array([[1.0, -2.0], [0.5, 0.25]], np.float32)
        pane.show([Preview("x", "rows", (2, 2), "float32", data(rows, 2))])
        await pilot.pause()
        assert app.lines()[2].split() == ["│", "0", "1.0000", "−2.0000", "│"]
        pane.show([Preview("tokens", "other", (8, 128, 4), "int64", None)])
        await pilot.pause()
        assert "tokens  8×128×4 int64" in app.lines()[1]


async def test_batch_keeps_values_of_normalised_pictures() -> None:
    images = np.linspace(-2, 2, 2 * 1 * 8 * 8, dtype=np.float32).reshape(2, 1, 8, 8)
    pane = BatchPane()
    app = Stage(pane)
    async with app.run_test(size=(80, 24)) as pilot:
        pane.show([Preview("0", "images", (2, 1, 8, 8), "float32", data(images, 2))])
        await pilot.pause()
        assert "black −2.0000, white 2.0000" in app.lines()[-1]


WIDGETS: list[Callable[[], Widget]] = [
    BatchPane,
    CodePane,
    FactsPane,
    HeaderBar,
    LayerTree,
    LossChart,
    OutputPane,
    PhaseBar,
    TensorPane,
]


@pytest.mark.parametrize("make", WIDGETS)
async def test_a_theme_change_repaints_and_nothing_moves_by_itself(
    make: Callable[[], Widget],
) -> None:
    widget = make()
    app = Stage(widget)
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        dark = app.lines()
        app.palette = replace(app.palette, dark=False)
        app.theme = theme(app.palette).name
        await pilot.pause()
        assert app.lines() == dark
        ground = app.palette.name(Tone.GROUND)
        strips = app.screen._compositor.render_strips(app.size)
        grounds = {
            style.bgcolor.triplet.hex
            for strip in strips[-3:]
            for _, style, _ in strip
            if style is not None and style.bgcolor is not None and style.bgcolor.triplet is not None
        }
        assert grounds == {ground}


@pytest.mark.parametrize("make", WIDGETS)
@pytest.mark.parametrize("mode", ColourMode)
async def test_empty_widgets_are_drawn_in_every_mode(
    make: Callable[[], Widget], mode: ColourMode
) -> None:
    app = Stage(make(), Palette(mode=mode, charset=Charset.ASCII))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert all(line.isascii() for line in app.lines())
