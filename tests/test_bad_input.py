"""What goes wrong with scripts is said in a line, and nothing is lost or left running."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gradscope.recording import Recording


def gradscope(
    *arguments: str, commands: str = "continue\n", directory: Path, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command line with ``commands`` on its standard input, as a pipe would."""
    return subprocess.run(
        [sys.executable, "-m", "gradscope", *arguments],
        input=commands.encode(),
        capture_output=True,
        cwd=directory,
        timeout=100,
        check=False,
        env={**os.environ, "XDG_STATE_HOME": str(directory / "state"), **environment},
    )


def write(directory: Path, text: str, name: str = "train.py") -> str:
    (directory / name).write_text(text)
    return name


TRAIN = """\
import torch
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    loss = model(torch.ones(2, 3)).pow(2).mean()
    loss.backward()
    optimizer.step()
"""


def one_line(result: subprocess.CompletedProcess[bytes]) -> str:
    """Return what stderr says, which must be one line, after exit code 2."""
    text = result.stderr.decode()
    assert result.returncode == 2, text
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text


def test_a_script_that_does_not_exist(tmp_path: Path) -> None:
    assert "nowhere.py" in one_line(gradscope("run", "nowhere.py", directory=tmp_path))


def test_a_directory(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert "directory" in one_line(gradscope("run", "folder", directory=tmp_path))


def test_a_module_that_does_not_exist(tmp_path: Path) -> None:
    text = one_line(gradscope("run", "-m", "no_such_module_here", directory=tmp_path))
    assert "no_such_module_here" in text


def test_torch_is_missing(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text(
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch':\n"
        "            raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')\n"
        "sys.meta_path.insert(0, Blocked())\n"
    )
    write(tmp_path, TRAIN)
    result = gradscope("run", "train.py", directory=tmp_path, PYTHONPATH=str(blocked))
    text = one_line(result)
    assert "torch" in text
    assert "pip install" in text


def test_torch_fails_to_import(tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(
        "raise ImportError('libtorch.so: no such file')"
    )
    write(tmp_path, TRAIN)
    result = gradscope("run", "train.py", directory=tmp_path)
    assert result.returncode == 1
    assert b"ImportError: libtorch.so: no such file" in result.stderr + result.stdout


def test_a_syntax_error_is_shown_as_python_shows_it(tmp_path: Path) -> None:
    write(tmp_path, "import torch\nfor x in:\n    pass\n")
    result = gradscope("run", "train.py", directory=tmp_path)
    plain = subprocess.run(
        [sys.executable, "train.py"], capture_output=True, cwd=tmp_path, check=False
    )
    assert result.returncode == plain.returncode == 1
    assert b"SyntaxError" in plain.stderr
    assert plain.stderr.rstrip() in result.stderr


def test_a_script_that_raises_before_the_first_batch(tmp_path: Path) -> None:
    write(tmp_path, "import torch\nraise ValueError('no data')\n")
    result = gradscope("run", "train.py", directory=tmp_path)
    assert result.returncode == 1
    assert b"ValueError: no data" in result.stderr
    assert b"gradscope" not in result.stderr.split(b"Traceback")[1].split(b"ValueError: no data")[0]


def test_a_script_that_never_trains_is_told_what_was_seen(tmp_path: Path) -> None:
    write(tmp_path, "import torch\nmodel = torch.nn.Linear(2, 2)\nmodel(torch.ones(1, 2))\n")
    result = gradscope("run", "train.py", directory=tmp_path)
    assert result.returncode == 0
    assert (
        "train.py ended without training: it imported torch, ran 1 forward,"
        " built no optimizer, fetched no batch and never called backward"
    ) in result.stdout.decode()


def test_a_script_that_changes_directory_and_exits_with_a_code(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path, "import os\nos.chdir('elsewhere')\n" + TRAIN + "raise SystemExit(3)\n")
    result = gradscope("run", "-o", "run.gscope", "train.py", directory=tmp_path)
    assert result.returncode == 3
    recording = Recording.open(tmp_path / "run.gscope")
    moment = recording.latest_moment()
    assert moment is not None
    assert moment.line is not None
    source = recording.source(moment.line.file)
    assert source is not None
    assert "optimizer.step()" in source.splitlines()[moment.line.line - 1]
    recording.close()


@pytest.mark.parametrize(
    ("number", "script"), [(signal.SIGKILL, TRAIN), (signal.SIGSEGV, "")], ids=["kill", "crash"]
)
def test_a_script_that_kills_itself_leaves_its_recording(
    tmp_path: Path, number: int, script: str
) -> None:
    write(tmp_path, script + f"import os\nos.kill(os.getpid(), {number})\n")
    result = gradscope("run", "-o", "run.gscope", "train.py", directory=tmp_path)
    assert result.returncode == 128 + number
    assert f"signal {number}".encode() in result.stdout + result.stderr
    recording = Recording.open(tmp_path / "run.gscope")
    moment = recording.latest_moment()
    if script:
        assert moment is not None
        assert (moment.iteration, moment.phase) == (3, "step")
    else:
        assert moment is None
    ended = recording.ended()
    assert ended is not None
    assert ended.status == -number
    recording.close()


# A process starts out with the peak of the one that forked it, here that of a small one.
MEASURED = """
import resource, subprocess, sys
code = subprocess.run([sys.executable, "-m", "gradscope", *sys.argv[1:]]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.slow
def test_a_gigabyte_of_output_loses_nothing(tmp_path: Path) -> None:
    write(
        tmp_path,
        "import sys\nline = b'x' * 1023 + b'\\n'\n"
        "for _ in range(1024):\n    sys.stdout.buffer.write(line * 1024)\n",
    )
    command = [sys.executable, "-c", MEASURED, "run", "-o", "run.gscope", "train.py"]
    with (
        subprocess.Popen(["wc", "-c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as counter,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=counter.stdin,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
        ) as run,
    ):
        assert counter.stdin is not None
        counter.stdin.close()
        _, peak = run.communicate(b"continue\n")
        assert counter.stdout is not None
        written = int(counter.stdout.read())
    (tmp_path / "run.gscope").unlink()
    assert run.returncode == 0
    assert 1 << 30 <= written < (1 << 30) + 10_000
    kilobyte = 1 if sys.platform == "linux" else 1024
    assert int(peak.split()[-1]) < 400_000 * kilobyte


def test_invalid_utf8_passes_through(tmp_path: Path) -> None:
    write(tmp_path, "import sys\nsys.stdout.buffer.write(b'caf\\xe9 \\xff\\n')\n")
    result = gradscope("run", "train.py", directory=tmp_path)
    assert b"caf\xe9 \xff\n" in result.stdout


def test_a_torchvision_that_does_not_fit_torch(tmp_path: Path) -> None:
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    write(tmp_path, "import torchvision\n")
    result = gradscope("run", "train.py", directory=tmp_path)
    assert result.returncode == 1
    shown = result.stderr.split(b"Traceback")[1]
    assert b"RuntimeError: operator torchvision::nms does not exist" in shown
    assert b"gradscope" not in shown.split(b"RuntimeError:")[0]


def test_a_script_that_exits_before_it_imports_torch(tmp_path: Path) -> None:
    write(tmp_path, "import sys\nsys.exit(3)\n")
    result = gradscope("run", "train.py", directory=tmp_path)
    assert result.returncode == 3
    assert b"train.py exited with code 3" in result.stdout + result.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_script_and_its_children(tmp_path: Path, number: signal.Signals) -> None:
    write(
        tmp_path,
        "import os, subprocess\nother = subprocess.Popen(['sleep', '1000'])\n"
        "print(os.getpid(), other.pid, flush=True)\nother.wait()\n",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "gradscope", "run", "train.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
    ) as run:
        try:
            assert run.stdout is not None
            processes = run.stdout.readline().decode().split()
            run.send_signal(number)
            assert run.wait(60) == 128 + number
        finally:
            run.kill()
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", ",".join(processes)], capture_output=True, check=False
    )
    assert all(line.startswith(b"Z") for line in shown.stdout.split())
