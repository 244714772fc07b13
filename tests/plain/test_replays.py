"""Replay files on real scripts: whole sessions, with every number checked."""

import subprocess
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., subprocess.CompletedProcess[str]]

HOLDS = """\
run train.py --fast
# One step of SGD on two points, worked by hand.
expect iteration == 1 and epoch == 1 and phase == "forward" and line == 24
expect shape(activation("fc")) == (2, 1) and zeros(activation("fc")) == 2
next
expect loss == approx(10) and lr == 0.1 and phase == "loss"
next 2
expect grad("fc.weight")[0, 0] == approx(-10) and grad("fc.bias") == approx(-6)
expect norm(grad("fc.weight")) ** 2 + norm(grad("fc.bias")) ** 2 == approx(grad_norm ** 2)
expect grad_output("fc") == approx(-3, abs=1.01) and mean(grad_output("fc")) == approx(-3)
next
expect weight("fc.weight")[0, 0] == approx(1) and update("fc.bias")[0] == approx(0.6)
expect state("fc.weight", "momentum_buffer")[0, 0] == approx(-10)
goto 2:zero_grad
expect grad("fc.weight") is None and loss == approx(1.06)
into
expect norm(grad_output("")) > 0
out
expect phase == "backward" and grad("fc.weight") == approx(-3.2)
run 1
expect update("fc.weight") == approx(0.1 * 12.2) and not isnan(loss)
continue
expect iteration == 3 and phase == "step"
"""


def test_a_replay_checks_every_number(gradscope: Run, train: Path, tmp_path: Path) -> None:
    (tmp_path / "a.replay").write_text(HOLDS)
    result = gradscope("replay", "a.replay")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    assert "> goto 2:zero_grad\niteration 2, epoch 1, zero_grad: zero_grad set 2" in result.stdout
    assert "left ['--fast']" in result.stdout
    assert train.exists()


def test_the_line_that_fails_is_shown(gradscope: Run, train: Path, tmp_path: Path) -> None:
    (tmp_path / "a.replay").write_text('next 3\nexpect grad("fc.weight") is None\nnext\n')
    result = gradscope("replay", "a.replay", train.name)
    assert result.returncode == 1
    assert result.stderr.startswith(
        'a.replay:2: expect grad("fc.weight") is None\ngrad("fc.weight"): measured a 1×1'
    )


def test_a_script_that_ends_too_soon_fails_the_line(gradscope: Run, tmp_path: Path) -> None:
    (tmp_path / "short.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "a.replay").write_text("goto 9\n")
    result = gradscope("replay", "a.replay", "short.py")
    assert result.returncode == 1
    assert result.stderr.startswith("a.replay:1: goto 9\nshort.py exited with code 3\n")


def test_keys_drive_the_screen(gradscope: Run, train: Path, tmp_path: Path) -> None:
    (tmp_path / "a.replay").write_text(
        'press n n\nexpect phase == "zero_grad" and iteration == 1\n'
        'goto 2:loss\npress n n\nexpect phase == "backward" and iteration == 2\n'
    )
    result = gradscope("replay", "a.replay", train.name)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_saved_session_can_be_replayed(gradscope: Run, train: Path, tmp_path: Path) -> None:
    commands = "next 3\nshow loss\ngoto 3:backward\nsave it.replay\nq\nnext\n"
    result = gradscope("run", train.name, "--lr", "-o", "--json", "--", commands=commands)
    assert result.returncode == 0, result.stderr
    assert "saved the commands so far to it.replay" in result.stdout
    assert result.stdout.splitlines()[-1] == "left ['--lr', '-o', '--json', '--']"
    assert (tmp_path / "it.replay").read_text().splitlines()[1:] == [
        "run train.py --lr -o --json --",
        "next 3",
        "show loss",
        "goto 3:backward",
    ]
    with (tmp_path / "it.replay").open("a") as file:
        file.write("expect iteration == 3 and loss == approx(2.7346, abs=1e-4)\n")
    again = gradscope("replay", "it.replay")
    assert again.returncode == 0, again.stdout + again.stderr
