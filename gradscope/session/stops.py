"""Where a run has stopped, in words and as data."""

from pathlib import Path

import msgspec

from gradscope.core.events import Moment, SourceLine
from gradscope.core.numbers import format_number
from gradscope.explain.words import describe
from gradscope.session.answers import Reply
from gradscope.session.source import RunState, Session


def stop_reply(session: Session) -> Reply:
    """Return where the run is and what happened there, or how it ended."""
    moment = session.recording.latest_moment(session.cursor)
    if session.state is RunState.ENDED:
        text = session.problem or f"{session.script} has ended"
        data: dict[str, object] = {"state": str(session.state), "problem": session.problem}
        if moment is not None:
            text += f"; its last moment was iteration {moment.iteration}, {moment.phase}"
            data |= _moment_data(session, moment)
        return Reply(text, data)
    if moment is None:
        return Reply(f"{session.script} has not reached a moment yet", {"state": session.state})
    data = {"state": str(session.state), **_moment_data(session, moment)}
    return Reply("\n".join(_moment_lines(session, moment)), data)


def place_text(moment: Moment) -> str:
    """Return a moment's place: ``iteration 3, epoch 1, backward``."""
    inside = f" inside {moment.inside.name}" if moment.inside and moment.inside.name else ""
    return f"iteration {moment.iteration}, epoch {moment.epoch}, {moment.phase}{inside}"


def source_text(session: Session, line: SourceLine) -> str:
    """Return a line of the user's code, '' where it was not kept."""
    lines = (session.recording.source(line.file) or "").splitlines()
    return lines[line.line - 1].strip() if 0 < line.line <= len(lines) else ""


def _moment_lines(session: Session, moment: Moment) -> list[str]:
    lines = [f"{place_text(moment)}: {_sentence(session, moment)}"]
    if moment.line is not None:
        place = f"{Path(moment.line.file).name}:{moment.line.line}"
        lines.append(f"  at {place} in {moment.line.function}: {source_text(session, moment.line)}")
    numbers = {"loss": moment.loss, "lr": moment.lr, "norm of all grads": moment.grad_norm}
    known = [
        f"{name} {format_number(value)}" for name, value in numbers.items() if value is not None
    ]
    if known:
        lines.append(f"  {', '.join(known)}")
    return lines


def _sentence(session: Session, moment: Moment) -> str:
    recording = session.recording
    batch = recording.batch(moment.seq)
    if batch is not None and batch[0] == moment.seq:
        moment = msgspec.structs.replace(moment, batch=batch[1])
    return describe(moment, recording.models(), recording.optimizers(moment.seq)).sentence


def _moment_data(session: Session, moment: Moment) -> dict[str, object]:
    line, inside = moment.line, moment.inside
    return {
        "seq": moment.seq,
        "iteration": moment.iteration,
        "epoch": moment.epoch,
        "phase": str(moment.phase),
        "inside": None if inside is None else {"kind": inside.kind, "name": inside.name},
        "line": None
        if line is None
        else {
            "file": line.file,
            "line": line.line,
            "function": line.function,
            "text": source_text(session, line),
        },
        "loss": moment.loss,
        "lr": moment.lr,
        "grad_norm": moment.grad_norm,
        "duration": moment.duration,
        "stop": moment.stop,
        "sentence": _sentence(session, moment),
    }
