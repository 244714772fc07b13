import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradscope.core.events import Clip, Facts, Inside, Model, Optimizer, ParameterInfo, ParamGroup
from gradscope.core.words import Phase, Role
from gradscope.diagnose.health import Level
from gradscope.recording import Recording
from gradscope.session.view import Mark, columns, layer_rows, phase_marks, written
from tests.recording.build import ITERATION, measured, moment, record_iterations

B, Z, F, L, G, S = ITERATION
MICRO = (Z, B, F, L, G, B, F, L, G, B, F, L, G, S)


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    made = Recording.create(tmp_path / "r.gscope")
    parameters = [
        ParameterInfo("a", "", (2,), "float32", "cpu", True, ""),  # noqa: FBT003
        ParameterInfo("b", "", (2,), "float32", "cpu", True, ""),  # noqa: FBT003
        ParameterInfo("tied", "", (2,), "float32", "cpu", True, "a"),  # noqa: FBT003
    ]
    made.append(Model(0, "net", [], parameters))
    yield made
    made.close()


def drawn(recording: Recording, cursor: int | None) -> str:
    """Return the phase bar as text: done, >current, (ahead), with counts."""
    signs = {Mark.DONE: "{}", Mark.CURRENT: ">{}", Mark.AHEAD: "({})"}
    return " ".join(
        signs[mark.mark].format(mark.phase)
        + (f"*{mark.count}" if mark.count != 1 else "")
        + (f"[{mark.progress}]" if mark.progress else "")
        for mark in phase_marks(recording, cursor)
    )


def test_the_first_iteration_knows_nothing_of_what_is_ahead(tmp_path: Path) -> None:
    recording = record_iterations(tmp_path / "r", 1, (B, F))
    assert drawn(recording, None) == ""
    assert drawn(recording, 2) == "batch >forward"


def test_what_is_ahead_is_what_followed_the_last_time(tmp_path: Path) -> None:
    recording = record_iterations(tmp_path / "r", 2)
    recording.append(moment(13, 3, B))
    recording.append(moment(14, 3, Z))
    assert drawn(recording, 14) == "batch >zero_grad (forward) (loss) (backward) (step)"
    recording.append(moment(15, 3, G))
    assert drawn(recording, 15) == "batch zero_grad >backward (step)"
    recording.append(moment(16, 3, Phase.CLIP))
    assert drawn(recording, 16) == "batch zero_grad backward >clip"


def test_looking_back_shows_the_rest_of_that_iteration(tmp_path: Path) -> None:
    recording = record_iterations(tmp_path / "r", 2, (B, F, S))
    recording.append(moment(7, 3, B))
    assert drawn(recording, 4) == ">batch (forward) (step)"
    assert drawn(recording, 6) == "batch forward >step"
    assert drawn(recording, 1) == ">batch (forward) (step)"


def test_marks_have_durations_and_moments_only_where_reached(tmp_path: Path) -> None:
    recording = record_iterations(tmp_path / "r", 1, (B, Z, Z, S))
    marks = phase_marks(recording, 3)
    assert [(mark.count, mark.duration, mark.seq) for mark in marks] == [
        (1, 0.5, 1),
        (2, 1.0, 3),
        (1, None, None),
    ]


def test_micro_batches_share_marks(tmp_path: Path) -> None:
    recording = record_iterations(tmp_path / "r", 2, MICRO)
    whole = "zero_grad batch*3 forward*3 loss*3 backward*3 >step"
    assert drawn(recording, 14) == drawn(recording, 28) == whole
    middle = "zero_grad batch*2 >forward*2 (loss)*3 (backward)*3 (step)"
    assert drawn(recording, 21) == middle
    last = "zero_grad batch*3 forward*3 loss*3 >backward*3 (step)"
    assert drawn(recording, 27) == last
    assert drawn(recording, 15) == ">zero_grad (batch)*3 (forward)*3 (loss)*3 (backward)*3 (step)"


def test_inside_a_phase_progress_is_counted(tmp_path: Path) -> None:
    recording = Recording.create(tmp_path / "r")
    inside = Inside("grad", "a")
    recording.append(moment(1, 1, B))
    recording.append(moment(3, 1, G, inside=inside))
    assert drawn(recording, 3) == "batch >backward[2]"
    recording.append(moment(5, 1, G))
    recording.append(moment(6, 1, S))
    assert drawn(recording, 3) == "batch >backward[2/3] (step)"
    recording.append(moment(7, 2, B))
    recording.append(moment(8, 2, G, inside=inside))
    assert drawn(recording, 8) == "batch >backward[1/3] (step)"
    recording.close()


