"""A child does not outlive its parent, however that one goes."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.launch.driver import SECONDS

PARENT = """
import sys
from pathlib import Path
from gradscope.core.commands import Resume, Until
from gradscope.core.events import Finished, Started
from tests.launch.driver import Child

child = Child("script.py", directory=Path.cwd())
child.send(Resume(Until.PHASE))
child.expect(Started)
print(child.process.pid, flush=True)
child.expect(Finished)
"""

SLEEPS = """
import os, sys, time
with open("alive", "w") as alive:
    try:
        alive.write("yes")
        alive.flush()
        os.close(os.open("here", os.O_WRONLY))
        time.sleep(600)
    finally:
        print("finally", file=alive)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
@pytest.mark.parametrize(
    ("before", "end"),
    [("", "yesfinally\n"), ("import signal; signal.signal(2, signal.SIG_DFL)\n", "yes")],
)
def test_sleeping_child_of_a_killed_parent(before: str, end: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(before + SLEEPS)
    os.mkfifo(tmp_path / "here")
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        (tmp_path / "here").read_bytes()  # until the child has come that far
        parent.kill()
    ended, _, _ = select.select([child], [], [], SECONDS)
    os.close(child)
    assert ended
    assert (tmp_path / "alive").read_text() == end
