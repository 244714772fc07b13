"""Whole sessions in text, on a real script in a real child."""

import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

COMMANDS = """\
# comments and empty lines are no commands

next
n 2
show grad fc.weight
show grad fc.weight[0, 0]
print (iteration, tuple(x.shape))
next
show state fc.weight momentum_buffer
layers
nxt
run 1
plot
output 1
select fc.weight
goto 3:backward
show before grad fc.weight
continue
next
"""

ANSWERS = """\
iteration 1, epoch 1, forward: forward ran Net and changed no weight
  at train.py:24 in <module>: loss = nn.functional.mse_loss(net(x), y)
  lr 0.1000
iteration 1, epoch 1, loss: mse_loss gave 10.00, the mean over 2×1
  at train.py:24 in <module>: loss = nn.functional.mse_loss(net(x), y)
  loss 10.00, lr 0.1000
iteration 1, epoch 1, backward: backward filled 2 grads, norm 11.66
  at train.py:26 in <module>: loss.backward()
  loss 10.00, lr 0.1000, norm of all grads 11.66
grad fc.weight: 1×1 float32
  norm 10.00, mean −10.00, std 0, min −10.00, max −10.00
  [[-10.]]
grad fc.weight: scalar float32, part of 1×1
  -10.
(0, (2, 1))
iteration 1, epoch 1, step: SGD moved 2 weights by at most 1.0000
  at train.py:27 in <module>: optimizer.step()
  loss 10.00, lr 0.1000, norm of all grads 11.66
state fc.weight momentum_buffer: 1×1 float32
  [[-10.]]
parameter  shape  std of w  norm of g  lg dw/w  health
"""


def test_a_session_in_text(gradscope: Run, train: Path) -> None:
    result = gradscope("run", "--plain", train.name, commands=COMMANDS)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    text = result.stdout
    assert text.startswith(ANSWERS)
    assert not set("│┌─┐┤╭\x1b") & set(text)
    rest = text.removeprefix(ANSWERS).splitlines()
    assert rest[0].split()[:5] == ["fc.weight", "1×1", "0", "10.00", "0"]
    assert rest[2] == "error: there is no command 'nxt'; did you mean next?"
    assert rest[3:6] == [
        "loss 10.0",
        "iteration 2, epoch 1, step: SGD moved 2 weights by at most 1.2200",
        "  at train.py:27 in <module>: optimizer.step()",
    ]
    assert rest[7] == ("loss over iterations 1 to 2: from 10.00 to 1.0600, lowest 1.0600 at 2")
    assert rest[-11:] == [
        "loss 10.0",
        "copies of fc.weight are kept before and after each phase",
        "loss 1.06",
        "iteration 3, epoch 1, backward: backward filled 2 grads, norm 6.0410",
        "  at train.py:26 in <module>: loss.backward()",
        "  loss 2.7346, lr 0.1000, norm of all grads 6.0410",
        "before grad fc.weight is None",
        "loss 2.7346",
        "left []",
        "train.py ended; its last moment was iteration 3, step",
        "error: train.py ended",
    ]


def test_json_is_one_object_a_line(gradscope: Run, train: Path) -> None:
    commands = "goto 2:backward\nshow grad fc.weight\nlayers\nxyzzy\ncontinue\n"
    result = gradscope("run", "--json", "-o", "a.gscope", train.name, commands=commands)
    assert result.returncode == 0, result.stderr
    events = [json.loads(line) for line in result.stdout.splitlines()]
    told = [event["event"] for event in events if event["event"] != "output"]
    assert told == ["stop", "answer", "answer", "answer", "error", "answer", "end"]
    printed = "".join(event["text"] for event in events if event["event"] == "output")
    assert printed == "loss 10.0\nloss 1.06\nloss 2.7346\nleft []\n"
    answers = {event["command"]: event for event in events if event["event"] == "answer"}
    data = answers["goto 2:backward"]["data"]
    assert (data["iteration"], data["phase"], data["line"]["line"]) == (2, "backward", 26)
    assert data["loss"] == pytest.approx(1.06)
    assert answers["show grad fc.weight"]["data"]["values"] == [[pytest.approx(-3.2)]]
    assert [row["parameter"] for row in answers["layers"]["data"]["layers"]] == [
        "fc.weight",
        "fc.bias",
    ]
    assert answers["continue"]["data"]["state"] == "ended"
    again = gradscope("view", "a.gscope", commands="goto 2:backward\nprint loss\nq\n")
    assert again.returncode == 0, again.stderr
    assert "backward filled 2 grads" in again.stdout
    assert again.stdout.splitlines()[-1].startswith("loss = 1.06")
    assert "left" not in again.stdout


