from dataclasses import replace

import numpy as np

from gradscope.core.events import ModuleInfo
from gradscope.core.words import Role
from gradscope.diagnose.health import Level
from gradscope.tui.draw.layer import short
from gradscope.tui.draw.palette import Charset, ColourMode, Palette
from gradscope.tui.widgets import LayerTree
from tests.tui.widgets.stage import Stage, layer

# Standard deviation 1 and norm 2.
WEIGHT = np.array([[1.0, -1.0], [1.0, -1.0]])
ROWS = [
    layer("stem.weight", WEIGHT),
    layer("blocks.0.fc.weight", WEIGHT, Level.WATCH, "grad all zero"),
    layer("blocks.0.fc.bias", np.array([0.5, -0.5]), grad=False),
    layer("blocks.1.fc.weight", WEIGHT, Level.BAD, "3 NaN"),
]
MODULES = [ModuleInfo("stem", "Linear", ""), ModuleInfo("blocks", "Sequential", "")]


def selected(app: Stage) -> list[str]:
    return [message.fqn for message in app.heard if isinstance(message, LayerTree.Selected)]


async def test_rows_carry_numbers_and_signs() -> None:
    tree = LayerTree()
    app = Stage(tree)
    async with app.run_test(size=(40, 11)) as pilot:
        tree.show(ROWS, MODULES)
        await pilot.pause()
        assert app.lines() == [
            "╭─ 1 Layers ───────────────────────────╮",
            "│ layer           σ(w)    ‖g‖  lgΔ/w   │",
            "│ stem Linear    1.000  1.000   −2.0 ● │",
            "│ ▾ blocks Sequential                  │",
            "│   ▾ 0                                │",
            "│     fc         1.000  1.000   −2.0 ▲ │",
            "│     fc.bias    0.500   None      – ● │",
            "│   ▾ 1                                │",
            "│     fc         1.000  1.000   −2.0 ✖ │",
            "│                                      │",
            "╰────────────── 4 tensors · 14 params ─╯",
        ]


async def test_cursor_selects_parameters_not_modules() -> None:
    tree = LayerTree()
    app = Stage(tree)
    async with app.run_test(size=(40, 11), message_hook=app.hear) as pilot:
        tree.show(ROWS)
        tree.focus()
        await pilot.pause()
        await pilot.press("down", "down", "down")
        assert selected(app) == ["stem.weight", "blocks.0.fc.weight"]
        assert tree.selected == "blocks.0.fc.weight"
        assert "▲ grad all zero" in app.lines()[-1]
        tree.select("blocks.1.fc.weight")
        await pilot.pause()
        assert tree.selected == "blocks.1.fc.weight"
        tree.select("not.there")
        await pilot.pause()
        assert tree.selected == "blocks.1.fc.weight"


async def test_a_closed_branch_shows_the_worst_inside() -> None:
    tree = LayerTree()
    app = Stage(tree)
    async with app.run_test(size=(40, 11)) as pilot:
        tree.show(ROWS)
        tree.focus()
        await pilot.pause()
        await pilot.press("down", "left")
        assert app.lines()[3] == "│ ▸ blocks                           ✖ │"
        await pilot.press("right", "down", "down", "left")
        assert "▾ blocks" in app.lines()[3]
        await pilot.press("left")
        assert "▸ 0" in app.lines()[4]


async def test_selecting_opens_the_branches_above() -> None:
    tree = LayerTree()
    app = Stage(tree)
    async with app.run_test(size=(40, 11)) as pilot:
        tree.show(ROWS)
        tree.focus()
        await pilot.pause()
        await pilot.press("down", "left")
        tree.select("blocks.0.fc.bias")
        await pilot.pause()
        assert "fc.bias" in app.lines()[6]
        assert tree.selected == "blocks.0.fc.bias"


async def test_filter_keeps_matches_and_the_cursor() -> None:
    tree = LayerTree()
    app = Stage(tree)
    async with app.run_test(size=(40, 11), message_hook=app.hear) as pilot:
        tree.show(ROWS)
        await pilot.pause()
        tree.select("blocks.0.fc.bias")
        tree.filter("BIAS")
        await pilot.pause()
        lines = app.lines()
        assert lines[0].startswith("╭─ 1 Layers /BIAS ─")
        assert [line for line in lines if "fc" in line] == [lines[4]]
        assert tree.selected == "blocks.0.fc.bias"
        tree.filter("nothing")
        await pilot.pause()
        assert "blocks" not in "".join(app.lines())
        tree.filter("")
        await pilot.pause()
        assert "stem" in app.lines()[2]


