import threading
from pathlib import Path

from gradscope.plain.follower import Follower
from gradscope.plain.writer import JsonWriter
from gradscope.session.child import LaunchSpec
from gradscope.session.live import start
from tests.plain.test_wording import stream
from tests.session.waiting import printed, until


class Heard(JsonWriter):
    """Tells when the first piece of output has come, and from which stream."""

    def __init__(self) -> None:
        super().__init__(stream("utf-8"))
        self.came = threading.Event()
        self.pieces: list[tuple[str, bytes]] = []

    def output(self, stream: str, data: bytes) -> None:
        self.pieces.append((stream, data))
        self.came.set()


def test_what_was_printed_before_anybody_listened_is_written(tmp_path: Path) -> None:
    script = tmp_path / "ask.py"
    script.write_text("input('name? ')\n")
    path = tmp_path / "run.gscope"
    session = start(LaunchSpec(str(script)), recording_path=path, terminal=False)
    try:
        until(session, lambda: printed(session) == b"name? ")
        writer = Heard()
        with Follower(session, writer):
            assert writer.came.wait(60)
        assert writer.pieces == [("out", b"name? ")]
    finally:
        session.close()