def test_rows_come_in_model_order_with_the_latest_of_each_role(recording: Recording) -> None:
    weights = [measured(Role.WEIGHT, "a", 1), measured(Role.WEIGHT, "b", 2)]
    recording.append(moment(1, 1, F, measurements=weights))
    recording.append(moment(2, 1, G, measurements=[measured(Role.GRAD, "a", float("nan"))]))
    first, second, tied = layer_rows(recording, 2)
    assert (first.fqn, second.fqn, tied.fqn) == ("a", "b", "tied")
    assert first.weight == tied.weight == weights[0]
    assert first.health.level is tied.health.level is Level.BAD
    assert (second.weight, second.grad, second.health.level) == (weights[1], None, Level.UNKNOWN)
    assert layer_rows(recording, 1)[0].grad is None
    assert layer_rows(recording, None)[0].weight is None


def notes(recording: Recording, cursor: int, fqn: str = "a") -> list[str]:
    return [column.note for column in columns(recording, cursor, fqn)]


def norms(recording: Recording, cursor: int) -> list[object]:
    """Return the norms before and after in each column, None for what is not known."""
    return [
        measurement and (measurement.stats and measurement.stats.norm)
        for column in columns(recording, cursor, "a")
        for measurement in (column.before, column.measurement)
    ]


def test_columns_say_what_each_phase_changed(recording: Recording) -> None:
    recording.append(moment(1, 1, B))
    recording.append(moment(2, 1, Z, measurements=[measured(Role.GRAD, "a", None)]))
    recording.append(moment(3, 1, F, measurements=[measured(Role.WEIGHT, "a", 5)]))
    recording.append(moment(4, 1, G, measurements=[measured(Role.GRAD, "a", 3)]))
    recording.append(
        moment(
            5,
            1,
            S,
            measurements=[measured(Role.WEIGHT, "a", 6), measured(Role.UPDATE, "a", 1)],
        )
    )
    recording.append(moment(6, 2, B))
    recording.append(moment(7, 2, Z, measurements=[measured(Role.GRAD, "a", None)]))
    assert notes(recording, 1) == ["not measured", "not measured", "none yet"]
    assert notes(recording, 3) == ["same", "same", "none yet"]
    assert notes(recording, 4) == notes(recording, 4, "tied") == ["same", "changed", "none yet"]
    assert norms(recording, 4) == [5, 5, None, 3, None, None]
    assert notes(recording, 5) == ["changed", "same", "changed"]
    assert norms(recording, 5) == [5, 6, 3, 3, None, 1]
    assert notes(recording, 6) == ["same", "same", "last step"]
    assert notes(recording, 7) == ["same", "changed", "last step"]
    assert notes(recording, 7, "nobody") == ["not measured"] * 3


def test_a_phase_that_left_things_as_they_were_changed_nothing(recording: Recording) -> None:
    recording.append(moment(1, 1, Z, measurements=[measured(Role.GRAD, "a", None)]))
    recording.append(moment(2, 1, Z, measurements=[measured(Role.GRAD, "a", None)]))
    recording.append(moment(3, 1, G, measurements=[measured(Role.GRAD, "a", float("nan"))]))
    recording.append(
        moment(4, 1, Phase.CLIP, measurements=[measured(Role.GRAD, "a", float("nan"))])
    )
    assert columns(recording, 2, "a")[1].changed is False
    assert columns(recording, 3, "a")[1].changed is True
    assert columns(recording, 4, "a")[1].changed is False


def test_the_step_of_another_optimizer_changes_nothing(recording: Recording) -> None:
    recording.append(Optimizer(0, "SGD", [ParamGroup(["a"], {"lr": 0.1})]))
    recording.append(Optimizer(1, "SGD", [ParamGroup(["b"], {"lr": 0.1})]))
    weights = [[measured(Role.WEIGHT, name, norm) for name in "ab"] for norm in (1, 2)]
    recording.append(moment(1, 1, S, facts=Facts(optimizer=0), measurements=weights[0]))
    recording.append(moment(2, 1, S, facts=Facts(optimizer=1), measurements=weights[1]))
    assert notes(recording, 2)[0] == "same"
    assert notes(recording, 2, "b")[0] == "changed"


def test_weights_moved_by_hand_leave_the_grads_as_they_are(recording: Recording) -> None:
    recording.append(moment(1, 1, G, measurements=[measured(Role.GRAD, "a", 3)]))
    moved = [measured(Role.WEIGHT, "a", 6), measured(Role.UPDATE, "a", 1)]
    by_hand = Facts(weights_changed=2, by_hand=True)
    recording.append(moment(2, 1, Phase.MANUAL, facts=by_hand, measurements=moved))
    assert notes(recording, 2) == ["changed", "same", "changed"]
    recording.append(moment(3, 1, Phase.MANUAL, facts=Facts(by_hand=True)))
    assert notes(recording, 3) == ["not measured", "not measured", "last step"]


