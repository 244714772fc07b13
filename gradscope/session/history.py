"""What a session remembers of its commands, and how it becomes a replay file."""

import contextlib
import shlex
from pathlib import Path

from gradscope import __version__
from gradscope.session.answers import Command, CommandError, Reply
from gradscope.session.child import LaunchSpec
from gradscope.session.source import RunState, Session
from gradscope.session.stops import place_text

_MARK = "# A gradscope replay"
_PAUSE = "pause"
_FORGOTTEN = frozenset({"save", "help", "quit", "plot", _PAUSE})


def begin(session: Session, spec: LaunchSpec) -> None:
    """Remember how the run was started, as the first line of a replay."""
    options = ["--eager"] if spec.eager else []
    target = ["-m", spec.target] if spec.module else [spec.target]
    session.history.append(f"run {shlex.join([*options, *target, *spec.args])}")


def note(session: Session, command: Command, rest: str) -> None:
    """Remember a command that was carried out."""
    if command.name in _FORGOTTEN:
        return
    session.history.append(f"{command.name} {rest}".rstrip())


def note_pause(session: Session) -> None:
    """Remember that the movement under way was asked to pause."""
    if session.history and session.history[-1] != _PAUSE:
        session.history.append(_PAUSE)


def settle(session: Session, movements: frozenset[str]) -> None:
    """Put the place that a pause has led to instead of the pause.

    When a pause takes hold depends on the clock, so a replay goes to its place instead.
    ``movements`` are the names of commands that move.
    """
    history = session.history
    moment = session.recording.latest_moment(session.cursor)
    if not history or history[-1] != _PAUSE or session.state is not RunState.PAUSED:
        return
    history.pop()
    if not history or moment is None or history[-1].split()[0] not in movements:
        return
    history.pop()
    if session.recording.find(moment.iteration, moment.phase) != moment.seq:
        history.append(f"# paused at moment {moment.seq}: {place_text(moment)}")
    history.append(f"goto {moment.iteration}:{moment.phase}")


def replay_text(session: Session) -> str:
    """Return the session's commands as the text of a replay file."""
    lines = [f"{_MARK}, saved by version {__version__}.", *session.history]
    return "\n".join(lines) + "\n"


def save(session: Session, text: str, _wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    """Write the session to the replay file ``text``.

    Raises:
        CommandError: It cannot be written, or is a file of another kind.
    """
    if not text:
        raise CommandError("save takes the name of a file")
    path = Path(text).expanduser()
    if path.exists() and not _is_replay(path):
        raise CommandError(f"{text} exists and is no replay file; choose another name")
    try:
        path.write_text(replay_text(session), encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{text} cannot be written: {error.strerror}") from None
    return Reply(f"saved the commands so far to {text}", {"file": str(path)})


def _is_replay(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK.encode()
    return False
