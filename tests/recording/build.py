"""Moments and measurements for tests, with only what a test cares about spelled out."""

from collections.abc import Sequence
from pathlib import Path

from gradscope.core.events import Facts, Inside, Moment, Preview, SourceLine
from gradscope.core.tensors import Measurement, Stats
from gradscope.core.words import Detail, Phase, Role
from gradscope.recording import Recording

ITERATION = (Phase.BATCH, Phase.ZERO_GRAD, Phase.FORWARD, Phase.LOSS, Phase.BACKWARD, Phase.STEP)


def moment(
    seq: int,
    iteration: int = 1,
    phase: Phase = Phase.STEP,
    *,
    epoch: int = 1,
    inside: Inside | None = None,
    line: SourceLine | None = None,
    duration: float = 0.5,
    loss: float | None = None,
    facts: Facts | None = None,
    measurements: Sequence[Measurement] = (),
    batch: Sequence[Preview] = (),
    stop: str = "",
) -> Moment:
    return Moment(
        seq=seq,
        iteration=iteration,
        epoch=epoch,
        phase=phase,
        inside=inside,
        line=line,
        time=float(seq),
        duration=duration,
        loss=loss,
        grad_norm=None,
        lr=0.1,
        detail=Detail.FULL,
        facts=facts or Facts(),
        measurements=list(measurements),
        batch=list(batch),
        stop=stop,
    )


def measured(role: Role, name: str, norm: float | None) -> Measurement:
    """Return a measurement of a tensor with that norm; None for a tensor that is None."""
    return Measurement(role, name, None if norm is None else Stats((2,), "float32", norm))


def record_iterations(
    path: Path, count: int, phases: Sequence[Phase] = ITERATION, *, epoch_length: int = 1000
) -> Recording:
    """Record iterations of the given phases, moments numbered from 1, loss 1/iteration."""
    recording = Recording.create(path)
    for index in range(count * len(phases)):
        iteration = index // len(phases) + 1
        recording.append(
            moment(
                index + 1,
                iteration,
                phases[index % len(phases)],
                epoch=(iteration - 1) // epoch_length + 1,
                loss=1 / iteration,
            )
        )
    recording.commit()
    return recording
