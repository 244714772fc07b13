import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gradscope.core.commands import ReadTensor, Slice
from gradscope.core.events import (
    Answer,
    Ended,
    Environment,
    Finished,
    Inside,
    Model,
    Notice,
    Optimizer,
    Output,
    ParamGroup,
    Preview,
    Running,
    Seen,
    SourceLine,
    Started,
)
from gradscope.core.tensors import TensorData
from gradscope.core.words import Phase, Role, When
from gradscope.recording import OutputChunk, Recording, RecordingError
from tests.recording.build import measured, moment, record_iterations


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    made = Recording.create(tmp_path / "run.gscope")
    yield made
    made.close()


def reopened(recording: Recording) -> Recording:
    recording.close()
    return Recording.open(recording.path)


def test_a_new_recording_knows_nothing(recording: Recording) -> None:
    assert recording.started() is None
    assert recording.models() == []
    assert recording.first_seq() is recording.last_seq() is None
    assert recording.latest_moment() is None
    assert recording.moment(1) is None
    assert recording.measurement(Role.GRAD, "w", 10) is None
    assert recording.measurements(Role.GRAD, 10) == {}
    assert recording.series("loss").values.size == 0
    assert recording.output() == []
    assert recording.batch(10) is None


def test_rare_events_come_back_from_the_file(recording: Recording, tmp_path: Path) -> None:
    started = Started(1, 42, ["t.py", "x"], "t.py", str(tmp_path), "3.11.7", 12.5)
    environment = Environment("2.14", 2, "cpu")
    finished = Finished("exited", 3, "", None, Seen(torch_imported=True))
    for event in (started, environment, Notice("watch out"), finished, Ended(3)):
        recording.append(event)
    again = reopened(recording)
    assert again.started() == started
    assert again.environment() == environment
    assert again.notices() == ["watch out"]
    assert again.finished() == finished
    assert again.ended() == Ended(3)


def test_an_answer_and_a_resumption_leave_no_trace(recording: Recording) -> None:
    recording.append(Answer(1, text="2"))
    recording.append(Running())
    assert not recording.dirty


def test_the_latest_model_of_each_index_counts(recording: Recording) -> None:
    for model in (Model(0, "A", [], []), Model(1, "B", [], []), Model(0, "C", [], [])):
        recording.append(model)
    assert [model.name for model in recording.models()] == ["C", "B"]


def test_an_optimizer_is_shown_as_it_was_at_a_moment(recording: Recording) -> None:
    first = Optimizer(0, "SGD", [ParamGroup(["w"], {"lr": 0.1})])
    second = Optimizer(0, "SGD", [ParamGroup(["w"], {"lr": 0.01})])
    recording.append(first)
    recording.append(moment(1))
    recording.append(second)
    recording.append(moment(2))
    assert recording.optimizers(1) == [first]
    assert recording.optimizers(2) == recording.optimizers() == [second]


def test_moments_are_kept_without_their_measurements(recording: Recording) -> None:
    preview = Preview("0", "other", (4, 2), "float32", None)
    full = moment(
        5, 2, Phase.BATCH, loss=0.5, measurements=[measured(Role.GRAD, "w", 1)], batch=[preview]
    )
    recording.append(full)
    again = reopened(recording)
    assert again.moment(5) == moment(5, 2, Phase.BATCH, loss=0.5)
    assert again.moment(4) is None
    assert again.batch(9) == (5, [preview])
    assert again.batch(4) is None