async def test_new_numbers_leave_the_tree_as_it_is() -> None:
    tree = LayerTree()
    app = Stage(tree)
    async with app.run_test(size=(40, 11), message_hook=app.hear) as pilot:
        tree.show(ROWS)
        tree.focus()
        await pilot.pause()
        await pilot.press("down", "left")
        tree.show([layer(row.fqn, 2 * WEIGHT) for row in ROWS])
        await pilot.pause()
        assert "▸ blocks" in app.lines()[3]
        assert "2.000" in app.lines()[2]


async def test_wide_panes_have_room_for_a_trend() -> None:
    tree = LayerTree()
    app = Stage(tree)
    async with app.run_test(size=(60, 8)) as pilot:
        tree.show(ROWS[:1], (), {"stem.weight": np.array([1.0, 10.0, 100.0])})
        await pilot.pause()
        assert "‖g‖ trend" in app.lines()[1]
        assert "▁▅█ ●" in app.lines()[2]


async def test_long_names_keep_their_end_and_ascii_draws_ascii() -> None:
    tree = LayerTree()
    app = Stage(tree, Palette(mode=ColourMode.NONE, charset=Charset.ASCII))
    async with app.run_test(size=(36, 8)) as pilot:
        tree.show([layer("a_rather_long_name.bias", np.array([1.0, -1.0]))])
        await pilot.pause()
        lines = app.lines()
        assert all(line.isascii() for line in lines)
        assert lines[2] == "| a~me.bias  1.000  0.707   -2.0 o |"


async def test_a_thousand_parameters_are_shown() -> None:
    tree = LayerTree()
    app = Stage(tree)
    rows = [layer(f"blocks.{number}.weight", WEIGHT) for number in range(1000)]
    async with app.run_test(size=(40, 11)) as pilot:
        tree.show(rows)
        await pilot.pause()
        tree.select("blocks.999.weight")
        await pilot.pause()
        assert any("999" in line for line in app.lines())
        tree.show([])
        await pilot.pause()
        assert app.lines()[2].strip("│ ") == ""


def test_short_numbers_fit_six_cells() -> None:
    numbers = [None, 0.0, 0.05123, 9.9999, 12.345, 123456.0, 6.7e-11, 3e-5, float("nan")]
    texts = [short(number) for number in numbers]
    assert texts == ["–", "0", "0.051", "10.00", "12.35", "1.2e5", "7e−11", "3.0e−5", "NaN"]
    assert max(map(len, texts)) <= 6


async def test_deep_rows_stay_aligned_and_a_bias_goes_below_its_weight() -> None:
    tree = LayerTree()
    app = Stage(tree)
    rows = [
        layer("net.blocks.0.attention.q_proj.weight", WEIGHT),
        layer("net.blocks.0.attention.q_proj.bias", WEIGHT),
        layer("net.lstm.weight_ih_l0", WEIGHT),
        layer("net.lstm.weight_hh_l0", WEIGHT),
    ]
    async with app.run_test(size=(36, 12)) as pilot:
        tree.show(rows, (), None, frozenset({Role.GRAD}))
        await pilot.pause()
        assert app.lines()[1:-1] == [
            "│ layer       σ(w)   ◆‖g‖  lgΔ/w   │",
            "│ ▾ net                            │",
            "│  ▾ blocks                        │",
            "│   ▾ 0                            │",
            "│    ▾ attention                   │",
            "│     q…roj  1.000  1.000   −2.0 ● │",
            "│     .bias  1.000  1.000   −2.0 ● │",
            "│  ▾ lstm                          │",
            "│   w…ih_l0  1.000  1.000   −2.0 ● │",
            "│   w…hh_l0  1.000  1.000   −2.0 ● │",
        ]
        tree.filter("zzz")
        await pilot.pause()
        assert "no layer is called so" in app.lines()[-1]


async def test_a_shared_parameter_is_counted_once() -> None:
    tree = LayerTree()
    app = Stage(tree)
    tied = replace(layer("head.weight", WEIGHT), weight=ROWS[0].weight)
    async with app.run_test(size=(40, 11)) as pilot:
        tree.show([ROWS[0], tied])
        await pilot.pause()
        assert "1 tensor · 4 params" in app.lines()[-1]
