"""A script under gradscope sees, prints and ends as under python: bit by bit, side by side."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gradscope.core.commands import Resume, Until
from gradscope.core.events import PROTOCOL, Finished, Started
from tests.launch.driver import PROGRAM, SECONDS, Child

Launch = Callable[..., Child]

SURROUNDINGS = """
import sys
names = [(k, repr(v) if k != "__loader__" else type(v)) for k, v in globals().items()]
print(names)
print(sys.argv, sys.orig_argv, sys.path, sys.flags, sys.warnoptions)
print(sys.modules["__main__"].__dict__ is globals(), __annotations__, __loader__.name)
print(sys.gettrace(), sys.getprofile(), sys.getrecursionlimit(), sys.getswitchinterval())
print(sys.excepthook is sys.__excepthook__, sys.stdout is sys.__stdout__, sys.dont_write_bytecode)
print("numpy" in sys.modules, "msgspec" in sys.modules, "torch" in sys.modules)
import gc, locale, os, signal, threading, warnings
print(gc.get_threshold(), gc.isenabled(), locale.setlocale(locale.LC_ALL), os.getcwd(), os.environ)
print([signal.getsignal(n) for n in signal.valid_signals() if n < 32])
print([t.name for t in threading.enumerate()], warnings.filters)
print(sys.stdin.read(), sys.stdin.isatty(), sys.stdout.encoding, sys.stdout.line_buffering)
with open(os.devnull) as file:
    print(file.fileno(), os.get_inheritable(file.fileno()))
import __main__
print(__main__.__file__, __main__)
"""

PACKAGE = """
def of_main(): return Thing()
class Thing: pass
import pickle, sys
print(__name__, __package__, __spec__.name, __file__, __cached__, sys.argv, sys.path[0])
print(pickle.loads(pickle.dumps(Thing())).__class__ is Thing, __spec__.origin, sys.orig_argv)
import atexit, __main__
atexit.register(lambda: print("at exit", sorted(vars(__main__)), __file__))
from . import sibling
"""

SCRIPTS = {
    "surroundings": SURROUNDINGS,
    "documented": '"""A docstring."""\nprint(__doc__, globals().keys())\n',
    "annotated": "x: int = 1\nprint(__annotations__)\n",
    "exit_3": "import sys\nsys.exit(3)\n",
    "exit_none": "import sys\nsys.exit()\n",
    "exit_text": "import sys\nprint('out')\nsys.exit('no data')\n",
    "exit_256": "raise SystemExit(256)\n",
    "exit_minus": "raise SystemExit(-1)\n",
    "exit_object": "raise SystemExit([1, 2])\n",
    "os_exit": "import os\nprint('lost', end='')\nos._exit(4)\n",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "aborted": "import os\nos.abort()\n",
    "interrupted": "raise KeyboardInterrupt\n",
    "sigint": "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n",
    "raises": "def f(x):\n    return 1 / x\n\nf(0)\n",
    "cause": "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('b') from e\n",
    "context": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    undefined\n",
    "group": "def f(): raise ValueError(1)\ntry:\n    f()\nexcept ValueError as e:\n"
    "    raise ExceptionGroup('many', [e, TypeError(2)])\n",
    "noted": "e = ValueError('x')\ne.add_note('a note')\nraise e\n",
    "recursion": "def f(): f()\nf()\n",
    "hook": "import sys\nsys.excepthook = lambda *a: print('hook', a[0], a[2].tb_lineno)\n1 / 0\n",
    "hook_fails": "import sys\ndef hook(*a): 1 / 0\nsys.excepthook = hook\nundefined\n",
    "hook_gone": "import sys\ndel sys.excepthook\nundefined\n",
    "formats": "import traceback\ntry:\n    1 / 0\nexcept Exception:\n    traceback.print_exc()\n",
    "last": "import atexit, sys\n"
    "atexit.register(lambda: print(sys.last_type, sys.last_traceback.tb_lineno))\n1 / 0\n",
    "at_exit": "import atexit\ndef end(): print('end', sorted(globals()))\n"
    "atexit.register(end)\nprint('body')\n",
    "at_exit_raises": "import atexit\natexit.register(lambda: 1 / 0)\n",
    "syntax": "def f(:\n    pass\n",
    "indentation": "if 1:\nx = 2\n",
    "null_byte": "x = 1\0\n",
    "encoding": "\udcff = 1\n",
    "unknown_encoding": "# coding: klingon\n",
    "latin": "# coding: latin-1\nprint(len('\udce9'))\n",
    "warns": "import warnings\nwarnings.warn('careful', stacklevel=1)\n'\\d'\n",
    "stderr": "import sys\nprint('a')\nprint('b', file=sys.stderr)\nsys.stdout.write('c')\n",
    "closed_out": "import sys\nsys.stdout.close()\n",
    "generator": "def g():\n    try:\n        yield 1\n    finally:\n        print('closed')\n"
    "it = g()\nnext(it)\n",
    "deleted": "class A:\n    def __del__(self): print('del', __name__)\na = A()\n",
    "thread": "import threading\nprint(threading.current_thread() is threading.main_thread())\n"
    "done = threading.Event()\ndef late():\n    done.wait()\n    print('in thread')\n"
    "threading.Thread(target=late).start()\nprint('main done')\ndone.set()\n",
    "thread_raises": "import threading\ndef f(): 1 / 0\n"
    "t = threading.Thread(target=f, name='w')\nt.start()\nt.join()\n",
    "handlers": "import os, signal\nsignal.signal(signal.SIGTERM, lambda *a: print('term'))\n"
    "os.kill(os.getpid(), signal.SIGTERM)\n",
    "forks": "import os\nprint('before', flush=True)\nif pid := os.fork():\n"
    "    print(os.waitpid(pid, 0)[1])\nelse:\n    print('child', flush=True)\n",
    "fork_raises": "import os\nif pid := os.fork():\n    print(os.waitpid(pid, 0)[1])\nelse:\n"
    "    raise ValueError('in the child')\n",
    "descriptors": "import os, subprocess\nprint(subprocess.check_output(['ls', '/dev/fd/'],"
    " close_fds=False))\n",
    "asyncio": "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 3\n"
    "print(asyncio.run(f()))\n",
    "shadow": "import dataset, random_shadow\nprint(dataset.NAME)\n",
    "input": "print(input('> '))\nprint(input())\n",
}

POOL = """
import multiprocessing, os, pickle, sys
class Thing:
    def __init__(self, n): self.n = n