def test_a_frozen_parameter_has_no_grad_whatever_was_measured(tmp_path: Path) -> None:
    recording = Recording.create(tmp_path / "f.gscope")
    frozen = ParameterInfo("a", "", (2,), "float32", "cpu", False, "")  # noqa: FBT003
    recording.append(Model(0, "net", [], [frozen]))
    recording.append(moment(1, 1, G, measurements=[measured(Role.WEIGHT, "a", 3)]))
    weight, grad, update = columns(recording, 1, "a")
    assert (weight.note, grad.note, update.note) == ("same", "frozen", "frozen")
    assert grad.measurement == measured(Role.GRAD, "a", None)
    assert layer_rows(recording, 1)[0].grad == measured(Role.GRAD, "a", None)
    # It was thawed since the model was looked at.
    recording.append(moment(2, 1, G, measurements=[measured(Role.GRAD, "a", 3)]))
    assert notes(recording, 2)[1] == "changed"
    recording.close()


@pytest.mark.parametrize(
    ("facts", "roles"),
    [
        (Facts(), set()),
        (Facts(grads_to_none=1), {Role.GRAD}),
        (Facts(grads_accumulated=2), {Role.GRAD}),
        (Facts(clip=Clip("norm", 1.0, 3.0, 1.0)), {Role.GRAD}),
        (Facts(clip=Clip("norm", 1.0, 0.5, 0.5)), set()),
        (Facts(weights_changed=7), {Role.WEIGHT, Role.UPDATE}),
    ],
)
def test_facts_tell_which_roles_a_moment_has_written(facts: Facts, roles: set[Role]) -> None:
    assert written(moment(1, facts=facts)) == roles
    assert written(moment(1, 1, G, inside=Inside("grad", "a"), facts=facts)) == {Role.GRAD}
    assert written(moment(1, 1, F, inside=Inside("forward", "a"))) == set()


def test_a_measurement_ends_with_the_next_unmeasured_change(recording: Recording) -> None:
    recording.append(Optimizer(0, "SGD", [ParamGroup(["a"], {"lr": 0.1})]))
    recording.append(Optimizer(1, "SGD", [ParamGroup(["b"], {"lr": 0.1})]))
    recording.append(moment(1, 1, G, measurements=[measured(Role.GRAD, "a", 3)]))
    recording.append(moment(2, 1, Z, facts=Facts(optimizer=1)))
    assert notes(recording, 2)[1] == "same"
    recording.append(moment(3, 1, Z, facts=Facts(optimizer=0)))
    recording.append(moment(4, 1, F))
    assert notes(recording, 4)[1] == "not measured"
    recording.append(moment(5, 1, G, measurements=[measured(Role.GRAD, "a", 4)]))
    assert norms(recording, 5)[2:4] == [None, 4]


def test_inside_a_phase_unsent_moments_make_a_grad_unknown(recording: Recording) -> None:
    recording.append(moment(1, 1, Z, measurements=[measured(Role.GRAD, "a", None)]))
    recording.append(moment(2, 1, G, inside=Inside("grad", "b")))
    assert notes(recording, 2)[1] == "same"
    recording.append(moment(4, 1, G, inside=Inside("grad", "b")))
    assert notes(recording, 4)[1] == "not measured"
    grads = [measured(Role.GRAD, "a", 2)]
    recording.append(moment(5, 1, G, inside=Inside("grad", "a"), measurements=grads))
    assert notes(recording, 5)[1] == "changed"
    assert norms(recording, 5)[2:4] == [None, 2]
    recording.append(moment(6, 1, G, inside=Inside("grad", "c")))
    assert notes(recording, 6)[1] == "same"


def test_three_hundred_layers_are_cheap(tmp_path: Path) -> None:
    recording = Recording.create(tmp_path / "r.gscope")
    names = [f"layers.{number}.weight" for number in range(300)]
    parameters = [
        ParameterInfo(name, name[:-7], (2,), "float32", "cpu", True, "")  # noqa: FBT003
        for name in names
    ]
    recording.append(Model(0, "net", [], parameters))
    roles = (Role.WEIGHT, Role.GRAD, Role.UPDATE)
    for seq in range(1, 151):
        role = roles[seq % 3]
        recording.append(moment(seq, measurements=[measured(role, name, 1) for name in names]))
    start = time.process_time()
    rows = layer_rows(recording, 150)
    assert time.process_time() - start < 0.1
    assert all(row.weight and row.grad and row.update for row in rows)
    recording.close()
