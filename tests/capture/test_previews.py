from collections import namedtuple
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from gradscope.capture.previews import preview
from gradscope.capture.quiet import quiet
from gradscope.core.events import Preview
from gradscope.core.words import Detail, Phase
from tests.capture.gates import watching


def fields(batch: object) -> list[Preview]:
    with quiet():
        return preview(batch)


def test_images_and_labels() -> None:
    images, labels = torch.rand(32, 3, 8, 8), torch.arange(100)
    first, second = fields([images, labels])
    assert (first.name, first.kind, first.shape) == ("0", "images", (32, 3, 8, 8))
    assert first.data is not None
    assert first.data.shape == (16, 3, 8, 8)
    assert (first.data.array == images[:16].numpy()).all()
    assert (second.name, second.kind, second.dtype) == ("1", "labels", "int64")
    assert second.data is not None
    assert second.data.array.tolist() == list(range(64))


def test_rows_and_bytes() -> None:
    (rows,) = fields(torch.ones(100, 50))
    assert (rows.name, rows.kind) == ("batch", "rows")
    assert rows.data is not None
    assert rows.data.shape == (32, 32)
    (pixels,) = fields((torch.zeros(4, 1, 8, 8, dtype=torch.uint8),))
    assert (pixels.kind, pixels.dtype) == ("images", "uint8")


Pair = namedtuple("Pair", ["image", "label"])  # noqa: PYI024  # as scripts still write them


@dataclass
class Batch:
    tokens: torch.Tensor
    lengths: torch.Tensor


def test_mappings_dataclasses_and_named_tuples_name_their_fields() -> None:
    nested = {"image": torch.ones(2, 1, 4, 4), "meta": {"mask": torch.ones(2)}, "path": ["a"]}
    assert [field.name for field in fields(nested)] == ["image", "meta.mask"]
    batch = Batch(torch.ones(2, 3, dtype=torch.int64), torch.ones(2))
    assert [field.name for field in fields(batch)] == ["tokens", "lengths"]
    pair = Pair(torch.ones(2), torch.ones(2))
    assert [field.name for field in fields(pair)] == ["image", "label"]


def test_other_tensors_are_named_without_their_elements() -> None:
    (volume,) = fields(torch.ones(2, 2, 4, 4, 4))
    assert (volume.kind, volume.data) == ("other", None)
    assert fields(torch.empty(2, 2, device="meta"))[0].data is None
    assert fields("no tensors here") == []


def test_batches_come_with_the_moment() -> None:
    with watching() as gate:
        model = nn.Linear(2, 1)
        for inputs, _ in DataLoader(TensorDataset(torch.ones(4, 2), torch.zeros(4)), batch_size=2):
            model(inputs)
    (first, second) = gate.of(Phase.BATCH)
    assert [field.kind for field in first.batch] == ["rows", "labels"]
    assert len(second.batch) == 2
    with watching(Detail.NORMS) as gate:
        next(iter(DataLoader(TensorDataset(torch.ones(4, 2)))))
    assert gate.of(Phase.BATCH)[0].batch == []