def test_moments_are_found_by_neighbourhood_iteration_and_phase(tmp_path: Path) -> None:
    recording = record_iterations(tmp_path / "r", 3, (Phase.BATCH, Phase.STEP), epoch_length=2)
    recording.append(moment(8, 4, Phase.FORWARD, inside=Inside("forward", "fc")))
    recording.append(moment(10, 4, Phase.FORWARD))
    assert (recording.first_seq(), recording.last_seq()) == (1, 10)
    assert recording.neighbour(6, forward=True) == 8
    assert recording.neighbour(6, forward=True, whole_phase=True) == 10
    assert recording.neighbour(10, forward=False) == 8
    assert recording.neighbour(10, forward=False, whole_phase=True) == 6
    assert recording.neighbour(1, forward=True, count=3) == 4
    assert recording.neighbour(10, forward=True) is None
    latest = recording.latest_moment(9)
    assert latest is not None
    assert latest.seq == 8
    assert recording.find(2, None) == 3
    assert recording.find(2, Phase.STEP) == 4
    assert recording.find(2, Phase.CLIP) is None
    assert recording.find(9, None) is None
    assert [found.seq for found in recording.phases(2)] == [3, 4]
    assert recording.start_of(2, after=1) == 3
    assert recording.start_of(9, after=1) is None
    assert recording.start_of_epoch(2, after=1) == 5
    assert recording.count(2, 8) == 5


def test_an_iteration_is_completed_by_its_last_step(tmp_path: Path) -> None:
    recording = record_iterations(tmp_path / "r", 3, (Phase.BATCH, Phase.STEP, Phase.STEP))
    assert recording.completed(1) == 3
    assert recording.completed(2) == 3
    assert recording.completed(3) == 6
    assert recording.completed(1, 3) == 9
    assert recording.completed(1, 4) is None


def test_the_latest_measurement_is_found_however_far_back(recording: Recording) -> None:
    recording.append(moment(1, measurements=[measured(Role.GRAD, "frozen", 7)]))
    for seq in range(2, 50):
        grads = [measured(Role.GRAD, "a", seq), measured(Role.GRAD, "b", None)]
        recording.append(moment(seq, measurements=grads))
    recording.append(moment(50, measurements=[measured(Role.GRAD, "b", 3)]))
    again = reopened(recording)
    assert again.measurement(Role.GRAD, "frozen", 50) == (1, measured(Role.GRAD, "frozen", 7))
    assert again.measurement(Role.GRAD, "a", 30) == (30, measured(Role.GRAD, "a", 30))
    assert again.measurement(Role.GRAD, "b", 49) == (49, measured(Role.GRAD, "b", None))
    assert again.measurement(Role.WEIGHT, "a", 50) is None
    assert again.measurements(Role.GRAD, 50) == {
        "frozen": (1, measured(Role.GRAD, "frozen", 7)),
        "a": (49, measured(Role.GRAD, "a", 49)),
        "b": (50, measured(Role.GRAD, "b", 3)),
    }


def test_before_means_before_the_phase_even_inside_it(recording: Recording) -> None:
    recording.append(moment(1, 1, Phase.ZERO_GRAD, measurements=[measured(Role.GRAD, "w", None)]))
    inside = Inside("grad", "w")
    one = [measured(Role.GRAD, "w", 2)]
    recording.append(moment(2, 1, Phase.BACKWARD, inside=inside, measurements=one))
    recording.append(moment(3, 1, Phase.BACKWARD, measurements=one))
    assert recording.before(Role.GRAD, "w", 3) == (1, measured(Role.GRAD, "w", None))
    assert recording.before(Role.GRAD, "w", 2) == (1, measured(Role.GRAD, "w", None))
    assert recording.before(Role.GRAD, "w", 1) is None


def test_a_series_has_the_last_value_of_each_iteration_and_keeps_nan(recording: Recording) -> None:
    losses = [(1, None), (1, 2.0), (1, 1.5), (2, None), (3, math.nan), (4, math.inf)]
    for seq, (iteration, loss) in enumerate(losses, start=1):
        recording.append(moment(seq, iteration, loss=loss))
    for source in (recording, reopened(recording)):
        series = source.series("loss")
        np.testing.assert_array_equal(series.iterations, [1, 3, 4])
        np.testing.assert_array_equal(series.values, [1.5, math.nan, math.inf])
        assert source.series("grad_norm").values.size == 0
        np.testing.assert_array_equal(source.series("lr").iterations, [1, 2, 3, 4])


@pytest.mark.parametrize("count", [255, 256, 257, 1030])
def test_a_series_is_the_same_from_blocks_and_from_moments(tmp_path: Path, count: int) -> None:
    recording = record_iterations(tmp_path / "r", count, (Phase.LOSS, Phase.STEP))
    early = recording.series("loss")
    for source in (recording, reopened(recording)):
        series = source.series("loss")
        np.testing.assert_array_equal(series.iterations, np.arange(1, count + 1))
        np.testing.assert_array_equal(series.values, 1 / np.arange(1, count + 1))
    assert len(early.values) == count


