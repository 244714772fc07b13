from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gradscope.session.child import LaunchSpec
from gradscope.session.live import LiveSession, start

Starter = Callable[..., LiveSession]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Starter]:
    """Start a script given as text, in ``tmp_path``; no child outlives the test."""
    monkeypatch.chdir(tmp_path)
    sessions: list[LiveSession] = []

    def starter(
        text: str, *args: str, terminal: bool = False, size: tuple[int, int] = (80, 24)
    ) -> LiveSession:
        (tmp_path / "train.py").write_text(text)
        spec = LaunchSpec("train.py", args=args)
        path = tmp_path / f"run{len(sessions)}.gscope"
        session = start(spec, recording_path=path, terminal=terminal, size=size)
        sessions.append(session)
        return session

    yield starter
    for session in sessions:
        session.close()
