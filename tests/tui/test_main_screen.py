"""The main screen on a recorded run: what it shows, and what its keys do."""

import pytest
from textual.command import CommandList
from textual.pilot import Pilot
from textual.widgets import Input

from gradscope.core.words import Phase
from gradscope.tui.actions import all_actions
from gradscope.tui.app import GradscopeApp
from gradscope.tui.widgets import LayerTree
from tests.tui.conftest import Golden, Opener
from tests.tui.reading import text_of, until


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press keys and wait until all that comes of them is on the screen."""
    await pilot.press(*keys)
    await pilot.app.workers.wait_for_complete()
    # Each lets the messages be handled that the ones before have led to.
    for _ in range(4):
        await pilot.pause()


def place(app: GradscopeApp) -> tuple[int, Phase]:
    """The iteration and phase that the session is at."""
    moment = app.session.recording.latest_moment(app.session.cursor)
    assert moment is not None
    return moment.iteration, moment.phase


@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24)])
async def test_the_screen_after_a_backward(
    open_app: Opener, golden: Golden, width: int, height: int
) -> None:
    app = open_app()
    async with app.run_test(size=(width, height)) as pilot:
        await press(pilot, "n", "n", "n", "n")
        assert place(app) == (1, Phase.BACKWARD)
        golden(app, f"backward_{width}x{height}")


async def test_keys_move_through_a_recording(open_app: Opener) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        assert place(app) == (1, Phase.BATCH)
        await press(pilot, "n")
        assert place(app) == (1, Phase.ZERO_GRAD)
        await press(pilot, "space", "p")
        assert place(app) == (1, Phase.LOSS)
        await press(pilot, "i")
        assert place(app) == (2, Phase.BATCH)
        await press(pilot, "e")
        assert place(app) == (3, Phase.BATCH)
        await press(pilot, "g", *"4:step", "enter")
        assert place(app) == (4, Phase.STEP)
        await press(pilot, "B")
        assert place(app) == (3, Phase.STEP)
        await press(pilot, "b")
        assert place(app) == (3, Phase.BACKWARD)
        assert "iteration 3" in text_of(app)
        assert "What backward did" in text_of(app)


async def test_stepping_into_a_forward_selects_the_layer_that_ran(open_app: Opener) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "g", *"3:zero_grad", "enter", "s")
        assert app.screen.query_one(LayerTree).selected == "0.weight"
        await press(pilot, "s", "s")
        assert app.screen.query_one(LayerTree).selected == "2.weight"
        await press(pilot, "f", "o", "s")
        assert app.screen.query_one(LayerTree).selected == "2.weight"


async def test_what_cannot_be_is_said_in_a_line(open_app: Opener) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "b")
        assert "there is no earlier moment" in text_of(app)
        await press(pilot, "escape")
        assert "there is no earlier moment" not in text_of(app)
        await press(pilot, "g", *"99", "enter")
        assert "iteration 99 was not recorded" in text_of(app)
        await press(pilot, "colon", *"nxet", "enter")
        assert "did you mean next" in text_of(app)


async def test_a_command_is_completed_remembered_and_answered(open_app: Opener) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "colon", *"wher", "tab")
        line = app.screen.query_one(Input)
        assert line.value == "where"
        await press(pilot, "enter")
        assert "iteration 1, epoch 1, batch" in text_of(app)
        await press(pilot, "colon", *"help", "enter", "colon", "up", "up")
        assert line.value == "where"
        await press(pilot, "down", "down")
        assert line.value == ""
        await press(pilot, "escape")
        assert not line.has_focus


async def test_letters_typed_into_a_prompt_are_no_commands(open_app: Opener) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "slash", *"n 2q", "escape")
        assert place(app) == (1, Phase.BATCH)


async def test_the_filter_leaves_the_layers_that_match(open_app: Opener) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "slash", *"2.", "enter")
        assert "0.bias" not in text_of(app)
        assert "2.bias" in text_of(app)
        await press(pilot, "slash", "escape")
        assert "0.bias" in text_of(app)


async def test_code_output_and_batch_share_a_place(open_app: Opener) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        assert "4 train.py" in text_of(app)
        await press(pilot, "5")
        assert "5 Output" in text_of(app)
        assert "epoch 0: " in text_of(app)
        await press(pilot, "tab")
        assert "6 Batch" in text_of(app)
        assert "4 train.py" not in text_of(app)
        await press(pilot, "tab")
        assert "6 Batch" in text_of(app)
        assert app.screen.query_one(LayerTree).has_focus_within


async def test_zoom_gives_one_pane_the_screen_and_back(open_app: Opener) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        whole = text_of(app)
        await press(pilot, "3", "m")
        assert "3 Loss" in text_of(app)
        assert "1 Layers" not in text_of(app)
        await press(pilot, "2")
        assert "2 0.weight" in text_of(app)
        assert "3 Loss" not in text_of(app)
        await press(pilot, "escape", "1")
        assert text_of(app) == whole


async def test_a_small_terminal_shows_one_pane_at_a_time(open_app: Opener) -> None:
    titles = {"1": "1 Layers", "2": "2 0.weight", "3": "3 Loss", "4": "4 train.py"}
    titles |= {"5": "5 Output", "6": "6 Batch"}
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        for key, title in titles.items():
            await press(pilot, key)
            assert [other for other in titles.values() if other in text_of(app)] == [title]


async def test_a_terminal_shrunk_to_20_by_5_comes_back(open_app: Opener) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "n")
        before = text_of(app)
        for size in [(20, 5), (1, 1), (300, 2), (2, 80)]:
            await pilot.resize_terminal(*size)
            await press(pilot, "2", "3", "4", "5", "6", "question_mark", "escape", "w", "escape")
            await press(pilot, "colon", "escape", "1", "4", "1")
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert text_of(app) == before


async def test_every_action_is_on_the_help_screen(open_app: Opener) -> None:
    app = open_app()
    async with app.run_test(size=(120, 250)) as pilot:
        await press(pilot, "question_mark")
        page = " ".join(text_of(app, "VerticalScroll").split())
        for action in all_actions():
            assert f"{' '.join(action.key_names)} {action.help}" in page
        for sign in ("σ(w)", "‖g‖", "lgΔ/w", "zero_grad", "goto ITERATION[:PHASE]"):
            assert sign in page
        await press(pilot, "q")
        assert "1 Layers" in text_of(app)


def test_no_key_has_two_meanings() -> None:
    keys = [key for action in all_actions() for key in action.keys]
    assert len(keys) == len(set(keys))


async def test_the_palette_finds_an_action_by_name(open_app: Opener) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "ctrl+p", *"epoch")
        await until(pilot, lambda: app.screen.query_one(CommandList).option_count == 1)
        await press(pilot, "enter")
        await until(pilot, lambda: place(app) == (3, Phase.BATCH))


async def test_the_explanation_opens_and_closes(open_app: Opener) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "g", *"1:step", "enter", "w")
        page = " ".join(text_of(app, "VerticalScroll").split())
        assert "This is where learning happens." in page
        await press(pilot, "escape")
        assert "What step did" in text_of(app)
        assert "esc closes" not in text_of(app)
