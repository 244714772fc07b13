"""Replays a file of commands as text: each line with its answer, and the line that fails."""

from gradscope.plain.follower import Follower
from gradscope.plain.writer import TextWriter
from gradscope.session.language import Reply
from gradscope.session.replay import Press, Replay, play
from gradscope.session.source import Session


def replay_plainly(
    replay: Replay, session: Session, writer: TextWriter, press: Press | None = None
) -> int:
    """Carry out a replay and write what it does; return 0, or 1 where it failed."""
    with Follower(session, writer) as follower:

        def show(line: str, reply: Reply) -> None:
            follower.catch_up()
            writer.say(f"> {line}")
            writer.answer(line, reply)

        failure = play(replay, session, show, press)
        follower.catch_up()
        if failure is not None:
            writer.failure(str(failure))
        return 0 if failure is None else 1
