"""What the header and the titles of the main screen say, from a session."""

from gradscope.core.events import Moment, Optimizer
from gradscope.core.numbers import format_number
from gradscope.session.source import RunState, Session
from gradscope.tui.widgets import HeaderInfo, StateKind

_SHORT = {
    "momentum": "m",
    "weight_decay": "wd",
    "betas": "β",
    "alpha": "α",
    "nesterov": "nesterov",
    "amsgrad": "amsgrad",
}


def optimizer_text(optimizers: list[Optimizer], lr: float | None) -> str:
    """Return an optimizer with its settings as the header has room for: ``SGD lr 0.0200 m 0.9``.

    ``lr`` is the learning rate at the moment; a second optimizer is only counted.
    """
    if not optimizers:
        return ""
    first = optimizers[0]
    settings = first.groups[0].settings if first.groups else {}
    rate = lr if lr is not None else settings.get("lr")
    parts = [first.name]
    if isinstance(rate, float | int):
        parts.append(f"lr {format_number(float(rate))}")
    for name, short in _SHORT.items():
        value = settings.get(name)
        if value is True:
            parts.append(short)
        elif value and not isinstance(value, bool):
            parts.append(f"{short} {value}")
    if len(optimizers) > 1:
        parts.append(f"and {len(optimizers) - 1} more")
    return " ".join(parts)


def header(session: Session, moment: Moment | None) -> HeaderInfo:
    """Return what the header tells of ``session`` at ``moment``."""
    recording = session.recording
    models = recording.models()
    environment = recording.environment()
    device = ""
    if environment is not None:
        threads = f" {environment.threads} thr" if environment.device == "cpu" else ""
        device = f"{environment.device}{threads}"
    state, kind = state_text(session)
    return HeaderInfo(
        script=session.script,
        model=models[0].name if models else "",
        optimizer=optimizer_text(recording.optimizers(), moment.lr if moment else None),
        iteration=moment.iteration if moment else None,
        epoch=moment.epoch if moment else None,
        device=device,
        state=state,
        kind=kind,
    )


def state_text(session: Session) -> tuple[str, StateKind]:
    """Return what the run is doing, in a word, and what that amounts to."""
    match session.state:
        case RunState.STARTING:
            return f"starting {session.script}…", StateKind.STARTING
        case RunState.RUNNING:
            return "running", StateKind.RUNNING
        case RunState.PAUSED:
            return "paused", StateKind.PAUSED
        case RunState.RECORDED:
            return "recorded", StateKind.RECORDED
        case RunState.ENDED:
            return _ended(session)


def _ended(session: Session) -> tuple[str, StateKind]:
    ended = session.recording.ended()
    if ended is not None and ended.status != 0:
        return ("died" if ended.status < 0 else f"exit {ended.status}"), StateKind.FAILED
    return "ended", StateKind.ENDED


def exit_code(session: Session) -> int:
    """Return the exit code that the shell should get: the script's, 128 + N for a signal N.

    A recording, and a run that was left before its end, give 0.
    """
    ended = session.recording.ended()
    if session.state is not RunState.ENDED or ended is None:
        return 0
    return ended.status if ended.status >= 0 else 128 - ended.status
