import msgspec
import pytest

from gradscope.core.events import (
    Clip,
    Facts,
    Inside,
    LossCall,
    Model,
    Moment,
    Optimizer,
    Preview,
)
from gradscope.core.numbers import format_count
from gradscope.core.tensors import Stats
from gradscope.core.words import Detail, Phase
from gradscope.explain.words import Row, describe

MOMENT = Moment(
    seq=5,
    iteration=1,
    epoch=1,
    phase=Phase.BACKWARD,
    inside=None,
    line=None,
    time=0.1,
    duration=0.01,
    loss=2.3026,
    grad_norm=0.8312,
    lr=0.02,
    detail=Detail.FULL,
    facts=Facts(),
    measurements=[],
    batch=[],
    stop="",
)
MODELS = [Model(0, "Net", [], [])]
OPTIMIZERS = [Optimizer(0, "SGD", []), Optimizer(1, "Adam", [])]


def sentence(phase: Phase, facts: Facts, **changes: object) -> str:
    moment = msgspec.structs.replace(MOMENT, phase=phase, facts=facts, **changes)
    return describe(moment, MODELS, OPTIMIZERS).sentence


@pytest.mark.parametrize(
    ("phase", "facts", "expected"),
    [
        (Phase.ZERO_GRAD, Facts(grads_to_none=10), "zero_grad set 10 grads to None"),
        (Phase.ZERO_GRAD, Facts(grads_to_zero=1), "zero_grad set 1 grad to zero"),
        (
            Phase.ZERO_GRAD,
            Facts(grads_to_none=8, grads_to_zero=2),
            "zero_grad set 8 grads to None and 2 grads to zero",
        ),
        (Phase.ZERO_GRAD, Facts(grads_none=10), "zero_grad found every grad None already"),
        (
            Phase.ZERO_GRAD,
            Facts(grads_to_zero=2, by_hand=True),
            "the script, by hand, set 2 grads to zero",
        ),
        (Phase.FORWARD, Facts(), "forward ran Net and changed no weight"),
        (Phase.EVALUATE, Facts(), "Net ran to evaluate: nothing is learned from it"),
        (
            Phase.LOSS,
            Facts(loss_call=LossCall("cross_entropy", "mean", (64, 10), (64,))),
            "cross_entropy gave 2.3026, the mean over 64",
        ),
        (Phase.LOSS, Facts(), "the loss is 2.3026"),
        (Phase.BACKWARD, Facts(grads_filled=10), "backward filled 10 grads, ‖g‖ 0.8312"),
        (
            Phase.BACKWARD,
            Facts(grads_accumulated=8, grads_filled=2),
            "backward filled 2 grads and added to 8 grads, ‖g‖ 0.8312",
        ),
        (Phase.BACKWARD, Facts(grads_none=4), "backward changed no grad, ‖g‖ 0.8312"),
        (
            Phase.CLIP,
            Facts(clip=Clip("norm", 1.0, 12.5, 1.0)),
            "clipping to norm 1.0000 took ‖g‖ from 12.50 to 1.0000",
        ),
        (
            Phase.CLIP,
            Facts(clip=Clip("value", 0.5, 0.25, 0.25)),
            "clipping to elements within ±0.5000 left ‖g‖ at 0.2500",
        ),
        (
            Phase.STEP,
            Facts(weights_changed=145578, largest_update=0.0021, optimizer=0),
            f"SGD moved {format_count(145_578)} weights by at most 0.0021",
        ),
        (Phase.STEP, Facts(optimizer=1), "Adam moved no weight"),
        (Phase.STEP, Facts(weights_changed=1), "the optimizer moved 1 weight"),
        (
            Phase.STEP,
            Facts(skipped="GradScaler found an Inf"),
            "the optimizer step was skipped: GradScaler found an Inf",
        ),
        (
            Phase.SCHEDULE,
            Facts(learning_rates=[(0.1, 0.05)]),
            "the scheduler took lr from 0.1000 to 0.0500",
        ),
        (
            Phase.SCHEDULE,
            Facts(learning_rates=[(0.1, 0.1)]),
            "the scheduler left lr at 0.1000",
        ),
        (
            Phase.MANUAL,
            Facts(weights_changed=2, parameters_changed=2, largest_update=0.5, by_hand=True),
            "the script, by hand, moved 2 weights by at most 0.5000",
        ),
        (
            Phase.MANUAL,
            Facts(grads_to_zero=2, by_hand=True),
            "the script, by hand, set 2 grads to zero",
        ),
        (Phase.UNSCALE, Facts(), "unscale divided the grads by the loss scale, ‖g‖ 0.8312"),
    ],
)
def test_sentences(phase: Phase, facts: Facts, expected: str) -> None:
    assert sentence(phase, facts) == expected


def test_a_batch_is_told_by_its_fields() -> None:
    batch = [
        Preview("images", "images", (64, 3, 32, 32), "float32", None),
        Preview("labels", "labels", (64,), "int64", None),
    ]
    assert sentence(Phase.BATCH, Facts(), batch=batch) == (
        "fetched a batch: images 64×3×32×32 float32, labels 64 int64"
    )


@pytest.mark.parametrize("value", [None, float("nan")])
def test_what_is_unknown_is_left_out_and_nan_is_said(value: float | None) -> None:
    facts = Facts(grads_filled=1)
    expected = "backward filled 1 grad" + ("" if value is None else ", ‖g‖ NaN")
    assert sentence(Phase.BACKWARD, facts, grad_norm=value) == expected


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (Inside("forward", "model.3"), "the forward of model.3 has returned"),
        (Inside("forward", ""), "the forward of the model has returned"),
        (Inside("grad_output", "fc"), "the gradient has arrived at the output of fc"),
        (Inside("grad", "fc.weight"), "the gradient of fc.weight has been accumulated"),
    ],
)
def test_moments_inside_a_phase(inside: Inside, expected: str) -> None:
    assert sentence(Phase.FORWARD, Facts(), inside=inside) == expected


def test_what_a_module_has_written_is_told_in_numbers() -> None:
    stats = Stats((2, 3), "float32", 5.0, 0.5, 2.0, 0.0, 4.0, zeros=3, nans=1, infs=0)
    moment = msgspec.structs.replace(MOMENT, inside=Inside("forward", "relu"))
    found = describe(moment, measured=stats)
    assert found.sentence == "the forward of relu has returned"
    assert [(row.label, row.text) for row in found.rows[1:]] == [
        ("", "2×3 float32"),
        ("‖·‖", "5.0000"),
        ("μ, σ", "0.5000, 2.0000"),
        ("range", "0 to 4.0000"),
        ("zero", "50.0 %"),
        ("▲", "1 NaN, 0 Inf"),
    ]


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_rows_without_any_fact(phase: Phase) -> None:
    description = describe(msgspec.structs.replace(MOMENT, phase=phase))
    assert description.sentence
    assert all(row.text for row in description.rows)


def test_rows_of_a_backward() -> None:
    facts = Facts(grads_filled=8, grads_none=2)
    rows = describe(msgspec.structs.replace(MOMENT, facts=facts)).rows
    assert [(row.label, row.text) for row in rows] == [
        ("reads", "loss, saved activations"),
        ("writes", "8 grads filled"),
        ("without", "2 grads still None"),
        ("‖g‖", "0.8312"),
    ]
    assert isinstance(rows[0], Row)
