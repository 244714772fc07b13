"""A small recording made by hand, for commands to look at."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gradscope.core.commands import ReadTensor
from gradscope.core.events import (
    Facts,
    Inside,
    Model,
    ModuleInfo,
    Moment,
    Optimizer,
    Output,
    ParameterInfo,
    ParamGroup,
    SourceLine,
    Started,
)
from gradscope.core.tensors import Measurement, Stats, TensorData
from gradscope.core.words import Detail, Phase, Role, When
from gradscope.recording import Recording
from gradscope.session.recorded import RecordedSession

SOURCE = "import torch\nloss = model(x)\nloss.backward()\n"
GRAD = np.array([[0.5, -1.0], [0.0, 2.0]], dtype=np.float32)


def stats(norm: float, shape: tuple[int, ...] = (2, 2)) -> Stats:
    return Stats(shape, "float32", norm, mean=0.375, std=1.1, min=-1.0, max=2.0, zeros=1, nans=0)


def moment(seq: int, iteration: int, phase: Phase, file: str, **changes: object) -> Moment:
    values: dict[str, object] = {
        "seq": seq,
        "iteration": iteration,
        "epoch": 1,
        "phase": phase,
        "inside": None,
        "line": SourceLine(file, 3, "<module>"),
        "time": seq / 10,
        "duration": 0.01,
        "loss": None,
        "grad_norm": None,
        "lr": 0.1,
        "detail": Detail.FULL,
        "facts": Facts(),
        "measurements": [],
        "batch": [],
        "stop": "",
        **changes,
    }
    return Moment(**values)  # type: ignore[arg-type]  # made of the fields by name


def parameter(name: str, shape: tuple[int, ...]) -> ParameterInfo:
    module = name.rpartition(".")[0]
    return ParameterInfo(name, module, shape, "float32", "cpu", requires_grad=True, shared_with="")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[RecordedSession]:
    """Two iterations of five moments; in the first, the forward of ``fc`` was stepped into."""
    script = tmp_path / "train.py"
    script.write_text(SOURCE)
    file = str(script)
    recording = Recording.create(tmp_path / "run.gscope")
    recording.append(Started(1, 1, [file], file, str(tmp_path), "3.11", 0.0))
    modules = [ModuleInfo("", "Net", ""), ModuleInfo("fc", "Linear", "")]
    weights = [parameter("fc.weight", (2, 2)), parameter("fc.bias", (2,))]
    recording.append(Model(0, "Net", modules, weights))
    group = ParamGroup(["fc.weight", "fc.bias"], {"lr": 0.1})
    recording.append(Optimizer(0, "SGD", [group]))
    recording.append(Output("out", b"epoch 1\nhalf a li"))
    recording.append(Output("out", b"ne\n"))
    for start, iteration, loss in ((0, 1, 2.5), (5, 2, math.nan)):
        none = [Measurement(Role.GRAD, "fc.weight", None), Measurement(Role.GRAD, "fc.bias", None)]
        grads = [
            Measurement(Role.GRAD, "fc.weight", stats(math.sqrt(5.25))),
            Measurement(Role.GRAD, "fc.bias", None),
        ]
        moved = [
            Measurement(Role.WEIGHT, "fc.weight", stats(2.0)),
            Measurement(Role.UPDATE, "fc.weight", stats(0.2)),
        ]
        zeroed, filled = Facts(grads_to_none=1), Facts(grads_filled=1, grads_none=1)
        stepped = Facts(weights_changed=4, parameters_changed=1, optimizer=0)
        inside = Inside("forward", "fc")
        for event in (
            moment(start + 1, iteration, Phase.ZERO_GRAD, file, facts=zeroed, measurements=none),
            moment(start + 2, iteration, Phase.FORWARD, file, inside=inside),
            moment(start + 3, iteration, Phase.FORWARD, file),
            moment(
                start + 4,
                iteration,
                Phase.BACKWARD,
                file,
                facts=filled,
                loss=loss,
                grad_norm=math.sqrt(5.25),
                measurements=grads,
            ),
            moment(
                start + 5, iteration, Phase.STEP, file, facts=stepped, loss=loss, measurements=moved
            ),
        ):
            recording.append(event)
    wanted = ReadTensor(0, Role.GRAD, "fc.weight", When.AFTER, [])
    data = TensorData("float32", "<f4", (2, 2), (2, 2), GRAD.tobytes())
    recording.keep_tensor(4, wanted, data)
    recording.commit()
    made = RecordedSession(recording)
    yield made
    made.close()