def test_a_series_handed_out_cannot_be_written_and_does_not_grow(recording: Recording) -> None:
    recording.append(moment(1, 1, loss=1.0))
    series = recording.series("loss")
    for seq in range(2, 3000):
        recording.append(moment(seq, seq, loss=0.0))
    np.testing.assert_array_equal(series.values, [1.0])
    with pytest.raises(ValueError, match="read-only"):
        series.values[0] = 0


def test_output_is_bytes_tied_to_the_moment_before_it(recording: Recording) -> None:
    recording.append(Output("out", b"a\xff\x00"))
    recording.append(moment(4))
    recording.append(Output("err", b"b"))
    chunks = [OutputChunk(1, 0, "out", b"a\xff\x00"), OutputChunk(2, 4, "err", b"b")]
    assert recording.output() == chunks
    assert recording.output(after=1) == recording.newest_output(1) == chunks[1:]
    assert recording.output(limit=1) == chunks[:1]


def test_sources_are_kept_as_they_were(recording: Recording, tmp_path: Path) -> None:
    script = tmp_path / "t.py"
    script.write_bytes("# -*- coding: latin-1 -*-\r\nx = 'é'\r\n".encode("latin-1"))
    recording.append(Started(1, 42, [], "t.py", str(tmp_path), "3.11.7", 0))
    script.unlink()
    recording.append(moment(1, line=SourceLine(str(script), 2, "f")))
    recording.append(moment(2, line=SourceLine("<string>", 2, "f")))
    again = reopened(recording)
    assert again.source(str(script)) == "# -*- coding: latin-1 -*-\nx = 'é'\n"
    assert again.source("<string>") is None


def test_tensors_that_were_read_are_kept_and_whole_ones_give_parts(recording: Recording) -> None:
    array = np.arange(6, dtype="<f4").reshape(2, 3)
    whole = TensorData("float32", "<f4", (2, 3), (2, 3), array.tobytes())
    wanted = ReadTensor(1, Role.WEIGHT, "w")
    recording.keep_tensor(3, wanted, whole)
    part = ReadTensor(9, Role.WEIGHT, "w", index=[Slice(1, element=True), Slice(0, None, 2)])
    again = reopened(recording)
    assert again.tensor(3, wanted) == whole
    found = again.tensor(3, part)
    assert found is not None
    np.testing.assert_array_equal(found.array, [3, 5])
    assert found.full_shape == (2, 3)
    assert again.tensor(3, ReadTensor(1, Role.WEIGHT, "w", When.BEFORE)) is None
    assert again.tensor(3, ReadTensor(1, Role.WEIGHT, "w", index=[Slice(7, element=True)])) is None
    assert again.tensor(2, wanted) is None


def test_elements_that_do_not_fill_their_shape_are_an_error(recording: Recording) -> None:
    wanted = ReadTensor(1, Role.WEIGHT, "w")
    for shape, code in (((1 << 40,), "<f4"), ((1,), "nonsense"), ((-1, -1), "<f4")):
        recording.keep_tensor(1, wanted, TensorData("float32", code, shape, shape, b"1234"))
        with pytest.raises(RecordingError, match="do not fill its shape"):
            recording.tensor(1, wanted)


def test_a_moment_that_is_there_already_is_refused_and_the_rest_goes_on(
    recording: Recording,
) -> None:
    recording.append(moment(1))
    with pytest.raises(RecordingError):
        recording.append(moment(1, 7))
    recording.append(moment(2))
    again = reopened(recording)
    first = again.moment(1)
    assert first is not None
    assert first.iteration == 1
    assert again.last_seq() == 2


def test_a_closed_recording_says_so(recording: Recording) -> None:
    recording.close()
    recording.close()
    with pytest.raises(RecordingError, match=r"run\.gscope is closed"):
        recording.append(moment(1))
    with pytest.raises(RecordingError, match="closed"):
        recording.output()
