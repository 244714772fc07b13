"""What is promised in words is there, and the source keeps its own rules."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gradscope import __version__, cli
from gradscope.session import language
from gradscope.tui.actions import Action, all_actions

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SOURCES = sorted((ROOT / "gradscope").rglob("*.py"))


def command_paths(command: click.Command, path: str) -> list[str]:
    if isinstance(command, click.Group):
        return [
            name
            for child, subcommand in command.commands.items()
            for name in command_paths(subcommand, f"{path} {child}")
        ]
    return [path]


@pytest.mark.parametrize("path", command_paths(cli.main, "gradscope"))
def test_the_readme_shows_every_command_of_the_shell(path: str) -> None:
    assert re.search(rf"{re.escape(path)}\b", README)


@pytest.mark.parametrize("usage", [command.usage for command in language.COMMANDS])
def test_the_readme_names_every_command_of_a_session(usage: str) -> None:
    assert f"| `{usage}` |" in README


@pytest.mark.parametrize("action", [*all_actions()], ids=lambda action: action.id)
def test_the_readme_names_every_key(action: Action) -> None:
    for key in action.key_names:
        assert f"`{key}`" in README


@pytest.mark.parametrize("demo", sorted((ROOT / "demos").glob("*.py")), ids=lambda demo: demo.stem)
def test_the_readme_names_every_demo(demo: Path) -> None:
    assert f"gradscope demo {demo.stem}" in README


def test_the_replay_file_of_the_readme_passes(tmp_path: Path) -> None:
    example = README.partition("## Replay files")[2].split("```\n")[1]
    assert example.count("\nexpect ") == 5
    (tmp_path / "session.gs").write_text(example)
    result = subprocess.run(
        [sys.executable, "-m", "gradscope", "replay", str(tmp_path / "session.gs")],
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert result.returncode == 0, result.stderr


def test_the_changelog_has_this_version() -> None:
    assert f"\n## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(ROOT)))
def test_a_source_file_is_one_room(source: Path) -> None:
    assert len(source.read_text().splitlines()) <= 350
    names = source.relative_to(ROOT).with_suffix("").parts
    assert not {"utils", "helpers", "manager", "common"} & {*names}
