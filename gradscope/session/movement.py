"""Commands that move: they make the script run on, stop or end."""

import contextlib
import threading

from gradscope.core.commands import Resume, Until
from gradscope.core.grammar import nearest
from gradscope.core.words import Phase
from gradscope.recording import Recording
from gradscope.session.answers import Command, CommandError, Handler, Reply, count_of, no_argument
from gradscope.session.history import note_pause
from gradscope.session.source import RunState, Session, SessionError
from gradscope.session.stops import stop_reply


def wait_for_stop(session: Session) -> RunState:
    """Wait until the run is paused or over, however long that takes; return its state.

    Ctrl+C asks it to pause at its next moment, and pressed again it interrupts the script.
    """
    asked = False
    while True:
        try:
            return session.wait()
        except KeyboardInterrupt:
            break_in(session, again=asked)
            asked = True


def break_in(session: Session, *, again: bool) -> None:
    """Do what ctrl+C means while the script runs: pause it, and ``again`` interrupt it."""
    with contextlib.suppress(SessionError):
        if again:
            session.interrupt()
        else:
            note_pause(session)
            session.pause()


def wait_for_end(session: Session) -> None:
    """Wait until the script has ended; ctrl+C interrupts it."""
    changed = threading.Event()
    session.subscribe(changed.set)
    while session.state not in {RunState.ENDED, RunState.RECORDED}:
        try:
            changed.wait()
        except KeyboardInterrupt:
            break_in(session, again=True)
        changed.clear()


def exit_code(recording: Recording) -> int:
    """Return the exit code of a run as a shell would give it; 0 where the user ended it."""
    ended, finished = recording.ended(), recording.finished()
    if ended is None or (finished is not None and finished.how == "quit"):
        return 0
    return ended.status if ended.status >= 0 else 128 - ended.status


def move(session: Session, resume: Resume, *, wait: bool) -> Reply:
    """Run on to the place that ``resume`` names, and say where that is."""
    session.resume(resume)
    if wait:
        wait_for_stop(session)
        return stop_reply(session)
    return Reply("", {"state": str(session.state)})


def _counted(name: str, until: Until) -> Handler:
    def handler(session: Session, text: str, wait: bool) -> Reply:  # noqa: FBT001  # a Handler
        return move(session, Resume(until, count=count_of(name, text)), wait=wait)

    return handler


def _single(name: str, until: Until) -> Handler:
    def handler(session: Session, text: str, wait: bool) -> Reply:  # noqa: FBT001  # a Handler
        no_argument(name, text)
        return move(session, Resume(until), wait=wait)

    return handler


def _out(session: Session, text: str, wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    no_argument("out", text)
    moment = session.recording.latest_moment(session.cursor)
    if moment is not None and moment.inside is None:
        raise CommandError("the run is not inside a phase; 'into' goes inside")
    return move(session, Resume(Until.PHASE), wait=wait)


def parse_place(text: str) -> tuple[int, Phase | None]:
    """Return the iteration and phase that ``ITERATION[:PHASE]`` names.

    Raises:
        CommandError: It is not of that form.
    """
    number, colon, phase = (part.strip() for part in text.partition(":"))
    if not (number.isascii() and number.isdigit() and 0 < len(number) < 16 and int(number)):
        raise CommandError(f"goto takes ITERATION[:PHASE], such as 12:backward, not {text!r}")
    if not colon:
        return int(number), None
    try:
        return int(number), Phase(phase)
    except ValueError:
        near = nearest(phase, Phase)
        phases = f"did you mean {near[0]}?" if near else f"there are {', '.join(Phase)}"
        raise CommandError(f"there is no phase {phase!r}; {phases}") from None


def _goto(session: Session, text: str, wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    iteration, phase = parse_place(text)
    now = session.recording.latest_moment(session.cursor)
    if session.state is RunState.PAUSED and now is not None:
        found = session.recording.find(iteration, phase)
        if iteration < now.iteration or (found is not None and found <= now.seq):
            place = f"iteration {now.iteration}, {now.phase}"
            raise CommandError(
                f"{text} is not ahead: the run is at {place}; a recording can be looked back"
                f" into with gradscope view {session.recording.path}"
            )
    return move(session, Resume(Until.PLACE, iteration=iteration, phase=phase), wait=wait)


def _pause(session: Session, text: str, wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    no_argument("pause", text)
    if session.state in {RunState.PAUSED, RunState.RECORDED}:
        raise CommandError("the run is paused already")
    session.pause()
    if not wait:
        return Reply("", {"state": str(session.state)})
    wait_for_stop(session)
    return stop_reply(session)


def _quit(session: Session, text: str, wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    no_argument("quit", text)
    if session.state not in {RunState.ENDED, RunState.RECORDED}:
        session.quit()
        if wait:
            wait_for_end(session)
    return Reply("", {"state": str(session.state)}, leave=True)


def _interrupt(session: Session, text: str, _wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    no_argument("interrupt", text)
    session.interrupt()
    return Reply(f"sent {session.script} a KeyboardInterrupt", {"state": str(session.state)})


def _input(session: Session, text: str, _wait: bool) -> Reply:  # noqa: FBT001  # a Handler
    session.write_input(text + "\n")
    return Reply("", {"state": str(session.state)})


COMMANDS = (
    Command(
        "next",
        "next [N]",
        "go to the next moment, N times: over phases, or inside one over its parts",
        _counted("next", Until.MOMENT),
        ("n",),
        moves=True,
    ),
    Command(
        "phase",
        "phase [N]",
        "go to the end of the next phase, N times",
        _counted("phase", Until.PHASE),
        ("ph",),
        moves=True,
    ),
    Command(
        "iteration",
        "iteration [N]",
        "go to the first phase of the next iteration, N times",
        _counted("iteration", Until.ITERATION),
        ("i",),
        moves=True,
    ),
    Command(
        "epoch",
        "epoch",
        "go to the first phase of the next epoch",
        _single("epoch", Until.EPOCH),
        ("e",),
        "An epoch begins when the script iterates its training DataLoader again.",
        moves=True,
    ),
    Command(
        "into",
        "into [N]",
        "go to the next moment of any depth, N times: each module's forward, each gradient",
        _counted("into", Until.INTO),
        ("s", "step"),
        moves=True,
    ),
    Command(
        "out",
        "out",
        "from inside a phase, go to its end",
        _out,
        ("o", "finish"),
        moves=True,
    ),
    Command(
        "continue",
        "continue",
        "run on until the script ends or is paused",
        _single("continue", Until.NEVER),
        ("c", "cont"),
        "While it runs, ctrl+C pauses it at its next moment; a second ctrl+C interrupts it.",
        moves=True,
    ),
    Command(
        "run",
        "run N",
        "run N iterations, up to the optimizer step that completes the last of them",
        _counted("run", Until.STEPS),
        ("r",),
        moves=True,
    ),
    Command("pause", "pause", "stop the running script at its next moment", _pause),
    Command(
        "goto",
        "goto ITERATION[:PHASE]",
        "go to an iteration's first phase, or to the end of one of its phases",
        _goto,
        ("g",),
        f"Phases are {', '.join(Phase)}. Example: goto 12:backward",
        moves=True,
    ),
    Command("interrupt", "interrupt", "send the script a KeyboardInterrupt", _interrupt),
    Command(
        "input",
        "input TEXT",
        "type a line for the script, as an answer to input()",
        _input,
        details="It may be typed before the script asks, and while the script runs.",
    ),
    Command(
        "quit",
        "quit",
        "end the script, running its finally blocks, and leave",
        _quit,
        ("q", "exit"),
    ),
)
