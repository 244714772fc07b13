import os
from pathlib import Path

import pytest

from gradscope.recording import Recording, RecordingError
from gradscope.session.paths import KEPT, create_default, default_folder, prune


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))


def test_the_newest_twenty_are_kept() -> None:
    made = []
    for number in range(KEPT + 3):
        recording = create_default("train.py")
        recording.close()
        os.utime(recording.path, (number, number))
        made.append(recording.path)
    last = create_default("train.py")
    kept = sorted(path for path in default_folder().iterdir() if path.suffix == ".gscope")
    assert kept == sorted([*made[4:], last.path])
    assert all(path.name.startswith("train-2") for path in kept)
    last.close()


def test_a_recording_that_grows_counts_as_new_and_goes_whole(tmp_path: Path) -> None:
    growing = Recording.create(tmp_path / "growing.gscope")
    os.utime(growing.path, (1, 1))
    for number in (2, 3):
        Recording.create(tmp_path / f"{number}.gscope").close()
        os.utime(tmp_path / f"{number}.gscope", (number, number))
    prune(tmp_path, 2)
    assert {path.name for path in tmp_path.glob("*.gscope")} == {"growing.gscope", "3.gscope"}
    for part in tmp_path.glob("growing*"):
        os.utime(part, (1, 1))
    prune(tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["3.gscope"]
    growing.close()


def test_a_folder_that_cannot_be_made_is_told_with_a_way_out(tmp_path: Path) -> None:
    folder = default_folder()
    (tmp_path / folder.relative_to(tmp_path).parts[0]).write_text("in the way")
    with pytest.raises(RecordingError, match="XDG_STATE_HOME") as error:
        create_default("train.py")
    assert "\n" not in str(error.value)
