import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gradscope.core.words import Role
from gradscope.recording import Recording, RecordingError
from gradscope.recording.schema import APPLICATION_ID, FORMAT
from tests.recording.build import moment, record_iterations


def one_line(error: pytest.ExceptionInfo[RecordingError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_a_closed_recording_is_one_file(tmp_path: Path) -> None:
    recording = record_iterations(tmp_path / "run.gscope", 2)
    assert len(list(tmp_path.iterdir())) > 1
    recording.close()
    assert [path.name for path in tmp_path.iterdir()] == ["run.gscope"]
    header = (tmp_path / "run.gscope").read_bytes()[:100]
    assert int.from_bytes(header[68:72]) == APPLICATION_ID
    assert int.from_bytes(header[60:64]) == FORMAT


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "run.gscope"
    path.write_text("precious")
    with pytest.raises(RecordingError) as error:
        Recording.create(path)
    assert "exists already" in one_line(error)
    assert path.read_text() == "precious"


def test_a_folder_that_is_not_there_or_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for folder in (tmp_path / "missing", file):
        with pytest.raises(RecordingError) as error:
            Recording.create(folder / "run.gscope")
        assert str(folder / "run.gscope") in one_line(error)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a gradscope recording: it is empty"),
        (b"import torch\n" * 100, "is not a gradscope recording"),
        (b"SQLite format 3\x00" + bytes(4000), "run.gscope"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "run.gscope"
    path.write_bytes(content)
    with pytest.raises(RecordingError) as error:
        Recording.open(path)
    assert reason in one_line(error)


def test_paths_that_are_no_files_are_refused(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "missing", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(RecordingError) as error:
            Recording.open(path)
        assert reason in one_line(error)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("PRAGMA application_id = 1", "is not a gradscope recording"),
        (f"PRAGMA user_version = {FORMAT + 1}", "made by a newer gradscope"),
        ("PRAGMA user_version = 0", "damaged"),
        ("DROP TABLE output", "its tables are not those of a recording"),
        ("CREATE VIEW v AS SELECT 1", "its tables are not those of a recording"),
        ("INSERT INTO roster VALUES (9, 'sausage', x'90')", "no role 'sausage'"),
        ("INSERT INTO roster VALUES (9, 'grad', x'c1')", "cannot be decoded"),
        ("INSERT INTO scalars (packed) VALUES (x'00')", "wrong length"),
        ("INSERT INTO scalars (packed) VALUES (zeroblob(256 * 40))", "out of order"),
        ("INSERT INTO scalars (packed) VALUES ('text')", "wrong length"),
    ],
)
def test_a_file_that_was_tampered_with_is_refused(
    tmp_path: Path, statement: str, reason: str
) -> None:
    path = tmp_path / "run.gscope"
    record_iterations(path, 1).close()
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
    with pytest.raises(RecordingError) as error:
        Recording.open(path)
    assert reason in one_line(error)


def test_a_row_of_the_wrong_type_is_an_error_where_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run.gscope"
    record_iterations(path, 300).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE moment SET body = 5 WHERE seq = 2")
    connection.execute("UPDATE moment SET body = x'80' WHERE seq = 3")
    connection.commit()
    connection.close()
    recording = Recording.open(path)
    assert recording.moment(1) is not None
    for seq in (2, 3):
        with pytest.raises(RecordingError, match="cannot be decoded"):
            recording.moment(seq)


def test_any_damage_gives_the_data_or_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "run.gscope"
    record_iterations(path, 300).close()
    original = path.read_bytes()
    for place in range(0, len(original), len(original) // 60):
        damaged = bytearray(original)
        damaged[place : place + 50] = bytes(50)
        path.write_bytes(damaged)
        try:
            recording = Recording.open(path)
            recording.phases(150)
            recording.close()
        except RecordingError as error:
            assert "\n" not in str(error)  # noqa: PT017  # it need not be raised


def test_a_full_disk_loses_nothing_once_there_is_space_again(tmp_path: Path) -> None:
    recording = record_iterations(tmp_path / "run.gscope", 1)
    connection = recording._store._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    failed = 0
    for seq in range(7, 200):
        try:
            recording.append(moment(seq, seq))
        except RecordingError as error:
            assert str(error) == "run.gscope cannot be written: the disk is full"  # noqa: PT017  # not every time
            failed += 1
    assert failed
    with pytest.raises(RecordingError, match="the disk is full"):
        recording.commit()
    connection.execute("PRAGMA max_page_count = 100000")
    recording.commit()
    recording.close()
    again = Recording.open(recording.path)
    assert [again.moment(seq) is not None for seq in range(1, 200)] == [True] * 199


def test_a_disk_that_takes_no_byte_is_reported_when_a_recording_is_made(tmp_path: Path) -> None:
    code = """
import resource, signal, sys
from gradscope.recording import Recording, RecordingError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    Recording.create(sys.argv[1])
except RecordingError as error:
    print(error)
"""
    command = [sys.executable, "-c", code, str(tmp_path / "run.gscope")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("run.gscope cannot be written")
    assert done.stdout.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


_WRITER = """
import sys
from gradscope.recording import Recording
from tests.recording.build import measured, moment
from gradscope.core.words import Role
recording = Recording.create(sys.argv[1])
for seq in range(1, 10**9):
    norms = [measured(Role.GRAD, f"layer{n}", seq + n) for n in range(20)]
    recording.append(moment(seq, seq, loss=float(seq), measurements=norms))
    if seq % 7 == 0:
        recording.commit()
        print(seq, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 2, 50, 123, 400])
def test_a_killed_writer_leaves_all_that_was_committed(
    tmp_path: Path, lines: int, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "run.gscope"
    command = [sys.executable, "-c", _WRITER, str(path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=request.config.rootpath
    ) as writer:
        assert writer.stdout is not None
        committed = 0
        for _ in range(lines):
            committed = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
    recording = Recording.open(path)
    last = recording.last_seq()
    assert last is not None
    assert last >= committed
    assert recording.series("loss").values.tolist() == [float(seq) for seq in range(1, last + 1)]
    assert recording.measurements(Role.GRAD, last)["layer3"][1].stats is not None
    recording.close()


def test_a_recording_that_was_not_closed_opens_where_it_lies(tmp_path: Path) -> None:
    recording = record_iterations(tmp_path / "run.gscope", 3)
    copy = tmp_path / "copy"
    copy.mkdir()
    for part in tmp_path.glob("run.gscope*"):
        shutil.copy(part, copy)
    recording.close()
    again = Recording.open(copy / "run.gscope")
    assert again.last_seq() == 18
