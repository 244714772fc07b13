import numpy as np
import pytest

from gradscope.core.tensors import Measurement, Stats
from gradscope.core.words import Role
from gradscope.session.view import Column
from gradscope.tui.draw.palette import Charset, ColourMode, Palette
from gradscope.tui.widgets import Flip, TensorPane
from tests.tui.widgets.stage import Stage, columns, measured

NO_COLOUR = Palette(mode=ColourMode.NONE)
ASCII = Palette(mode=ColourMode.NONE, charset=Charset.ASCII)
# Norms 5 and 10; the last element of the grad is the largest.
WEIGHT = np.array([[3.0, -4.0], [0.0, 0.0]])
GRAD = np.array([[0.0, 6.0], [0.0, -8.0]])
KERNELS = np.arange(60 * 9, dtype=np.float32).reshape(20, 3, 3, 3) - 200


def moves(app: Stage) -> list[tuple[tuple[int, ...], int | None]]:
    return [
        (message.index, message.kernel)
        for message in app.heard
        if isinstance(message, TensorPane.CursorMoved)
    ]


async def test_three_columns_share_one_layout() -> None:
    pane = TensorPane()
    app = Stage(pane, NO_COLOUR)
    async with app.run_test(size=(84, 18)) as pilot:
        pane.show(columns(WEIGHT, GRAD))
        await pilot.pause()
        assert app.lines() == [
            "╭─ 2 fc.weight ────────────────────────────────────────────────────────────────────╮",
            "│ WEIGHT W             same  GRAD ∂L/∂W      ◆ changed  UPDATE ΔW    not measured  │",
            "│ ‖·‖ 5.0000      50 % zero  ‖·‖ None → 10.00           ‖·‖ –                      │",
            "│ ┌────┐                     ┌────┐                                                │",
            "│ │████│≡≡≡                  │····│███                  not measured               │",
            "│ │████│≡≡≡                  │····│███                  no optimizer step was      │",
            "│ └────┘···                  └────┘≡≡≡                  measured up to here        │",
            "│  ········                   ····≡≡≡≡                                             │",
            "│                                                                                  │",
            "│ − ≡≡=−−···++▪██ + ±3.9400  − ≡≡=−−···++▪██ + ±7.8800                             │",
            "│ ▁           █        ▁     ▁           █        ▁                                │",
            "│ █           █        █     █           █        █                                │",
            "│ █           █        █     █           █        █                                │",
            "│ ────────────┴──────────√n  ────────────┴──────────√n                             │",
            "│ μ   −0.2500  σ     2.4875  μ   −0.5000  σ     4.9749                             │",
            "│ min −4.0000  max  +3.0000  min −8.0000  max  +6.0000                             │",
            "│ ▫ [0,0]          ≈+3.0000  ▫ [0,0]                ≈0                             │",
            "╰─────────────────────────────────────────────────────── 2×2 float32 · 4 elements ─╯",
        ]


async def test_values_at_the_cursor_move_with_the_arrows() -> None:
    pane = TensorPane()
    app = Stage(pane, NO_COLOUR)
    async with app.run_test(size=(80, 18), message_hook=app.hear) as pilot:
        pane.show(columns(WEIGHT, GRAD))
        pane.focus()
        await pilot.press("right", "down")
        assert moves(app) == [((0, 1), None), ((1, 1), None)]
        value = next(line for line in app.lines() if "[1,1]" in line)
        assert "≈−8.0000" in value
        pane.show_cells(Role.GRAD, -8.0000001)
        await pilot.pause()
        value = next(line for line in app.lines() if "[1,1]" in line)
        assert "≈−8.0000" not in value
        assert "−8.0000" in value
        await pilot.press("home")
        assert "[0,0]" in "".join(app.lines())


async def test_all_elements_are_exact_and_have_a_difference() -> None:
    pane = TensorPane()
    app = Stage(pane, NO_COLOUR)
    after, before = WEIGHT.astype(np.float32), WEIGHT.astype(np.float32) - 0.25
    changed = Column(
        Role.WEIGHT,
        measured(Role.WEIGHT, "fc.weight", after),
        measured(Role.WEIGHT, "fc.weight", before),
        changed=True,
        note="changed",
    )
    shown = (changed, *columns(WEIGHT, None)[1:])
    async with app.run_test(size=(84, 18)) as pilot:
        for flip, value in ((Flip.AFTER, "+3.0000"), (Flip.BEFORE, "+2.7500")):
            pane.show(shown, flip)
            pane.show_elements(Role.WEIGHT, after, before)
            await pilot.pause()
            assert value in next(line for line in app.lines() if "[0,0]" in line)
        pane.show(shown, Flip.DIFFERENCE)
        await pilot.pause()
        lines = app.lines()
        assert "after − before" in lines[1]
        assert "+0.2500" in next(line for line in lines if "[0,0]" in line)
        assert "no difference" in "".join(lines)


