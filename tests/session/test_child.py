import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gradscope.recording import RecordingError
from gradscope.session.child import LaunchSpec
from gradscope.session.live import LiveSession, start
from gradscope.session.source import RunState, SessionError
from tests.session.waiting import ended, printed, until

Run = Callable[..., LiveSession]


def alive(pid: int) -> bool:
    """Tell whether a process exists; a zombie does."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def number_printed(session: LiveSession) -> int:
    until(session, lambda: printed(session).endswith(b"\n"))
    return int(printed(session).split()[-1])


def test_output_comes_by_stream_through_pipes(run: Run) -> None:
    session = run("import sys; print('to out'); print('to err', file=sys.stderr)")
    ended(session)
    assert printed(session, "out") == b"to out\n"
    assert printed(session, "err") == b"to err\n"


def test_a_terminal_is_the_scripts_own(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("LINES", "60")
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.setenv("NO_COLOR", "1")
    session = run(
        """
import os, shutil, sys
print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty())
print(*shutil.get_terminal_size(), os.environ["TERM"], os.environ["NO_COLOR"])
with open("/dev/tty", "w") as terminal:
    terminal.write("its own\\n")
""",
        terminal=True,
        size=(91, 17),
    )
    ended(session)
    lines = printed(session, "tty").replace(b"\r\n", b"\n")
    assert lines == b"True True True\n91 17 xterm-kitty 1\nits own\n"


def test_pipes_leave_the_environment_as_it_is(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("TERM", raising=False)
    session = run("import os; print(os.environ['COLUMNS'], 'TERM' in os.environ)")
    ended(session)
    assert printed(session) == b"200 False\n"


def test_a_new_size_reaches_the_script(run: Run) -> None:
    session = run(
        """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGWINCH})
print("ready", flush=True)
signal.sigwait({signal.SIGWINCH})
print(*os.get_terminal_size(), flush=True)
""",
        terminal=True,
    )
    until(session, lambda: b"ready" in printed(session))
    session.resize(20, 5)
    ended(session)
    assert b"20 5" in printed(session)


@pytest.mark.parametrize("terminal", [False, True])
def test_input_can_be_answered(run: Run, *, terminal: bool) -> None:
    session = run("print('hello', input('name? '))", terminal=terminal)
    until(session, lambda: b"name? " in printed(session))
    session.write_input("Ada\n")
    ended(session)
    assert b"hello Ada" in printed(session)


def test_a_long_input_is_not_lost_while_nobody_reads(run: Run) -> None:
    session = run(
        """
import sys
input()
print(sum(len(sys.stdin.readline()) for _ in range(1000)))
"""
    )
    for _ in range(1000):
        session.write_input("x" * 999 + "\n")
    session.write_input("\n")
    ended(session)
    assert printed(session) == b"999001\n"


def test_bytes_that_are_no_text_come_through(run: Run) -> None:
    session = run("import sys; sys.stdout.buffer.write(bytes(range(256)) * 1000)")
    ended(session)
    assert printed(session) == bytes(range(256)) * 1000


@pytest.mark.parametrize("terminal", [False, True])
def test_a_flood_of_output_is_kept_whole(run: Run, *, terminal: bool) -> None:
    session = run(
        """
import os
for number in range(400):
    block = b"%09d." % number * 6554
    while block:
        block = block[os.write(1, block):]
""",
        terminal=terminal,
    )
    ended(session)
    expected = b"".join(b"%09d." % number * 6554 for number in range(400))
    assert printed(session) == expected
    assert max(len(chunk.data) for chunk in session.recording.output(limit=10000)) <= 1 << 16


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pass", "train.py ended without training: it never imported torch"),
        ("import sys; sys.exit(3)", "train.py exited with code 3"),
        ("import os; os._exit(4)", "train.py exited with code 4"),
        ("raise ValueError('too\\nfew')", "train.py raised ValueError: too"),
        (
            "import os; os.kill(os.getpid(), 9)",
            "train.py was killed by signal 9 (SIGKILL); out of memory is the usual cause",
        ),
        (
            "import ctypes; ctypes.string_at(0)",
            "train.py was killed by signal 11 (SIGSEGV); native code crashed",
        ),
        ("x = (", "train.py raised SyntaxError: '(' was never closed"),
    ],
)
def test_the_end_is_told_in_one_line(run: Run, text: str, problem: str) -> None:
    session = run(text)
    assert ended(session) == problem
    event = session.recording.ended()
    assert event is not None
    for request in (session.pause, session.quit, session.interrupt):
        with pytest.raises(SessionError) as error:
            request()
        assert str(error.value) == problem


def test_a_grandchild_that_holds_the_output_does_not_hold_up_the_end(run: Run) -> None:
    session = run(
        """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
