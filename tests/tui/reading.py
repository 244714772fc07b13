"""What an app shows, as text."""

import asyncio
from collections.abc import Callable

from rich.style import Style
from textual.pilot import Pilot

from gradscope.tui.app import GradscopeApp


def text_of(app: GradscopeApp, within: str | None = None) -> str:
    """Return the characters on the screen, or in a widget's content, one line a row."""
    strips = app.screen._compositor.render_strips()
    if within is None:
        return "\n".join(strip.text for strip in strips)
    region = app.screen.query_one(within).content_region
    rows = strips[region.y : region.bottom]
    return "\n".join(strip.crop(region.x, region.right).text for strip in rows)


def styles_of(app: GradscopeApp) -> str:
    """Return a map of the screen with a letter for each style, and what the letters mean."""
    letters: dict[Style, str] = {}
    rows = []
    for strip in app.screen._compositor.render_strips():
        row = ""
        for text, style, _ in strip:
            plain = Style.parse(str(style or ""))
            letter = letters.setdefault(plain, chr(ord("A") + len(letters)))
            row += letter * len(text)
        rows.append(row)
    return "\n".join([*rows, *(f"{letter} {style}" for style, letter in letters.items())])


async def until(pilot: Pilot[int], condition: Callable[[], bool]) -> None:
    """Let the app go on until a condition holds."""
    try:
        async with asyncio.timeout(60):
            while not condition():
                await pilot.pause(0.01)
    except TimeoutError:
        raise AssertionError(f"it never came:\n{text_of(_app(pilot))}") from None


async def shows(pilot: Pilot[int], text: str) -> None:
    """Let the app go on until the screen shows ``text``."""
    await until(pilot, lambda: text in text_of(_app(pilot)))


def _app(pilot: Pilot[int]) -> GradscopeApp:
    assert isinstance(pilot.app, GradscopeApp)
    return pilot.app