def test_a_module_with_arguments(gradscope: Run, tmp_path: Path) -> None:
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "train.py").write_text("import sys\nprint(__name__, sys.argv[1:])\n")
    result = gradscope("run", "-m", "pkg.train", "--plain", "-m", "x")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("__main__ ['--plain', '-m', 'x']\n")


def test_input_is_answered_before_and_while_the_script_runs(gradscope: Run, tmp_path: Path) -> None:
    (tmp_path / "ask.py").write_text("print(input('a? '))\nprint(input('b? '))\n")
    result = gradscope("run", "ask.py", commands="input one\ninput two three\n")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("a? one\nb? two three\n")


ENDLESS = """\
try:
    while True:
        print("here", flush=True)
except KeyboardInterrupt:
    pass
finally:
    open("ended", "w").close()
"""


@pytest.mark.parametrize("way", ["reader leaves", "SIGTERM"])
def test_the_script_ends_with_its_debugger(
    environment: dict[str, str], tmp_path: Path, way: str
) -> None:
    (tmp_path / "endless.py").write_text(ENDLESS)
    with subprocess.Popen(
        [sys.executable, "-m", "gradscope", "run", "endless.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment,
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        assert run.stdout.readline() == b"here\n"
        if way == "SIGTERM":
            run.terminate()
            run.stdout.read()
        else:
            run.stdout.close()
        error = run.stderr.read()
        run.wait(timeout=60)
    number = signal.SIGTERM if way == "SIGTERM" else signal.SIGPIPE
    assert (run.returncode, error) == (128 + number, b"")
    assert (tmp_path / "ended").exists()


class Terminal:
    """A gradscope in a terminal, to type into and to wait for what it writes."""

    def __init__(self, *arguments: str, directory: Path, environment: dict[str, str]) -> None:
        self.near, far = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gradscope", *arguments],
            stdin=far,
            stdout=far,
            stderr=far,
            cwd=directory,
            env=environment,
            preexec_fn=_own_terminal,  # noqa: PLW1509  # the terminal must be its controlling one
        )
        os.close(far)
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self.near, text.encode())

    def wait_for(self, text: str) -> str:
        """Return what was written up to and including ``text``."""
        deadline = time.monotonic() + 60
        while text not in self.seen:
            ready, _, _ = select.select([self.near], [], [], max(0, deadline - time.monotonic()))
            assert ready, self.seen
            self.seen += os.read(self.near, 65536).decode()
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def press_until(self, keys: str, text: str) -> str:
        """Press keys, again after two quiet seconds, until ``text`` is written.

        readline does not heed a signal that comes just before it starts to listen.
        """
        while text not in self.seen:
            self.type(keys)
            while text not in self.seen and select.select([self.near], [], [], 2)[0]:
                self.seen += os.read(self.near, 65536).decode()
        return self.wait_for(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.near)


def _own_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_in_a_terminal_there_is_a_prompt_and_ctrl_c_pauses(
    train: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    train.write_text(train.read_text().replace("range(3)", "iter(int, 1)"))
    with Terminal(
        *("run", "--plain", train.name), directory=tmp_path, environment=environment
    ) as terminal:
        terminal.wait_for("(gradscope) ")
        terminal.type("n\n")
        assert "iteration 1, epoch 1, loss" in terminal.wait_for("(gradscope) ")
        terminal.type("\n")
        assert "iteration 1, epoch 1, zero_grad" in terminal.wait_for("(gradscope) ")
        terminal.type("continue\n")
        terminal.wait_for("loss 1.06")
        terminal.type("\x03")
        assert "iteration" in terminal.wait_for("(gradscope) ")
        terminal.press_until("\x03", "quit ends the script and leaves")
        terminal.wait_for("(gradscope) ")
        terminal.type("print len(x)\n")
        assert "\n2\r\n" in terminal.wait_for("(gradscope) ")
        terminal.type("\x04")
        terminal.wait_for("left []")
        assert terminal.process.wait(timeout=60) == 0