async def test_a_grad_of_none_is_none_and_says_so() -> None:
    pane = TensorPane()
    app = Stage(pane, NO_COLOUR)
    present = measured(Role.GRAD, "fc.weight", GRAD)
    absent = Measurement(Role.GRAD, "fc.weight", None)
    cleared = Column(Role.GRAD, absent, present, changed=True, note="changed")
    weight, _, update = columns(WEIGHT, None)
    async with app.run_test(size=(84, 18)) as pilot:
        pane.show((weight, cleared, update))
        await pilot.pause()
        text = "\n".join(app.lines())
        assert "10.00 → None" in text
        assert "this phase threw it" in text
        assert "no optimizer step was" in text
        pane.show((weight, cleared, update), Flip.BEFORE)
        await pilot.pause()
        assert "threw it" not in "\n".join(app.lines())


async def test_a_norm_that_reads_the_same_shows_its_change() -> None:
    pane = TensorPane()
    app = Stage(pane, NO_COLOUR)
    before = measured(Role.WEIGHT, "w", np.array([1.0]))
    after = measured(Role.WEIGHT, "w", np.array([1.0 + 2**-20], np.float32))
    moved = Column(Role.WEIGHT, after, before, changed=True, note="changed")
    async with app.run_test(size=(84, 18)) as pilot:
        pane.show((moved,))
        await pilot.pause()
        assert "‖·‖ 1.0000 Δ +9.5e−7" in app.lines()[2]


async def test_kernels_are_paged_and_clicked() -> None:
    pane = TensorPane()
    app = Stage(pane)
    async with app.run_test(size=(84, 24), message_hook=app.hear) as pilot:
        pane.show(columns(KERNELS, KERNELS, "conv.weight", kernels=True))
        pane.focus()
        await pilot.pause()
        assert "kernels 1–" in app.lines()[-1]
        await pilot.press("right", "shift+down", "end", "pageup", "home")
        assert moves(app)[:3] == [((0, 1, 0, 0), 2), ((0, 1, 1, 0), 2), ((19, 2, 2, 2), 2)]
        assert moves(app)[-1] == ((0, 0, 0, 0), 2)
        await pilot.click(pane, offset=(2 + 1 + 4 + 2, 1 + 2 + 1))
        assert moves(app)[-1][0][:2] == (0, 1)
        index = pane.cursor_index
        assert index is not None
        assert index[:2] == (0, 1)
        assert pane.kernel_axes == 2


async def test_tall_panes_have_a_table_of_the_kernel() -> None:
    pane = TensorPane()
    app = Stage(pane, NO_COLOUR)
    async with app.run_test(size=(90, 36)) as pilot:
        pane.show(columns(KERNELS, None, "conv.weight", kernels=True))
        await pilot.pause()
        table = app.lines()[-4:-1]
        assert "[−200.0]" in table[0]
        assert "−199.0" in table[0]
        assert "−192.0" in table[2]
        pane.show_cells(Role.WEIGHT, KERNELS[0, 0])
        await pilot.pause()
        value = next(line for line in app.lines() if "[0,0,0,0]" in line)
        assert "≈" not in value


async def test_nan_and_inf_are_counted_and_drawn() -> None:
    pane = TensorPane()
    app = Stage(pane, NO_COLOUR)
    grad = np.array([[np.nan, 1.0], [np.inf, np.nan]])
    async with app.run_test(size=(84, 20)) as pilot:
        pane.show(columns(WEIGHT, grad))
        await pilot.pause()
        text = "\n".join(app.lines())
        assert "× 2 NaN  ∞ 1 Inf" in text
        assert "None → NaN" in text


async def test_a_free_run_has_norms_alone() -> None:
    pane = TensorPane()
    app = Stage(pane, NO_COLOUR)
    norms = Measurement(Role.WEIGHT, "w", Stats((2, 2), "float32", 5.0))
    async with app.run_test(size=(84, 18)) as pilot:
        pane.show((Column(Role.WEIGHT, norms, norms, changed=False, note="same"),))
        await pilot.pause()
        text = "\n".join(app.lines())
        assert "5.0000" in text
        assert "only the norm" in text


