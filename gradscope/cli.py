"""The command line: joins a run, or the recording of one, to a front end.

Everything but click is imported where it is used, so that help answers at once.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from gradscope import __version__

if TYPE_CHECKING:
    from gradscope.session.child import LaunchSpec
    from gradscope.session.replay import Replay
    from gradscope.session.source import Session

_NAMES = {"help_option_names": ["-h", "--help"]}
_DEFAULT_DEMO = "cifar10"


class _WithScript(click.Command):
    """A command whose options end where the script's name comes: what follows is the script's."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, self._split(ctx, args))

    def _split(self, ctx: click.Context, args: list[str]) -> list[str]:
        takes_value = {
            name
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option) and not parameter.is_flag
            for name in parameter.opts
        }
        place = 0
        while place < len(args):
            word = args[place]
            if word == "--":
                return args
            if word == "-m":
                return [*args[: place + 2], "--", *args[place + 2 :]]
            if not word.startswith("-"):
                return [*args[:place], "--", *args[place:]]
            place += 2 if word in takes_value else 1
        return args


_plain = click.option("--plain", is_flag=True, help="Linear text: commands on stdin, answers out.")
_json = click.option("--json", is_flag=True, help="As --plain, with one JSON object a line.")
_words = click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="SCRIPT [ARGS]...")
_module = click.option("-m", "module", metavar="MODULE", help="Run a module, as python -m does.")
_record = click.option("-o", "--output", metavar="FILE", help="Record the run in this new file.")
_eager = click.option("--eager", is_flag=True, help="Run without torch.compile, to see all layers.")


@click.group(invoke_without_command=True, context_settings=_NAMES)
@click.version_option(__version__, prog_name="gradscope")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Step through the training of a PyTorch script, in the terminal.

    Without a command, opens the demo that trains a small network on CIFAR-10.
    """
    if ctx.invoked_subcommand is None:
        _open(_demo_spec(_DEFAULT_DEMO, ()))


@main.command(cls=_WithScript, context_settings=_NAMES)
@_plain
@_json
@_record
@_eager
@_module
@_words
def run(
    *,
    plain: bool,
    json: bool,
    output: str | None,
    eager: bool,
    module: str | None,
    words: tuple[str, ...],
) -> None:
    """Run a script and stop inside its first iteration.

    The script runs as python would run it, with the ARGS that follow its name.
    """
    _open(_spec(module, words, eager=eager), plain=plain, json=json, output=output)


@main.command(cls=_WithScript, context_settings=_NAMES)
@_plain
@_json
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[NAME [ARGS]...]")
def demo(*, plain: bool, json: bool, words: tuple[str, ...]) -> None:
    """List the demos, or run one."""
    if words:
        _open(_demo_spec(words[0], words[1:]), plain=plain, json=json)
    from gradscope.session.demos import demos

    found = demos()
    width = max((len(demo.name) for demo in found), default=0)
    for demo in found:
        click.echo(f"{demo.name.ljust(width)}  {demo.summary}".rstrip())


@main.command(context_settings=_NAMES)
@_plain
@_json
@click.argument("file")
def view(*, plain: bool, json: bool, file: str) -> None:
    """Look at the recording of an earlier run."""
    from gradscope.recording import RecordingError
    from gradscope.session.recorded import open_recording

    try:
        session = open_recording(Path(file))
    except RecordingError as error:
        _fail(str(error))
    sys.exit(_show(session, plain=plain, json=json))


@main.command(cls=_WithScript, context_settings=_NAMES)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="FILE [SCRIPT [ARGS]...]")
def replay(*, words: tuple[str, ...]) -> None:
    """Carry out a file of commands, and check what it expects.

    SCRIPT is run where the file does not say what to run, or instead of that. Exits with 1 at
    the first line that fails.
    """
    if not words:
        _fail("replay takes a file of commands")
    from gradscope.plain.front import forget_stdout
    from gradscope.session.replay import ReplayError, parse_launch_words, read_replay

    try:
        file = read_replay(Path(words[0]))
        spec = parse_launch_words(words[1:]) if words[1:] else file.launch
    except ReplayError as error:
        _fail(str(error))
    if spec is None:
        _fail(f"{words[0]} does not begin with run SCRIPT; name the script after the file")
    session = _start(spec, terminal=file.presses)
    try:
        code = _replay(file, session)
    except BrokenPipeError:
        code = forget_stdout()
    finally:
        session.close()
    sys.exit(code)


def _replay(file: "Replay", session: "Session") -> int:
    from gradscope.plain.transcript import replay_plainly
    from gradscope.plain.writer import TextWriter

    # Made here, because a Textual app takes stdout over while it runs.
    writer = TextWriter(sys.stdout, sys.stderr)
    if not file.presses:
        from gradscope.plain.front import signals_end

        with signals_end():
            return replay_plainly(file, session, writer)
    from gradscope.tui.headless import drive

    return drive(session, lambda press: replay_plainly(file, session, writer, press))


def _spec(module: str | None, words: Sequence[str], *, eager: bool = False) -> "LaunchSpec":
    from gradscope.session.child import LaunchSpec

    if module is not None:
        return LaunchSpec(module, module=True, args=tuple(words), eager=eager)
    if not words:
        _fail("run takes a script, or -m and a module; gradscope demo lists scripts to try")
    return LaunchSpec(words[0], args=tuple(words[1:]), eager=eager)


def _demo_spec(name: str, args: Sequence[str]) -> "LaunchSpec":
    from gradscope.session.child import LaunchSpec
    from gradscope.session.demos import demos

    found = {demo.name: demo.path for demo in demos()}
    if name not in found:
        _fail(f"there is no demo {name!r}; there are {', '.join(found) or 'none here'}")
    return LaunchSpec(str(found[name]), args=tuple(args))


def _open(
    spec: "LaunchSpec", *, plain: bool = False, json: bool = False, output: str | None = None
) -> NoReturn:
    """Start a script, show it until the user leaves, and exit as it did."""
    session = _start(spec, terminal=_has_terminal() and not json, output=output)
    sys.exit(_show(session, plain=plain, json=json))


def _start(spec: "LaunchSpec", *, terminal: bool, output: str | None = None) -> "Session":
    from gradscope.recording import RecordingError
    from gradscope.session.history import begin
    from gradscope.session.live import start
    from gradscope.session.source import SessionError
    from gradscope.session.targets import TargetError, check_target

    size = shutil.get_terminal_size()
    try:
        check_target(spec)
        session = start(
            spec,
            recording_path=Path(output) if output else None,
            terminal=terminal,
            size=(size.columns, size.lines),
        )
    except (TargetError, RecordingError, SessionError) as error:
        _fail(str(error))
    begin(session, spec)
    return session


def _show(session: "Session", *, plain: bool, json: bool) -> int:
    if plain or json or not _has_screen():
        from gradscope.plain.front import run as run_plain

        return run_plain(session, json=json)
    from gradscope.tui.app import run as run_screen

    return run_screen(session)


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _has_screen() -> bool:
    """Tell whether text can be placed on the terminal, as far as it says what it is."""
    return _has_terminal() and os.environ.get("TERM", "dumb") not in {"", "dumb"}


def _fail(message: str) -> NoReturn:
    """Say what is wrong, and exit with the code of a wrong command line."""
    click.echo(f"gradscope: {message}", err=True)
    sys.exit(2)
