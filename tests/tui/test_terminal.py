"""The program in a real terminal: what it leaves behind, however it ends."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.terminal import GRADSCOPE, Terminal, state

SCRIPT = """\
import os, sys
import torch

open("pid", "w").write(str(os.getpid()))
model = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(int(sys.argv[1])):
    optimizer.zero_grad()
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
sys.exit(3)
"""


Opened = Callable[..., Terminal]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Opened]:
    opened: list[Terminal] = []
    (tmp_path / "train.py").write_text(SCRIPT)

    def opener(*arguments: str) -> Terminal:
        opened.append(Terminal(tmp_path, [*GRADSCOPE, "run", "train.py", *arguments]))
        return opened[-1]

    yield opener
    for one in opened:
        one.close()


def child(directory: Path) -> int:
    """The process of the script."""
    return int((directory / "pid").read_text())


def test_a_run_to_its_end_in_a_terminal_that_shrinks_and_grows(terminal: Opened) -> None:
    shown = terminal("2")
    shown.shows("paused")
    for columns, rows in [(20, 5), (100, 30)]:
        shown.resize(columns, rows)
        shown.shows("1 Layers")
    shown.shows("4 train.py")
    shown.type(":print 6 * 7\r")  # at once, as from a clipboard
    shown.shows(" 42")
    shown.type("nnn")  # faster than the script goes
    shown.shows("What backward did")
    shown.type("c")
    shown.shows("exit 3")
    shown.shows("train.py exited with code 3")
    shown.type("q")
    assert shown.code() == 3
    assert shown.is_restored()


def test_a_quit_in_the_middle_leaves_nothing_running(terminal: Opened, tmp_path: Path) -> None:
    shown = terminal("1000000")
    shown.shows("paused")
    shown.type("c")
    shown.shows("running")
    shown.type("qq")
    assert shown.code() == 0
    assert shown.is_restored()
    assert state(child(tmp_path)) == ""
