"""However the program ends, the terminal is as it was and nothing of the run is left."""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.terminal import GRADSCOPE, Terminal, state

TRAIN = """\
import os, subprocess, sys
other = subprocess.Popen(["sleep", "1000"])
open("pids", "w").write(f"{os.getpid()} {other.pid}")
import torch
model = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
"""
LOOP = """\
while True:
    optimizer.zero_grad()
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
"""
WAIT = """\
import os, subprocess
other = subprocess.Popen(["sleep", "1000"])
open("pids", "w").write(f"{os.getpid()} {other.pid}")
print("ready", flush=True)
other.wait()
"""
FLOOD = WAIT.replace("other.wait()", "while True: print('x' * 60)")

Opened = Callable[..., Terminal]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Opened]:
    opened: list[Terminal] = []

    def opener(script: str, *before: str) -> Terminal:
        (tmp_path / "train.py").write_text(script)
        opened.append(Terminal(tmp_path, [*GRADSCOPE, *(before or ("run",)), "train.py"]))
        return opened[-1]

    yield opener
    for one in opened:
        one.close()


def started(shown: Terminal) -> list[int]:
    """Wait for the script; return its process and the one that it has started."""
    file = shown.directory / "pids"
    shown.until(lambda: file.exists() and len(file.read_text().split()) == 2)
    return [int(word) for word in file.read_text().split()]


def gone(shown: Terminal, processes: list[int]) -> bool:
    """Wait until processes are gone; one that nobody waits for any more counts as gone."""
    shown.until(lambda: all(state(process) in {"", "Z"} for process in processes))
    return True


STAGES = {
    "starting": (WAIT, [], "starting train.py"),
    "printing": (FLOOD, [], "starting train.py"),
    "paused": (TRAIN + LOOP, ["paused"], ""),
    "running": (TRAIN + LOOP, ["paused", "c"], "running"),
    "running and printing": (TRAIN + LOOP + "    print('x' * 60)\n", ["paused", "c"], "running"),
}


@pytest.mark.parametrize("stage", [pytest.param(stage, id=stage) for stage in STAGES])
def test_a_closed_terminal_ends_everything(terminal: Opened, stage: str) -> None:
    script, steps, then = STAGES[stage]
    shown = terminal(script)
    processes = started(shown)
    for step in steps:
        if len(step) == 1:
            shown.type(step)
        else:
            shown.shows(step)
    shown.shows(then)
    shown.hang_up()
    assert shown.code() == 128 + signal.SIGHUP
    assert gone(shown, processes)
    recording = shown.recording()
    finished = recording.finished()
    assert finished is not None
    assert finished.how == ("quit" if "paused" in steps else "raised")
    assert recording.ended() is not None
    recording.close()


def test_a_closed_terminal_ends_what_ignores_sighup(terminal: Opened) -> None:
    shown = terminal(WAIT)
    processes = started(shown)
    shown.shows("starting train.py")
    os.kill(shown.process.pid, signal.SIGSTOP)
    shown.until(lambda: state(shown.process.pid) == "T")
    shown.hang_up()
    os.kill(shown.process.pid, signal.SIGCONT)
    assert shown.code() == 128 + signal.SIGHUP
    assert gone(shown, processes)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_program_in_order(terminal: Opened, number: signal.Signals) -> None:
    shown = terminal(WAIT)
    processes = started(shown)
    shown.shows("starting train.py")
    shown.process.send_signal(number)
    assert shown.code() == 128 + number
    assert shown.is_restored()
    assert gone(shown, processes)


def test_a_killed_debugger_takes_the_script_along(terminal: Opened) -> None:
    shown = terminal(FLOOD)
    processes = started(shown)
    shown.shows("starting train.py")
    shown.process.kill()
    assert shown.code() == -signal.SIGKILL
    assert gone(shown, processes)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_script_that_dies_leaves_the_app(terminal: Opened, number: signal.Signals) -> None:
    shown = terminal(WAIT)
    script, other = started(shown)
    shown.shows("starting train.py")
    os.kill(script, number)
    shown.shows(f"killed by signal {number:d} ({number.name})")
    shown.type("q")
    assert shown.code() == 128 + number
    assert shown.is_restored()
    assert gone(shown, [script, other])


