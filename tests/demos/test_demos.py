import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DEMOS = Path(__file__).parents[2] / "demos"
SCRIPTS = sorted(DEMOS.glob("*.py"))
needs_torchvision = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="reads CIFAR-10 with torchvision"
)


def run(
    name: str, *arguments: str, cwd: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(DEMOS / f"{name}.py"), *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


def epoch_sums(output: str) -> list[float]:
    return [
        float(total) for total in re.findall(r"^epoch \d+: summed loss (.+)$", output, re.MULTILINE)
    ]


def error_line(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert line.startswith("cifar10.py: ")
    return line


@pytest.fixture
def unfit_torchvision(tmp_path: Path) -> Path:
    package = tmp_path / "unfit" / "torchvision"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')\n"
    )
    return package.parent


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


def test_linear_regression_gives_the_numbers_worked_by_hand(tmp_path: Path) -> None:
    result = run("linear_regression", cwd=tmp_path)
    assert result.stderr == ""
    assert result.stdout.splitlines()[:3] == [
        "iteration 1: loss 7.5, weight 2, bias 0.5",
        "iteration 2: loss 0.25, weight 2.15, bias 0.6",
        "iteration 3: loss 0.05875, weight 2.165, bias 0.635",
    ]
    assert result.returncode == 0


def test_spirals_are_told_apart(tmp_path: Path) -> None:
    result = run("spirals", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    right = [int(share) for share in re.findall(r"(\d+)% right", result.stdout)]
    assert len(right) == 8
    assert right[0] < 70
    assert right[-1] > 95


def test_cifar10_draws_pictures_and_says_so(tmp_path: Path) -> None:
    result = run("cifar10", "--pictures", "130", "--epochs", "2", "--seed", "3", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    first, *epochs = result.stdout.splitlines()
    assert first == "not CIFAR-10: 130 drawn pictures of shapes and textures"
    assert len(epochs) == 2
    for total in epoch_sums(result.stdout):  # three batches, of 64, 64 and 2
        assert total == pytest.approx(3 * 2.3026, abs=0.2)


def test_cifar10_repeats_itself(tmp_path: Path) -> None:
    small = ("--pictures", "64", "--epochs", "1", "--seed", "1")
    first, again = (run("cifar10", *small, cwd=tmp_path).stdout for _ in range(2))
    assert len(epoch_sums(first)) == 1
    assert first == again


@pytest.mark.slow
def test_the_loss_falls_clearly_within_200_iterations(tmp_path: Path) -> None:
    result = run("cifar10", "--epochs", "2", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert "6400 drawn pictures" in result.stdout
    first, second = epoch_sums(result.stdout)
    assert 2.0 < first / 100 < 2.3026
    assert second / 100 < 1.85  # ln 10 = 2.3026 is guessing; this is the mean of 101 to 200


def test_drawn_pictures_need_no_torchvision(tmp_path: Path, unfit_torchvision: Path) -> None:
    result = run(
        "cifar10",
        *("--pictures", "64", "--epochs", "1"),
        cwd=tmp_path,
        PYTHONPATH=str(unfit_torchvision),
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert len(epoch_sums(result.stdout)) == 1


def test_a_torchvision_that_does_not_fit_torch_is_said(
    tmp_path: Path, unfit_torchvision: Path
) -> None:
    (tmp_path / "data" / "cifar-10-batches-py").mkdir(parents=True)
    line = error_line(run("cifar10", cwd=tmp_path, PYTHONPATH=str(unfit_torchvision)))
    assert "operator torchvision::nms does not exist" in line
    assert "--pictures 6400" in line


def test_a_missing_torchvision_is_said(tmp_path: Path) -> None:
    (tmp_path / "torchvision.py").write_text("raise ModuleNotFoundError(\"No module named 'tv'\")")
    line = error_line(run("cifar10", "--download", cwd=tmp_path, PYTHONPATH=str(tmp_path)))
    assert "does not load here (No module named 'tv')" in line


def test_data_that_is_not_there_is_said(tmp_path: Path) -> None:
    line = error_line(run("cifar10", "--data", "nowhere", cwd=tmp_path))
    assert line == (
        "cifar10.py: nowhere holds no cifar-10-batches-py folder; --download would fetch it there"
    )


@needs_torchvision
def test_damaged_data_is_said(tmp_path: Path) -> None:
    (tmp_path / "data" / "cifar-10-batches-py").mkdir(parents=True)
    assert "could not be read from data" in error_line(run("cifar10", cwd=tmp_path))


@needs_torchvision
def test_a_download_without_network_is_said(tmp_path: Path) -> None:
    closed = "http://127.0.0.1:9"
    result = run("cifar10", "--download", cwd=tmp_path, https_proxy=closed, HTTPS_PROXY=closed)
    assert "could not be fetched to data" in error_line(result)


def test_drawing_and_reading_at_once_is_refused(tmp_path: Path) -> None:
    line = error_line(run("cifar10", "--pictures", "9", "--download", cwd=tmp_path))
    assert "leave out --data and --download" in line


def test_numbers_below_one_are_refused(tmp_path: Path) -> None:
    result = run("cifar10", "--batch-size", "0", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].endswith("--batch-size: 0 is less than 1")