async def test_empty_tensors_and_scalars_are_shown() -> None:
    pane = TensorPane()
    app = Stage(pane, NO_COLOUR)
    empty = Measurement(Role.WEIGHT, "w", Stats((0, 3), "float32", 0.0, zeros=0, nans=0, infs=0))
    async with app.run_test(size=(84, 18)) as pilot:
        pane.show((Column(Role.WEIGHT, empty, empty, changed=False, note="same"),))
        await pilot.pause()
        assert "the tensor has no" in "\n".join(app.lines())
        one = measured(Role.WEIGHT, "scale", np.array(2.5))
        pane.show((Column(Role.WEIGHT, one, one, changed=False, note="same"),))
        await pilot.pause()
        text = "\n".join(app.lines())
        assert "scalar float32 · 1 element ─" in text
        assert "[]" in text
        assert "+2.5000" in text


@pytest.mark.parametrize("palette", [Palette(), Palette(dark=False), NO_COLOUR, ASCII])
@pytest.mark.parametrize("size", [(1, 1), (20, 5), (44, 9), (120, 50)])
async def test_every_size_can_be_drawn(palette: Palette, size: tuple[int, int]) -> None:
    pane = TensorPane()
    app = Stage(pane, palette)
    async with app.run_test(size=size) as pilot:
        pane.show(columns(KERNELS, KERNELS, "conv.weight", kernels=True))
        pane.focus()
        await pilot.press("right", "pagedown", "end")
        lines = app.lines()
        assert len(lines) == size[1]
        if palette.ascii:
            assert all(line.isascii() for line in lines[1:-1])


async def test_narrow_panes_show_the_column_that_changed() -> None:
    pane = TensorPane()
    app = Stage(pane, NO_COLOUR)
    async with app.run_test(size=(30, 16)) as pilot:
        pane.show(columns(WEIGHT, GRAD))
        await pilot.pause()
        assert "GRAD" in app.lines()[1]
        assert "WEIGHT" not in app.lines()[1]


async def test_kernels_of_which_only_the_norm_was_measured_are_kernels_once_read() -> None:
    pane = TensorPane()
    app = Stage(pane, NO_COLOUR)
    weight, grad, update = columns(KERNELS, KERNELS, "conv.weight", kernels=True)
    bare = Stats(KERNELS.shape, "float32", 1.0)
    norms = tuple(
        Column(role, Measurement(role, "conv.weight", bare), None, changed=False, note="same")
        for role in (Role.WEIGHT, Role.GRAD)
    )
    async with app.run_test(size=(84, 24)) as pilot:
        pane.show((*norms, update), fqn="conv.weight")
        await pilot.pause()
        assert "only the norm" in "".join(app.lines())
        for role in (Role.WEIGHT, Role.GRAD):
            pane.show_elements(role, KERNELS, KERNELS)
            await pilot.pause()
        assert pane.kernel_axes == 2
        assert "only the norm" not in "".join(app.lines())
        # One column from its thumbnail, its neighbour from elements.
        pane.show((weight, norms[1], update), fqn="conv.weight")
        pane.show_elements(Role.GRAD, KERNELS, KERNELS)
        await pilot.pause()
        assert pane.kernel_axes == 2
        pane.show((norms[0], grad, update), Flip.DIFFERENCE, fqn="conv.weight")
        pane.show_elements(Role.WEIGHT, KERNELS, KERNELS)
        await pilot.pause()
        assert "no difference" in "".join(app.lines())


async def test_a_frozen_parameter_and_a_step_to_come_say_so() -> None:
    pane = TensorPane()
    app = Stage(pane, NO_COLOUR)
    absent = Measurement(Role.GRAD, "fc.weight", None)
    frozen = Column(Role.GRAD, absent, None, changed=False, note="frozen")
    coming = Column(Role.UPDATE, None, None, changed=False, note="none yet")
    async with app.run_test(size=(84, 18)) as pilot:
        pane.show((columns(WEIGHT, None)[0], frozen, coming), fqn="fc.weight")
        await pilot.pause()
        text = "\n".join(app.lines())
        assert "requires_grad is False" in text
        assert "an optimizer step will" in text


async def test_the_update_is_its_own_difference() -> None:
    pane = TensorPane()
    app = Stage(pane, NO_COLOUR)
    change = measured(Role.UPDATE, "fc.weight", np.full((2, 2), 0.5))
    update = Column(Role.UPDATE, change, None, changed=True, note="changed")
    async with app.run_test(size=(84, 18)) as pilot:
        pane.show((*columns(WEIGHT, None)[:2], update), Flip.DIFFERENCE, fqn="fc.weight")
        await pilot.pause()
        assert "+0.5000" in next(line for line in app.lines() if "[0,0]" in line)
