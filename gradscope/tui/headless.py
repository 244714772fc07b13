"""The Textual front end without a terminal: keys come from a program, such as a replay."""

import asyncio
from collections.abc import Callable, Sequence

from textual.pilot import Pilot

from gradscope.session.source import RunState, Session
from gradscope.tui.app import GradscopeApp

SIZE = (120, 40)
_ENDLESS = "continue"


def drive(session: Session, work: Callable[[Callable[[Sequence[str]], None]], int]) -> int:
    """Show ``session`` on a screen of 120 by 40 that nobody sees; return what ``work`` returns.

    ``work`` runs in a thread of its own and gets a function that presses keys, as Textual names
    them. After each key it waits until the screen has handled it and, unless the key was to
    run on without end, until the run has stopped.
    """
    return asyncio.run(_drive(session, work))


async def _drive(session: Session, work: Callable[[Callable[[Sequence[str]], None]], int]) -> int:
    app = GradscopeApp(session)
    loop = asyncio.get_running_loop()
    async with app.run_test(size=SIZE) as pilot:

        def press(keys: Sequence[str]) -> None:
            for key in keys:
                asyncio.run_coroutine_threadsafe(_press(pilot, session, key), loop).result()

        return await asyncio.to_thread(work, press)


async def _press(pilot: Pilot[int], session: Session, key: str) -> None:
    await pilot.press(key)
    await pilot.app.workers.wait_for_complete(
        [worker for worker in pilot.app.workers if worker.group == "commands"]
    )
    endless = session.history[-1:] == [_ENDLESS]
    if session.state is RunState.RUNNING and not endless:
        await asyncio.to_thread(session.wait)
    await pilot.pause()
