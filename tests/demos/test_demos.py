"""The demos as a tutorial's reader runs them: what they print, and what they say of trouble.

One process runs them one after another, each as ``__main__``, since importing torch is most of
what a short run costs.
"""

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import pytest

DEMOS = Path(__file__).parents[2] / "demos"
SCRIPTS = sorted(DEMOS.glob("*.py"))
needs_torchvision = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="reads CIFAR-10 with torchvision"
)

# Of each run: the folder that it runs in, one that shadows torchvision or "", and its command line.
SMALL = ("cifar10.py", "--pictures", "64", "--epochs", "1", "--seed", "1")
RUNS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "linear_regression": ("empty", "", ("linear_regression.py",)),
    "spirals": ("empty", "", ("spirals.py",)),
    "two epochs": (
        "empty",
        "",
        ("cifar10.py", "--pictures", "130", "--epochs", "2", "--seed", "3"),
    ),
    "small": ("empty", "unfit", SMALL),
    "again": ("empty", "", SMALL),
    "unfit": ("holding", "unfit", ("cifar10.py",)),
    "missing": ("empty", "missing", ("cifar10.py", "--download")),
    "nowhere": ("empty", "", ("cifar10.py", "--data", "nowhere")),
    "both": ("empty", "", ("cifar10.py", "--pictures", "9", "--download")),
    "zero": ("empty", "", ("cifar10.py", "--batch-size", "0")),
    "damaged": ("holding", "", ("cifar10.py",)),
    "offline": ("empty", "", ("cifar10.py", "--download")),
}

DRIVER = """
import contextlib, io, json, os, runpy, sys
demos, runs = sys.argv[1], json.load(sys.stdin)
sys.path[0] = demos
top, results = os.getcwd(), {}
for name, (folder, shadow, words) in runs.items():
    os.chdir(os.path.join(top, folder))
    sys.argv = [os.path.join(demos, words[0]), *words[1:]]
    if shadow:
        sys.path.insert(0, os.path.join(top, shadow))
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_path(sys.argv[0], run_name="__main__")
        except SystemExit as end:
            code = end.code
    sys.path[:] = [entry for entry in sys.path if entry != os.path.join(top, shadow)]
    results[name] = code, out.getvalue(), err.getvalue()
print(json.dumps(results))
"""

Outcome: TypeAlias = tuple[int, str, str]
"""Exit code, stdout and stderr."""


def python(*words: str, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    closed = "http://127.0.0.1:9"
    return subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=cwd,
        env={**os.environ, "https_proxy": closed, "HTTPS_PROXY": closed},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        **options,
    )


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("demos")
    (folder / "empty").mkdir()
    (folder / "holding" / "data" / "cifar-10-batches-py").mkdir(parents=True)
    for shadow, error in {
        "unfit": "RuntimeError('operator torchvision::nms does not exist')",
        "missing": "ModuleNotFoundError(\"No module named 'tv'\")",
    }.items():
        (folder / shadow).mkdir()
        (folder / shadow / "torchvision.py").write_text(f"raise {error}\n")
    done = python("-c", DRIVER, str(DEMOS), cwd=folder, input=json.dumps(RUNS))
    assert done.returncode == 0, done.stderr
    results: dict[str, Outcome] = json.loads(done.stdout)
    return results


def epoch_sums(output: str) -> list[float]:
    return [
        float(total) for total in re.findall(r"^epoch \d+: summed loss (.+)$", output, re.MULTILINE)
    ]


def error_line(outcome: Outcome) -> str:
    code, out, err = outcome
    assert (code, out) == (2, ""), err
    [line] = err.splitlines()
    assert line.startswith("cifar10.py: ")
    return line


