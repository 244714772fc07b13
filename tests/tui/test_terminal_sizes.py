"""Terminals that do not know their size or what they are, and what the script sees of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.terminal import GRADSCOPE, Terminal

ASKS = """\
import shutil, subprocess, sys
print("size", *shutil.get_terminal_size(), flush=True)
name = input("your name? ")
print(f"hello {name}", sys.stdin.isatty(), flush=True)
for done in range(0, 101, 10):
    print(f"\\r\\x1b[32m{done:3d}%\\x1b[0m {'#' * (done // 10)}", end="", flush=True)
print()
input()
subprocess.run(["stty", "size"])
input("more? ")
"""

Opened = Callable[..., Terminal]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Opened]:
    opened: list[Terminal] = []

    def opener(
        *options: str, script: str = ASKS, size: tuple[int, int] = (100, 30), **names: str | None
    ) -> Terminal:
        (tmp_path / "ask.py").write_text(script)
        command = [*GRADSCOPE, "run", *options, "ask.py"]
        opened.append(Terminal(tmp_path, command, size=size, environment=names))
        return opened[-1]

    yield opener
    for one in opened:
        one.close()


def test_a_script_asks_and_is_answered_in_the_app(terminal: Opened) -> None:
    shown = terminal()
    shown.type("5m")
    shown.shows("your name?")
    shown.type(">")
    shown.shows("a line for the script")
    shown.type("Ada")
    shown.shows("Ada")
    shown.type("\r")
    shown.shows("hello Ada True")
    shown.shows("100% ##########")
    assert not any(" 90%" in row for row in shown.screen.display)
    row = next(row for row in range(30) if "100%" in shown.screen.display[row])
    column = shown.screen.display[row].index("100%")
    cells = shown.screen.buffer[row]
    assert cells[column].fg != cells[column + 5].fg


def test_the_scripts_terminal_is_as_large_as_the_output_pane(terminal: Opened) -> None:
    shown = terminal()
    shown.type("5m")
    shown.shows("your name?")
    shown.type(">")
    shown.shows("a line for the script")
    shown.type("Ada\r")
    shown.shows("100% ##########")
    shown.type(">")
    shown.shows("a line for the script")
    shown.type("\r")
    shown.shows("more?")
    rows = shown.screen.display
    top = next(number for number, row in enumerate(rows) if "5 Output" in row)
    bottom = next(number for number, row in enumerate(rows) if number > top and "╰" in row)
    columns = rows[top].rindex("╮") - rows[top].index("╭") - 3
    shown.shows(f"{bottom - top - 1} {columns}")


@pytest.mark.parametrize("kept", [{}, {"COLUMNS": "0", "LINES": "0"}], ids=["unset", "zero"])
def test_a_terminal_without_a_size_is_taken_to_be_usual(
    terminal: Opened, kept: dict[str, str]
) -> None:
    shown = terminal(size=(0, 0), **kept)
    shown.shows("starting ask.py")
    shown.type("5")
    shown.shows("your name?")
    shown.type("qq")
    assert shown.code() == 0
    assert shown.is_restored()


def test_a_script_that_deletes_its_terminals_size_changes_nothing(terminal: Opened) -> None:
    shown = terminal(
        script="import subprocess\nsubprocess.run(['stty', 'cols', '0', 'rows', '0'])\n"
        "print('deleted', flush=True)\ninput()\n"
    )
    shown.type("5")
    shown.shows("deleted")
    shown.resize(80, 24)
    shown.shows("deleted")
    shown.type("qq")
    assert shown.code() == 0


@pytest.mark.parametrize("name", ["dumb", None])
def test_a_terminal_that_cannot_place_text_gets_lines(terminal: Opened, name: str | None) -> None:
    shown = terminal(TERM=name)
    shown.shows("your name?")
    assert b"\x1b[?1049h" not in shown.seen
    shown.type("input Ada\r")
    shown.shows("hello Ada True")
    shown.type("input\rinput\r")
    shown.shows("ended without training")
    shown.type("quit\r")
    assert shown.code() == 0


def test_plain_text_in_a_terminal_answers_input(terminal: Opened) -> None:
    shown = terminal("--plain")
    shown.shows("your name?")
    shown.type("input Ada\r")
    shown.shows("hello Ada True")
    assert b"\x1b[?1049h" not in shown.seen