print("parent done", child.pid, flush=True)
"""
    )
    ended(session)
    orphan = number_printed(session)
    assert alive(orphan)
    session.close()
    assert not session_has(orphan)


def session_has(pid: int) -> bool:
    """Tell whether a process still runs; one that nobody reaps counts as gone."""
    if sys.platform != "linux" or not alive(pid):
        return alive(pid)
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_what_a_grandchild_prints_after_the_end_is_kept(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    session = run(
        """
import subprocess, sys
code = "open('go').read(); print('late', flush=True)"
subprocess.Popen([sys.executable, "-c", code])
"""
    )
    ended(session)
    (tmp_path / "go").write_text("now")
    until(session, lambda: printed(session) == b"late\n")


@pytest.mark.parametrize(
    "stubborn",
    [
        "",
        "signal.signal(signal.SIGINT, signal.SIG_IGN)",
        "for s in (signal.SIGINT, signal.SIGTERM): signal.signal(s, signal.SIG_IGN)",
    ],
    ids=["plain", "no SIGINT", "no SIGINT, no SIGTERM"],
)
def test_closing_ends_any_script(run: Run, stubborn: str) -> None:
    session = run(
        f"""
import os, signal, time
{stubborn}
print(os.getpid(), flush=True)
while True:
    time.sleep(1000)
"""
    )
    pid = number_printed(session)
    session.close()
    session.close()
    assert not alive(pid)
    assert session.state is RunState.ENDED


def test_closing_runs_the_scripts_finally(run: Run, tmp_path: Path) -> None:
    session = run(
        """
import time
try:
    print(1, flush=True)
    time.sleep(1000)
finally:
    open("done", "w").close()
"""
    )
    number_printed(session)
    session.close()
    assert (tmp_path / "done").exists()


def test_an_interrupt_is_the_scripts_own(run: Run) -> None:
    session = run(
        """
import time
try:
    print(1, flush=True)
    time.sleep(1000)
except KeyboardInterrupt:
    print("caught")
"""
    )
    number_printed(session)
    session.interrupt()
    ended(session)
    assert printed(session).endswith(b"caught\n")


def test_a_close_from_a_signal_handler_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import time, os; print(os.getpid(), flush=True)\ntime.sleep(99)"
    )
    code = """
import signal, sys
from pathlib import Path
from gradscope.session.child import LaunchSpec
from gradscope.session.live import start
session = start(LaunchSpec("train.py"), recording_path=Path("run.gscope"), terminal=True)
def handler(*_):
    session.close()
    sys.exit(5)
signal.signal(signal.SIGTERM, handler)
while True:
    output = session.recording.output()
    if output and not session.problem:
        print(output[0].data.decode(), flush=True)
        break
while True:
    session.recording.output()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.terminate()
        assert parent.wait(30) == 5
    assert not session_has(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of that")
@pytest.mark.parametrize("terminal", [False, True])
def test_the_script_ends_with_a_parent_that_is_killed(tmp_path: Path, *, terminal: bool) -> None:
    (tmp_path / "train.py").write_text(
        "import time, os; print(os.getpid(), flush=True)\ntime.sleep(99)"
    )
    code = f"""
import time
from pathlib import Path
from gradscope.session.child import LaunchSpec
from gradscope.session.live import start
session = start(LaunchSpec("train.py"), recording_path=Path("run.gscope"), terminal={terminal})
while not session.recording.output():
    pass
print(session.recording.output()[0].data.decode(), flush=True)
time.sleep(99)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        watch = os.pidfd_open(pid)
        parent.send_signal(signal.SIGKILL)
    assert select.select([watch], [], [], 30)[0]
    os.close(watch)


def test_a_module_runs_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "train.py").write_text("import sys; print(__name__, sys.argv[1:])")
    spec = LaunchSpec("pkg.train", module=True, args=("a", "--b"))
    session = start(spec, recording_path=tmp_path / "m.gscope", terminal=False)
    assert ended(session).startswith("pkg.train ended")
    assert printed(session) == b"__main__ ['a', '--b']\n"
    session.close()


def test_flags_of_the_interpreter_are_passed_on(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import sys; print(sys.flags.optimize, sys.warnoptions)")
    code = """
from pathlib import Path
from gradscope.session.child import LaunchSpec
from gradscope.session.live import start
session = start(LaunchSpec("train.py"), recording_path=Path("run.gscope"), terminal=False)
session.wait()
print(b"".join(chunk.data for chunk in session.recording.output()).decode(), end="")
"""
    command = [sys.executable, "-OO", "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "2 ['ignore']\n"
    assert done.stderr == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.gscope", "train.py"]


def test_a_recording_that_cannot_be_made_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(RecordingError):
        start(LaunchSpec("x.py"), recording_path=tmp_path / "no" / "r", terminal=False)
