"""How a run ended, in one line."""

import signal

from gradscope.core.events import Seen
from gradscope.recording import Recording

_SIGNALS = {
    signal.SIGKILL: "out of memory is the usual cause",
    signal.SIGSEGV: "native code crashed",
    signal.SIGABRT: "native code gave up",
    signal.SIGBUS: "native code crashed",
    signal.SIGHUP: "its terminal was closed",
}


def describe_end(script: str, recording: Recording) -> str:
    """Say how the run in a recording ended: ``train.py exited with code 3``."""
    ended = recording.ended()
    finished = recording.finished()
    if ended is None and finished is None:
        return f"the recording of {script} breaks off before its end"
    status = ended.status if ended is not None else 0
    if finished is not None and finished.how == "raised":
        exception = exception_line(finished.traceback)
        interrupted = exception == "KeyboardInterrupt"
        return f"{script} was interrupted" if interrupted else f"{script} raised {exception}"
    if finished is not None and finished.how == "quit":
        return f"{script} was ended on request"
    if status < 0:
        return f"{script} was {_signalled(-status)}"
    code = status or (finished.code if finished is not None else 0)
    if code:
        return f"{script} exited with code {code}"
    return f"{script} ended{_without_training(finished.seen) if finished is not None else ''}"


def exception_line(traceback: str) -> str:
    """Return the line of a traceback that names the exception: ``ValueError: too few``."""
    lines = traceback.rstrip().splitlines()
    starts = [place for place, line in enumerate(lines) if line.startswith("Traceback ")]
    for line in lines[starts[-1] + 1 if starts else 0 :]:
        if line and not line[0].isspace():
            return line
    return lines[-1].strip() if lines else "an exception"


def _signalled(number: int) -> str:
    if number == signal.SIGINT:
        return "interrupted"
    try:
        known = signal.Signals(number)
    except ValueError:
        return f"killed by signal {number}"
    why = _SIGNALS.get(known)
    return f"killed by signal {number} ({known.name})" + (f"; {why}" if why else "")


def _without_training(seen: Seen) -> str:
    """Say what a script did that never trained; '' for one that did."""
    if seen.backwards or seen.optimizer_steps:
        return ""
    if not seen.torch_imported:
        return " without training: it never imported torch"
    parts = [
        "imported torch",
        _count("built", seen.models, "model") if not seen.forwards else "",
        _count("ran", seen.forwards, "forward"),
        _count("built", seen.optimizers, "optimizer"),
        _count("fetched", seen.batches, "batch", "batches"),
        "never called backward",
    ]
    told = [part for part in parts if part]
    return f" without training: it {', '.join(told[:-1])} and {told[-1]}"


def _count(verb: str, count: int, one: str, many: str = "") -> str:
    if not count:
        return f"{verb} no {one}"
    return f"{verb} {count} {one if count == 1 else many or one + 's'}"