def test_ctrl_c_pauses_then_interrupts_then_leaves(terminal: Opened) -> None:
    shown = terminal(TRAIN + LOOP)
    shown.shows("paused")
    shown.type("c")
    shown.shows("running")
    shown.type("\x03")
    shown.shows("paused")
    shown.type("\x03")
    shown.shows("press ctrl+c again to quit")
    shown.type("\x03")
    assert shown.code() == 0
    assert shown.is_restored()


def test_ctrl_c_twice_interrupts_a_script_that_comes_to_no_moment(terminal: Opened) -> None:
    shown = terminal(WAIT)
    shown.shows("starting train.py")
    processes = started(shown)
    shown.type("\x03")
    shown.shows("ctrl+c again interrupts it")
    shown.type("\x03")
    shown.shows("train.py was interrupted")
    shown.type("q")
    assert shown.code() == 128 + signal.SIGINT
    assert gone(shown, processes)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell with jobs")
def test_ctrl_z_stops_the_job_until_fg(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(WAIT.replace("other.wait()", "while True: pass"))
    shell = Terminal(tmp_path, ["bash", "--norc", "-i"], environment={"PS1": "shell% "})
    try:
        shell.shows("shell%")
        shell.type(f"stty -a > before; {sys.executable} -m gradscope run train.py\r")
        script, _ = started(shell)
        shell.shows("starting train.py")
        shell.type("\x1a")
        shell.shows("Stopped")
        shell.until(lambda: state(script) == "T")
        shell.type("stty -a > stopped; bg\r")  # which it may not use the terminal for
        shell.until((tmp_path / "stopped").exists)
        shell.type("clear; fg\r")
        shell.shows("starting train.py")
        shell.until(lambda: state(script) == "R")
        shell.type("qq")
        shell.until(lambda: state(script) == "")
        shell.type("stty -a > after; echo code=$?\r")
        shell.shows("code=0")
    finally:
        shell.type("exit\r")
        shell.code()
        shell.close()
    before = (tmp_path / "before").read_text()
    assert (tmp_path / "stopped").read_text() == before
    assert (tmp_path / "after").read_text() == before


def test_the_screen_goes_at_once_and_finally_blocks_have_their_time(terminal: Opened) -> None:
    body = "".join(f"    {line}\n" for line in LOOP.splitlines())
    last = """\
finally:
    import atexit, signal
    open("finally", "w").write(str(signal.sigwait([signal.SIGUSR1])))
    atexit.register(lambda: print("exits", file=open("atexit", "w")))
    left = open("left", "w")
    left.write("unflushed")
"""
    block = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])\n"
    shown = terminal(block + TRAIN + "try:\n" + body + last)
    shown.shows("paused")
    script, _ = started(shown)
    shown.type("q")
    shown.until(shown.is_restored)
    shown.shows("ending train.py")
    assert shown.process.poll() is None
    os.kill(script, signal.SIGUSR1)
    assert shown.code() == 0
    assert (shown.directory / "finally").read_text() == str(int(signal.SIGUSR1))
    assert (shown.directory / "atexit").read_text() == "exits\n"
    assert (shown.directory / "left").read_text() == "unflushed"


def test_an_expression_that_takes_forever_does_not_keep_the_app(terminal: Opened) -> None:
    shown = terminal(TRAIN + LOOP)
    shown.shows("paused")
    processes = started(shown)
    shown.type(":")
    shown.shows("a command")
    shown.type("print other.wait()")
    shown.shows("print other.wait()")
    shown.type("\r")
    shown.until(lambda: "print other.wait()" not in "\n".join(shown.screen.display))
    shown.type("q")
    assert shown.code() == 0
    assert shown.is_restored()
    assert gone(shown, processes)


def test_a_terminal_that_takes_no_output_does_not_keep_the_program(terminal: Opened) -> None:
    shown = terminal(FLOOD)
    processes = started(shown)
    shown.shows("starting train.py")
    shown.process.send_signal(signal.SIGTERM)
    shown.process.wait(60)  # nothing is read from the terminal meanwhile
    assert shown.process.returncode == 128 + signal.SIGTERM
    assert gone(shown, processes)
