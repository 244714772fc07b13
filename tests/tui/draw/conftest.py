"""What a drawing looks like: its rows, and which colour each run of cells has."""

from collections.abc import Callable, Sequence

import pytest
from textual.strip import Strip

StyleMap = list[list[tuple[str, str]]]


def _map(strips: Sequence[Strip]) -> StyleMap:
    lines: StyleMap = []
    for strip in strips:
        runs: list[tuple[str, str]] = []
        for text, style, _ in strip.simplify():
            colour = "" if style is None or style.color is None else style.color.name
            runs.append((text, colour))
        lines.append(runs)
    return lines


@pytest.fixture
def style_map() -> Callable[[Sequence[Strip]], StyleMap]:
    """Return a function from strips to runs of text with the name of their foreground."""
    return _map