def test_the_three_demos_are_there() -> None:
    assert [script.stem for script in SCRIPTS] == ["cifar10", "linear_regression", "spirals"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_docstring_begins_with_the_line_that_lists_the_demo(script: Path) -> None:
    docstring = ast.get_docstring(ast.parse(script.read_text()))
    assert docstring is not None
    assert re.fullmatch(r"[A-Z].{20,78}\.", docstring.splitlines()[0])


@pytest.mark.parametrize("file", sorted(DEMOS.rglob("*.py")), ids=lambda file: file.stem)
def test_demos_never_mention_the_debugger(file: Path) -> None:
    assert "gradscope" not in file.read_text().lower()


@pytest.mark.slow
class TestRuns:
    def test_linear_regression_gives_the_numbers_worked_by_hand(
        self, outcomes: dict[str, Outcome]
    ) -> None:
        code, out, err = outcomes["linear_regression"]
        assert out.splitlines()[:3] == [
            "iteration 1: loss 7.5, weight 2, bias 0.5",
            "iteration 2: loss 0.25, weight 2.15, bias 0.6",
            "iteration 3: loss 0.05875, weight 2.165, bias 0.635",
        ]
        assert (code, err) == (0, "")

    def test_spirals_are_told_apart(self, outcomes: dict[str, Outcome]) -> None:
        code, out, err = outcomes["spirals"]
        assert (code, err) == (0, "")
        right = [int(share) for share in re.findall(r"(\d+)% right", out)]
        assert len(right) == 8
        assert right[0] < 70
        assert right[-1] > 95

    def test_cifar10_draws_pictures_and_says_so(self, outcomes: dict[str, Outcome]) -> None:
        code, out, err = outcomes["two epochs"]
        assert (code, err) == (0, "")
        first, *epochs = out.splitlines()
        assert first == "not CIFAR-10: 130 drawn pictures of shapes and textures"
        assert len(epochs) == 2
        for total in epoch_sums(out):  # three batches, of 64, 64 and 2
            assert total == pytest.approx(3 * 2.3026, abs=0.2)

    def test_drawn_pictures_need_no_torchvision_and_come_again(
        self, outcomes: dict[str, Outcome]
    ) -> None:
        code, out, err = outcomes["small"]
        assert (code, err) == (0, "")
        assert len(epoch_sums(out)) == 1
        assert outcomes["again"] == outcomes["small"]

    def test_a_torchvision_that_does_not_fit_torch_is_said(
        self, outcomes: dict[str, Outcome]
    ) -> None:
        line = error_line(outcomes["unfit"])
        assert "operator torchvision::nms does not exist" in line
        assert "--pictures 6400" in line

    def test_a_missing_torchvision_is_said(self, outcomes: dict[str, Outcome]) -> None:
        assert "does not load here (No module named 'tv')" in error_line(outcomes["missing"])

    def test_data_that_is_not_there_is_said(self, outcomes: dict[str, Outcome]) -> None:
        assert error_line(outcomes["nowhere"]) == (
            "cifar10.py: nowhere holds no cifar-10-batches-py folder;"
            " --download would fetch it there"
        )

    @needs_torchvision
    def test_damaged_data_is_said(self, outcomes: dict[str, Outcome]) -> None:
        assert "could not be read from data" in error_line(outcomes["damaged"])

    @needs_torchvision
    def test_a_download_without_network_is_said(self, outcomes: dict[str, Outcome]) -> None:
        assert "could not be fetched to data" in error_line(outcomes["offline"])

    def test_drawing_and_reading_at_once_is_refused(self, outcomes: dict[str, Outcome]) -> None:
        assert "leave out --data and --download" in error_line(outcomes["both"])

    def test_numbers_below_one_are_refused(self, outcomes: dict[str, Outcome]) -> None:
        code, _, err = outcomes["zero"]
        assert code == 2
        assert err.splitlines()[-1].endswith("--batch-size: 0 is less than 1")


@pytest.mark.slow
def test_the_loss_falls_clearly_within_200_iterations(tmp_path: Path) -> None:
    result = python(str(DEMOS / "cifar10.py"), "--epochs", "2", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert "6400 drawn pictures" in result.stdout
    first, second = epoch_sums(result.stdout)
    assert 2.0 < first / 100 < 2.3026
    assert second / 100 < 1.85  # ln 10 = 2.3026 is guessing; this is the mean of 101 to 200
