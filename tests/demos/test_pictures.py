import importlib
import time
from pathlib import Path
from typing import Any

import pytest
import torch

DEMOS = Path(__file__).parents[2] / "demos"


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(DEMOS))
    return importlib.import_module("drawing.pictures")


def test_pictures_are_what_to_tensor_gives(pictures: Any) -> None:
    data = pictures.DrawnPictures(23)
    assert len(data) == 23
    picture, label = data[22]
    assert picture.shape == (3, 32, 32)
    assert picture.dtype == torch.float32
    assert 0 <= picture.min() < picture.max() <= 1
    assert torch.equal((picture * 255).round(), data.pictures[22].float())
    assert type(label) is int
    assert [data[index][1] for index in range(23)] == [*range(10), *range(10), 0, 1, 2]


def test_ten_classes_by_name(pictures: Any) -> None:
    assert len(set(pictures.DrawnPictures.classes)) == 10


def test_the_seed_decides_every_byte_and_the_global_generator_is_left_alone(pictures: Any) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again, other = (pictures.DrawnPictures(50, seed).pictures for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_every_picture_has_a_figure_and_a_ground(pictures: Any) -> None:
    labels = torch.arange(2000) % 10
    masks = pictures.draw_masks(labels, torch.Generator().manual_seed(0))
    assert masks.min() == 0
    assert masks.max() == 1
    covered = masks.mean(dim=(1, 2))
    assert covered.min() > 0.02
    assert covered.max() < 0.75


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("disc", [(0.0, 0.0), (0.9, 0.0)], [(0.8, 0.8)]),
        ("ring", [(0.8, 0.0), (0.0, -0.8)], [(0.0, 0.0), (1.2, 0.0)]),
        ("square", [(0.8, 0.8), (0.0, 0.0)], [(0.9, 0.0)]),
        ("triangle", [(0.0, 0.0), (0.0, -1.0), (0.8, 0.5)], [(0.8, -0.5), (0.0, 0.6)]),
        ("cross", [(0.0, 1.0), (1.0, 0.2)], [(0.5, 0.5), (0.0, 1.2)]),
        ("bars", [(0.0, 0.1), (9.9, 0.1)], [(0.0, -0.1)]),
        ("columns", [(0.1, 0.0), (0.1, 9.9)], [(-0.1, 0.0)]),
        ("checks", [(0.1, 0.1), (-0.1, -0.1)], [(0.1, -0.1)]),
        ("dots", [(0.1136, 0.1136)], [(-0.1136, -0.1136), (0.0, 0.0)]),
        ("rays", [(0.9659, 0.2588)], [(0.9659, -0.2588)]),
    ],
)
def test_formulas(
    pictures: Any,
    name: str,
    inside: list[tuple[float, float]],
    outside: list[tuple[float, float]],
) -> None:
    for points, sign in ((inside, 1), (outside, -1)):
        for point in points:
            x, y = (torch.tensor([axis]) for axis in point)
            assert pictures.depth_inside(name, x, y).item() * sign > 0, point


def test_colour_alone_does_not_tell_the_classes_apart(pictures: Any) -> None:
    learned, unseen = (pictures.DrawnPictures(1000, seed) for seed in (0, 1))
    mean = learned.pictures.float().mean(dim=(2, 3))
    centres = torch.stack([mean[learned.labels == label].mean(dim=0) for label in range(10)])
    distances = torch.cdist(unseen.pictures.float().mean(dim=(2, 3)), centres)
    right = (distances.argmin(dim=1) == unseen.labels).float().mean().item()
    assert 0.1 < right < 0.5  # it helps, as it does in photographs


def test_a_few_thousand_pictures_are_drawn_quickly(pictures: Any) -> None:
    begin = time.process_time()
    pictures.DrawnPictures(3000)
    assert time.process_time() - begin < 2  # seconds of one core
