"""Makes docs/screen.svg: the main screen on the CIFAR-10 demo, stopped after a backward.

Run it from an environment with gradscope and torch: ``python docs/make_screen.py``. Blocks and
braille are drawn as shapes, for the fonts of browsers leave gaps between them.
"""

# ruff: noqa: INP001, SLF001  # a script, no package; the drawn rows have no public name

import asyncio
import tempfile
from collections.abc import Iterable
from html import escape
from pathlib import Path

from rich.style import Style
from rich.terminal_theme import DIMMED_MONOKAI
from textual.pilot import Pilot
from textual.strip import Strip

from gradscope.session.child import LaunchSpec
from gradscope.session.live import start
from gradscope.session.source import RunState, Session
from gradscope.tui.app import GradscopeApp

HERE = Path(__file__).parent
SIZE = (120, 40)
ITERATIONS = 150
WIDTH, HEIGHT = 10, 20
FONTS = "'DejaVu Sans Mono','JetBrains Mono',Menlo,Consolas,'Liberation Mono',monospace"
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of each of the eight dots of a braille sign, by its bit."""


async def photograph(session: Session) -> list[Strip]:
    """Train for a while, stop after a backward, and return the rows of the screen."""
    app = GradscopeApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await stopped(pilot, session)
        await pilot.press("r", *str(ITERATIONS), "enter")
        await stopped(pilot, session)
        await pilot.press("g", *f"{ITERATIONS + 1}:backward", "enter")
        await stopped(pilot, session)
        return list(app.screen._compositor.render_strips())


async def stopped(pilot: Pilot[int], session: Session) -> None:
    """Wait until the run is stopped and the screen shows all there is to show."""
    await pilot.pause()
    await asyncio.to_thread(session.wait)
    if session.state is not RunState.PAUSED:
        raise SystemExit(f"the demo ended: {session.problem}")
    for _ in range(3):
        await pilot.pause(0.2)
        await pilot.app.workers.wait_for_complete()


def colours(style: Style | None) -> tuple[str, str]:
    """Return the colour of the signs and that of the ground, as hexadecimal."""
    style = style or Style()
    found = [
        colour.get_truecolor(DIMMED_MONOKAI, foreground=foreground).hex
        for colour, foreground in ((style.color, True), (style.bgcolor, False))
        if colour is not None
    ]
    return (found[0], found[-1]) if len(found) == 2 else ("#c9d1d9", "#0e1116")


def rectangle(x: float, y: float, width: float, height: float, fill: str) -> str:
    """Return a filled rectangle."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}"/>'


def shapes(sign: str, count: int, x: int, y: int, fill: str) -> str | None:
    """Return ``count`` equal signs as shapes; None for what a font draws well."""
    code, width = ord(sign), count * WIDTH
    if 0x2580 <= code <= 0x2588:
        tall = HEIGHT * ((code - 0x2580) or 4) / 8
        top = y if sign == "▀" else y + HEIGHT - tall
        return rectangle(x, top, width, tall, fill)
    if sign in "─━┈┄":
        middle, thick = y + HEIGHT / 2, 2 if sign == "━" else 1
        dashes = ' stroke-dasharray="1 2"' if sign in "┈┄" else ""
        line = f"M{x} {middle:g}h{width}"
        return f'<path d="{line}" stroke="{fill}" stroke-width="{thick}"{dashes}/>'
    if sign == "│":
        return "".join(rectangle(x + n * WIDTH + 4.5, y, 1, HEIGHT, fill) for n in range(count))
    if sign in "╭╮╰╯":
        across, down = (5 if sign in "╭╰" else -5), (10 if sign in "╭╮" else -10)
        path = f"M{x + 5 + across} {y + 10}h{-across / 5:g}q{-across * 0.8:g} 0 "
        path += f"{-across * 0.8:g} {down * 0.4:g}V{y + 10 + down}"
        return f'<path d="{path}" fill="none" stroke="{fill}"/>'
    if 0x2800 <= code <= 0x28FF:
        places = [DOTS[bit] for bit in range(8) if (code - 0x2800) >> bit & 1]
        path = "".join(
            f"M{x + n * WIDTH + 1 + 5 * column} {y + 1 + 5 * line}h3v3h-3z"
            for n in range(count)
            for column, line in places
        )
        return f'<path d="{path}" fill="{fill}"/>'
    return None


def runs(text: str) -> Iterable[tuple[str, int]]:
    """Split a text into words, which a font draws, and runs of equal signs for shapes."""
    start = 0
    while start < len(text):
        end = start + 1
        if shapes(text[start], 1, 0, 0, "") is None and text[start] != " ":
            while end < len(text) and text[end] != " " and shapes(text[end], 1, 0, 0, "") is None:
                end += 1
        else:
            while end < len(text) and text[end] == text[start]:
                end += 1
        yield text[start:end], start
        start = end


def draw_row(strip: Strip, y: int) -> Iterable[str]:
    """Return the elements of one row of the screen."""
    column = 0
    for segment in strip:
        ink, ground = colours(segment.style)
        yield rectangle(column * WIDTH, y, segment.cell_length * WIDTH, HEIGHT, ground)
        for word, offset in runs(segment.text):
            x = (column + offset) * WIDTH
            drawn = shapes(word[0], len(word), x, y, ink)
            if drawn is not None:
                yield drawn
            elif word.strip():
                bold = ' font-weight="bold"' if segment.style and segment.style.bold else ""
                wide = f' textLength="{len(word) * WIDTH}"' if len(word) > 1 else ""
                yield f'<text x="{x}" y="{y + 15}"{wide}{bold} fill="{ink}">{escape(word)}</text>'
        column += segment.cell_length


def draw(strips: list[Strip]) -> str:
    """Return the screen as SVG."""
    width, height = SIZE[0] * WIDTH, SIZE[1] * HEIGHT
    rows = [part for line, strip in enumerate(strips) for part in draw_row(strip, line * HEIGHT)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="{FONTS}" font-size="16.6" shape-rendering="crispEdges">'
        "<title>gradscope stopped after a backward</title>"
    )
    return "\n".join([head, *rows, "</svg>", ""])


def main() -> None:
    """Run the demo and write the picture."""
    demo = LaunchSpec(str(HERE.parent / "demos" / "cifar10.py"), args=("--pictures", "6400"))
    with tempfile.TemporaryDirectory() as folder:
        session = start(demo, recording_path=Path(folder) / "run.gscope", terminal=True)
        try:
            strips = asyncio.run(photograph(session))
        finally:
            session.close()
    (HERE / "screen.svg").write_text(draw(strips), encoding="utf-8")


if __name__ == "__main__":
    main()
