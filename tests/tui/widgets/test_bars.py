from gradscope.core.words import Phase
from gradscope.session.view import Mark, PhaseMark
from gradscope.tui.draw.palette import Charset, ColourMode, Palette
from gradscope.tui.widgets import HeaderBar, HeaderInfo, PhaseBar, StateKind
from tests.tui.widgets.stage import Stage

ASCII = Palette(mode=ColourMode.NONE, charset=Charset.ASCII)
INFO = HeaderInfo(
    "train.py", "Net", "SGD lr 0.0200 m 0.9", 1284, 3, "cpu 2 thr", "paused", StateKind.PAUSED
)


def mark(phase: Phase, kind: Mark, seconds: float | None = None, count: int = 1) -> PhaseMark:
    seq = None if kind is Mark.AHEAD else 1
    progress = "5/10" if kind is Mark.CURRENT else ""
    return PhaseMark(phase, kind, count, seconds, seq, progress)


MARKS = [
    mark(Phase.BATCH, Mark.DONE, 0.00041),
    mark(Phase.FORWARD, Mark.DONE, 0.00623, 4),
    mark(Phase.BACKWARD, Mark.CURRENT, 0.01184),
    mark(Phase.STEP, Mark.AHEAD),
]


async def test_header_tells_all_where_it_fits() -> None:
    bar = HeaderBar()
    app = Stage(bar)
    async with app.run_test(size=(105, 2)) as pilot:
        bar.show(INFO)
        await pilot.pause()
        assert app.lines()[0] == (
            " ∂ gradscope │ train.py · Net · SGD lr 0.0200 m 0.9     "
            "iteration 1\xa0284   epoch 3   cpu 2 thr   ‖ paused"
        )


async def test_header_drops_what_matters_least() -> None:
    bar = HeaderBar()
    app = Stage(bar, ASCII)
    async with app.run_test(size=(66, 2)) as pilot:
        bar.show(INFO)
        await pilot.pause()
        assert app.lines()[0] == (
            " d gradscope | train.py      iteration 1,284   epoch 3   = paused"
        )
        await pilot.resize_terminal(14, 2)
        await pilot.pause()
        assert app.lines()[0].endswith("= paused")


async def test_header_says_what_is_starting() -> None:
    bar = HeaderBar()
    app = Stage(bar)
    async with app.run_test(size=(60, 2)) as pilot:
        bar.show(HeaderInfo("train.py", state="starting train.py…"))
        await pilot.pause()
        assert "… starting train.py…" in app.lines()[0]


async def test_phases_have_ticks_times_and_counts() -> None:
    bar = PhaseBar()
    app = Stage(bar)
    async with app.run_test(size=(80, 3)) as pilot:
        bar.show(MARKS)
        await pilot.pause()
        assert app.lines()[:2] == [
            " ✓ batch ━━━━━━━━━━━ ✓ forward ×4 ━━━━━━━━━━━ ▶ backward ┄┄┄┄┄┄┄┄┄┄ ○ step",
            "   0.41 ms             6.23 ms                  11.84 ms · 5/10       –",
        ]


async def test_a_short_bar_and_a_narrow_one_keep_the_current_phase() -> None:
    bar = PhaseBar()
    bar.styles.height = 1
    app = Stage(bar, ASCII)
    async with app.run_test(size=(24, 3)) as pilot:
        bar.show(MARKS)
        await pilot.pause()
        lines = app.lines()
        assert "> backward" in lines[0]
        assert lines[0].startswith("~")
        assert lines[1] == ""


async def test_a_phase_behind_can_be_picked() -> None:
    bar = PhaseBar()
    app = Stage(bar)
    async with app.run_test(size=(80, 3), message_hook=app.hear) as pilot:
        bar.show(MARKS)
        await pilot.pause()
        await pilot.click(bar, offset=(4, 0))
        await pilot.click(bar, offset=(70, 0))
        picked = [message.mark for message in app.heard if isinstance(message, PhaseBar.Picked)]
        assert picked == [MARKS[0]]


async def test_many_phases_keep_whole_times() -> None:
    bar = PhaseBar()
    app = Stage(bar)
    names = [Phase.FORWARD, Phase.LOSS, Phase.STEP, Phase.LOSS, Phase.STEP, Phase.LOSS]
    marks = [PhaseMark(name, Mark.DONE, 1, 0.00005, 1, "") for name in names[:-1]]
    async with app.run_test(size=(64, 3)) as pilot:
        bar.show([*marks, PhaseMark(names[-1], Mark.CURRENT, 1, 0.0123, 1, "")])
        await pilot.pause()
        assert app.lines()[:2] == [
            " ✓ forward  ✓ loss ━━ ✓ step ━━ ✓ loss ━━ ✓ step ━━ ▶ loss",
            "   0.05 ms    0.05 ms   0.05 ms   0.05 ms   0.05 ms   12.30 ms",
        ]
