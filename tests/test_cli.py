"""The command line: what it accepts, what it says, and how fast it says it."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gradscope import __version__, cli
from gradscope.session.child import LaunchSpec
from gradscope.session.demos import demos
from gradscope.session.targets import TargetError, check_target

ROOT = Path(__file__).parents[1]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[LaunchSpec, dict[str, object]]]:
    """Return what the command line would have started, with its options."""
    calls: list[tuple[LaunchSpec, dict[str, object]]] = []

    def record(spec: LaunchSpec, **options: object) -> None:
        calls.append((spec, {name: value for name, value in options.items() if value}))

    monkeypatch.setattr(cli, "_open", record)
    return calls


@pytest.mark.parametrize(
    ("line", "spec", "options"),
    [
        ("run train.py", LaunchSpec("train.py"), {}),
        (
            "run --plain -o a.gscope train.py",
            LaunchSpec("train.py"),
            {"plain": True, "output": "a.gscope"},
        ),
        (
            "run train.py --plain -o x --help -- -m",
            LaunchSpec("train.py", args=("--plain", "-o", "x", "--help", "--", "-m")),
            {},
        ),
        (
            "run --json --eager train.py -v",
            LaunchSpec("train.py", args=("-v",), eager=True),
            {"json": True},
        ),
        ("run -m pkg.train --help", LaunchSpec("pkg.train", module=True, args=("--help",)), {}),
        (
            "run --plain -m pkg -m x",
            LaunchSpec("pkg", module=True, args=("-m", "x")),
            {"plain": True},
        ),
        ("run -- --odd.py -x", LaunchSpec("--odd.py", args=("-x",)), {}),
        ("demo spirals --help", LaunchSpec(str(ROOT / "demos/spirals.py"), args=("--help",)), {}),
        ("", LaunchSpec(str(ROOT / "demos/cifar10.py")), {}),
    ],
)
def test_what_is_started(
    opened: list[tuple[LaunchSpec, dict[str, object]]],
    line: str,
    spec: LaunchSpec,
    options: dict[str, object],
) -> None:
    result = CliRunner().invoke(cli.main, line.split())
    assert result.exit_code == 0, result.output
    assert opened == [(spec, options)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("run", "run takes a script"),
        ("run nowhere.py", "nowhere.py does not exist"),
        ("run .", ". is a directory; name the script in it"),
        ("run -m no.such.module", "there is no module 'no'"),
        ("run -m json.nothing", "there is no module 'json.nothing'"),
        ("run -m importlib", "the package 'importlib' has no __main__"),
        ("run -o missing/a.gscope demos/linear_regression.py", "missing"),
        ("demo cifar", "there is no demo 'cifar'; there are cifar10"),
        ("view nowhere.gscope", "nowhere.gscope"),
        ("view README.md", "README.md"),
        ("replay", "replay takes a file"),
        ("replay nowhere.replay", "nowhere.replay cannot be read: No such file"),
    ],
)
def test_errors_are_one_line_and_exit_with_2(
    monkeypatch: pytest.MonkeyPatch, line: str, message: str
) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(cli.main, line.split())
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("gradscope: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_replay_without_a_script(tmp_path: Path) -> None:
    (tmp_path / "a.replay").write_text("next\n")
    result = CliRunner().invoke(cli.main, ["replay", str(tmp_path / "a.replay")])
    assert result.exit_code == 2
    assert "name the script after the file" in result.stderr
    (tmp_path / "a.replay").write_text("run train.py\nexpect los == 1\n")
    result = CliRunner().invoke(cli.main, ["replay", str(tmp_path / "a.replay")])
    assert result.exit_code == 2
    assert "a.replay:2: there is no name 'los'; did you mean loss?" in result.stderr
    assert result.stderr.endswith("los == 1\n^\n")


def test_a_script_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    with pytest.raises(TargetError, match="permission denied"):
        check_target(LaunchSpec(str(tmp_path / "train.py")))


@pytest.mark.parametrize("target", ["a\0b", "x" * 5000])
def test_no_path_at_all(target: str) -> None:
    with pytest.raises(TargetError):
        check_target(LaunchSpec(target))


def test_demos_are_listed_with_what_they_are() -> None:
    result = CliRunner().invoke(cli.main, ["demo"])
    assert result.exit_code == 0
    names = [line.split()[0] for line in result.stdout.splitlines()]
    assert names == [demo.name for demo in demos()]
    assert {"cifar10", "linear_regression", "spirals"} <= set(names)
    assert all(len(line.split()) > 3 for line in result.stdout.splitlines())


def test_the_version() -> None:
    assert (
        CliRunner().invoke(cli.main, ["--version"]).stdout == f"gradscope, version {__version__}\n"
    )


def test_help_answers_in_a_third_of_a_second_of_cpu_time() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "gradscope", "--help"], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3


def test_every_command_has_help() -> None:
    assert isinstance(cli.main, click.Group)
    for name in cli.main.commands:
        for option in ("-h", "--help"):
            result = CliRunner().invoke(cli.main, [name, option])
            assert result.exit_code == 0
            assert result.stdout.startswith("Usage: main " + name)