def double(thing): return Thing(thing.n * 2)
def main():
    with multiprocessing.get_context(METHOD).Pool(1) as pool:
        print([t.n for t in pool.map(double, [Thing(1), Thing(2)])])
    print(pickle.loads(pickle.dumps(Thing(5))).n, sys.argv)
    process = multiprocessing.get_context(METHOD).Process(target=sys.exit, args=(7,))
    process.start()
    process.join()
    print(process.exitcode)
if __name__ == "__main__":
    main()
"""
for method in ("fork", "spawn", "forkserver"):
    SCRIPTS[f"pool_{method}"] = f"METHOD = {method!r}\n{POOL}"


def plainly(
    *words: str, directory: Path, flags: tuple[str, ...] = (), stdin: bytes = b""
) -> tuple[int, bytes, bytes]:
    out, err, given = (directory / name for name in (".out", ".err", ".in"))
    given.write_bytes(stdin)
    with out.open("wb") as out_file, err.open("wb") as err_file, given.open("rb") as in_file:
        done = subprocess.run(
            [sys.executable, *flags, *words],
            check=False,
            cwd=directory,
            stdin=in_file,
            stdout=out_file,
            stderr=err_file,
            timeout=SECONDS,
        )
    return done.returncode, out.read_bytes(), err.read_bytes()


def compared(
    launch: Launch,
    directory: Path,
    words: tuple[str, ...],
    *,
    flags: tuple[str, ...] = (),
    stdin: bytes = b"",
) -> Child:
    """Assert that both ways give the same status, stdout and stderr; return the child."""
    status, out, err = plainly(*words, directory=directory, flags=flags, stdin=stdin)
    ours = ("--module", *words[1:]) if words[0] == "-m" else words
    child = launch(*ours, flags=flags, stdin=stdin)
    child.send(Resume(Until.NEVER))
    ours_status = child.end()
    assert ours_status == status, child.err().decode(errors="replace")
    assert _comparable(child.out()) == _comparable(out)
    assert _comparable(child.err()) == _comparable(err)
    return child


def _comparable(text: bytes) -> bytes:
    """Leave out addresses, and how deep a recursion got: one frame lies beneath a script."""
    return re.sub(rb"0x[0-9a-f]+|repeated \d+", b"", text)


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name: str, launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_bytes(SCRIPTS[name].encode("utf-8", "surrogateescape"))
    (tmp_path / "dataset.py").write_text("NAME = 'mine'\n")
    (tmp_path / "random_shadow.py").write_text("")
    child = compared(launch, tmp_path, ("script.py", "a b", "--eager"), stdin=b"first\n\xff\n")
    assert isinstance(child.events[0], Started)
    ends = sum(isinstance(event, Finished) for event in child.events)
    assert ends == (name not in ("os_exit", "killed", "aborted"))


@pytest.mark.parametrize(
    "flags", [("-P",), ("-I",), ("-O", "-W", "error"), ("-X", "utf8", "-B", "-u")]
)
def test_interpreter_flags(flags: tuple[str, ...], launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SURROUNDINGS)
    compared(launch, tmp_path, ("script.py", "x"), flags=flags)


@pytest.mark.parametrize("path", ["./script.py", "sub/../script.py", "sub/link.py", "{}/script.py"])
def test_paths(path: str, launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SURROUNDINGS)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "link.py").symlink_to("../script.py")
    compared(launch, tmp_path, (path.format(tmp_path),))


@pytest.mark.parametrize(
    "words", [("-m", "pack", "x"), ("-m", "pack.part"), ("pack",), ("pack.zip",)]
)
def test_modules_directories_and_zips(
    words: tuple[str, ...], launch: Launch, tmp_path: Path
) -> None:
    package = tmp_path / "pack"
    package.mkdir()
    relative = PACKAGE if words[0] == "-m" else PACKAGE.replace("from . ", "")
    (package / "__init__.py").write_text("")
    (package / "sibling.py").write_text("print(__name__)\n")
    (package / "__main__.py").write_text(relative)
    (package / "part.py").write_text(relative)
    shutil.make_archive(str(package), "zip", package)
    compared(launch, tmp_path, words)


@pytest.mark.parametrize(
    "words",
    [
        ("missing.py",),
        ("empty",),
        ("unreadable.py",),
        ("-m", "missing"),
        ("-m", "empty"),
        ("-m", "broken"),
        ("-m", "failing"),
        ("broken.py",),
        ("no_zip.zip",),
    ],
)
def test_what_python_cannot_start(words: tuple[str, ...], launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "unreadable.py").symlink_to("unreadable.py")
    (tmp_path / "broken.py").write_text("print(1)\nclass:\n")
    (tmp_path / "failing.py").write_text("def f(): 1 / 0\nf()\n")
    (tmp_path / "no_zip.zip").write_text("print('not a zip')\n")
    child = compared(launch, tmp_path, words)
    assert child.finished().code == child.process.returncode


def test_finished_carries_the_traceback_that_was_printed(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPTS["cause"])
    child = compared(launch, tmp_path, ("script.py",))
    finished = child.finished()
    assert finished.traceback.encode() == child.err()
    assert (finished.how, finished.code) == ("raised", 1)
    assert finished.line is not None
    assert (finished.line.file, finished.line.line) == (str(tmp_path / "script.py"), 4)


@pytest.mark.parametrize("name", ["exit_3", "exit_text", "exit_256", "exit_minus", "interrupted"])
def test_finished_carries_the_exit_code(name: str, launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPTS[name])
    child = launch("script.py")
    status = child.end()
    expected = 128 - status if status < 0 else status
    assert child.finished().code == expected
    assert child.finished().how == ("raised" if name == "interrupted" else "exited")


def test_started_tells_what_runs(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("")
    child = launch("script.py", "--module", "é")
    started = child.expect(Started)
    assert started.argv == ["script.py", "--module", "é"]
    assert (started.script, started.directory) == ("script.py", str(tmp_path))
    assert (started.pid, started.protocol) == (child.process.pid, PROTOCOL)
    assert abs(started.time - time.time()) < SECONDS


def test_started_without_a_parent_says_so(tmp_path: Path) -> None:
    for words in ([], ["script.py"], ["--control", "x", "script.py"], ["--control", "99", "s.py"]):
        status, out, err = plainly(str(PROGRAM), *words, directory=tmp_path)
        assert (status, out) == (2, b"")
        assert err.startswith(b"gradscope: ")
        assert err.count(b"\n") == 1
