"""The app on living runs: starting, stopping, input, the end, and how it leaves."""

from collections.abc import Callable

from gradscope.core.words import Phase
from gradscope.session.source import RunState
from gradscope.tui.app import GradscopeApp, palette_for
from gradscope.tui.draw.palette import Charset, ColourMode
from gradscope.tui.widgets import LayerTree
from tests.tui.conftest import Opener, Starter
from tests.tui.reading import shows, text_of, until

TRAIN = """\
import sys
import torch

torch.manual_seed(0)
model = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(int(sys.argv[1])):
    optimizer.zero_grad()
    model(torch.ones(1, 3)).pow(2).sum().backward()
    optimizer.step()
"""


def stopped_at(app: GradscopeApp, phase: Phase) -> Callable[[], bool]:
    """Whether the run is paused at a phase and the screen says so."""

    def holds() -> bool:
        moment = app.session.recording.latest_moment(app.session.cursor)
        paused = app.session.state is RunState.PAUSED
        shown = f"What {phase} did" in text_of(app) and "paused" in text_of(app)
        return paused and shown and moment is not None and moment.phase is phase

    return holds


async def test_it_shows_the_script_starting_then_stops_and_steps(run: Starter) -> None:
    app = GradscopeApp(run(TRAIN, "3"))
    async with app.run_test(size=(120, 40)) as pilot:
        assert "starting train.py…" in text_of(app)
        await until(pilot, stopped_at(app, Phase.ZERO_GRAD))
        await pilot.press("n")
        await until(pilot, stopped_at(app, Phase.FORWARD))
        await until(pilot, lambda: app.screen.query_one(LayerTree).selected == "weight")
        await pilot.press("space", "space")
        await until(pilot, stopped_at(app, Phase.BACKWARD))
        # What is drawn of three numbers a row can only be exact: the child was asked for them.
        await until(pilot, lambda: "≈" not in text_of(app, "TensorPane"))
        await pilot.press("q")
    assert app.return_value == 0


async def test_a_long_run_is_paused_and_asked_about(run: Starter) -> None:
    app = GradscopeApp(run(TRAIN, "1000000"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, stopped_at(app, Phase.ZERO_GRAD))
        await pilot.press("c")
        await shows(pilot, "▶ running")
        await pilot.press("q")
        await shows(pilot, "press q again to end it")
        await pilot.press("ctrl+c")
        await shows(pilot, "‖ paused")
        await pilot.press("colon", *"print len(model.state_dict())", "enter")
        await shows(pilot, "2")
        await pilot.press("ctrl+c")
        await shows(pilot, "press ctrl+c again to quit")
        await pilot.press("ctrl+c")
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == 0


async def test_input_is_answered(run: Starter) -> None:
    app = GradscopeApp(run("print('hello', input('name? '))\nprint(list(open(0)))\n"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("5")
        await shows(pilot, "name? ")
        await pilot.press("greater_than_sign", *"Ada", "enter")
        await shows(pilot, "hello Ada")
        await pilot.press("greater_than_sign", "ctrl+d")
        await shows(pilot, "[]")
        await shows(pilot, "■ ended")


async def test_a_script_that_raises_leaves_its_traceback_and_its_code(run: Starter) -> None:
    app = GradscopeApp(run("import sys\nprint('before')\nraise ValueError('no such batch')\n"))
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "train.py raised ValueError: no such batch")
        await shows(pilot, "Traceback (most recent call last)")
        await shows(pilot, "before")
        await pilot.press("n")
        await pilot.pause()
        await pilot.press("q")
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == 1


async def test_a_script_killed_by_a_signal_is_named_and_exits_so(run: Starter) -> None:
    app = GradscopeApp(run("import os\nos.kill(os.getpid(), 9)\n"))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "killed by signal 9 (SIGKILL)")
        await pilot.press("q")
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == 137


async def test_the_script_learns_how_much_room_its_output_has(run: Starter) -> None:
    script = """\
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGWINCH})
print("ready")
while True:
    if signal.sigtimedwait({signal.SIGWINCH}, 0.1):
        print("size", *os.get_terminal_size())
"""
    app = GradscopeApp(run(script))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("5")
        await shows(pilot, "ready")
        await pilot.resize_terminal(80, 24)
        size = app.screen.query_one("#output").content_size
        await shows(pilot, f"size {size.width} {size.height}")
        await pilot.press("ctrl+c", "ctrl+c")
        await shows(pilot, "KeyboardInterrupt")


async def test_the_theme_changes_and_comes_back(open_app: Opener) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        seen = []
        for _ in range(3):
            seen.append((app.current_theme.dark, app.palette.dark))
            await pilot.press("t")
    assert seen == [(True, True), (False, False), (True, True)]


async def test_ascii_and_no_colour_draw_nothing_else(open_app: Opener) -> None:
    app = open_app(palette_for({"NO_COLOR": "1", "LANG": "C"}))
    assert app.palette.charset is Charset.ASCII
    assert app.palette.mode is ColourMode.NONE
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*"nnnn")
        await pilot.pause()
        for key in ("escape", "w", "question_mark", "colon"):
            await pilot.press("escape", key)
            await pilot.pause()
            assert text_of(app).isascii(), key
        strips = app.screen._compositor.render_strips()
        styles = [style for strip in strips for text, style, _ in strip if style and text.strip()]
        colours = {colour for style in styles for colour in (style.color, style.bgcolor)}
        assert all(colour is None or colour.is_default for colour in colours)


def test_the_ground_is_light_where_the_terminal_says_so() -> None:
    assert not palette_for({"COLORFGBG": "0;15"}).dark
    assert palette_for({"COLORFGBG": "15;0"}).dark
    assert palette_for({}).dark
