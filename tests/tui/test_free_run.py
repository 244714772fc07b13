"""Pausing a run that went on without stops: what is shown then."""

from collections.abc import Callable

from gradscope.session.source import RunState
from gradscope.tui.app import GradscopeApp
from gradscope.tui.widgets import TensorPane
from tests.tui.conftest import Starter
from tests.tui.reading import shows, text_of, until

CONVOLUTION = """\
import torch

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.Flatten(), torch.nn.Linear(12, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
while True:
    optimizer.zero_grad()
    model(torch.ones(1, 2, 4, 4)).pow(2).sum().backward()
    optimizer.step()
"""


def beyond(app: GradscopeApp, seq: int) -> Callable[[], bool]:
    """Whether the run has gone past a moment."""
    return lambda: (app.session.cursor or 0) > seq


async def test_a_free_run_is_paused_on_a_convolution(run: Starter) -> None:
    app = GradscopeApp(run(CONVOLUTION))
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "paused")
        await pilot.press("f")
        await shows(pilot, "3×2×3×3 float32")
        for _ in range(3):
            await pilot.press("c")
            await shows(pilot, "▶ running")
            await until(pilot, beyond(app, (app.session.cursor or 0) + 20))
            await pilot.press("P")
            await until(pilot, lambda: app.session.state is RunState.PAUSED)
            await shows(pilot, "‖ paused")
            # What is drawn of kernels can only be exact: the child was asked for them.
            await until(pilot, lambda: "≈" not in text_of(app, "TensorPane"))
            assert app.screen.query_one(TensorPane).kernel_axes == 2
        await pilot.press("q")
    assert app.return_value == 0
