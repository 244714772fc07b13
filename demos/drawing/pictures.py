"""Ten classes of small pictures, drawn from formulas: five shapes and five textures.

They stand in for CIFAR-10 where it is not at hand: as many classes, the same size, the same kind
of tensor. Position, size, angle and colours vary from picture to picture and noise lies over all
of it. Each class leans towards a colour of its own, as skies are blue and frogs are green in
photographs, but too little to tell the classes apart by colour alone.
"""

import math

import torch
from torch import Tensor
from torch.utils.data import Dataset

SIZE = 32  # pixels along each side, as in CIFAR-10
SHAPES = ("disc", "ring", "square", "triangle", "cross")
TEXTURES = ("bars", "columns", "checks", "dots", "rays")
LEANING = 0.4  # how far a colour is drawn towards its class's own, from 0 (not at all) to 1
NOISE = 0.06  # standard deviation, of a full scale of 1
PRIMARIES = torch.tensor([0.0, 2 * math.pi / 3, 4 * math.pi / 3])  # red, green and blue as angles


class DrawnPictures(Dataset[tuple[Tensor, int]]):
    """Pictures of the ten classes in turn, each a float tensor [3, 32, 32] from 0 to 1 and a label.

    Args:
        count: How many pictures.
        seed: The same seed draws the same pictures.
    """

    classes = (*SHAPES, *TEXTURES)

    def __init__(self, count: int, seed: int = 0) -> None:
        self.labels = torch.arange(count) % len(self.classes)
        generator = torch.Generator().manual_seed(seed)
        self.pictures = colour(draw_masks(self.labels, generator), self.labels, generator)

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Scale one picture's bytes to the range from 0 to 1, as torchvision's ToTensor does."""
        return self.pictures[index] / 255, int(self.labels[index])


def draw_masks(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Draw where each picture is foreground (1) and where background (0): [count, 32, 32]."""
    count = len(labels)

    def vary(low: float, high: float) -> Tensor:
        """One number for each picture, shaped to work on all of its pixels."""
        return low + (high - low) * torch.rand(count, 1, 1, generator=generator)

    axis = torch.linspace(-1, 1, SIZE)
    x = axis.view(1, 1, SIZE) - vary(-0.35, 0.35)
    y = axis.view(1, SIZE, 1) - vary(-0.35, 0.35)
    angle, scale = vary(-0.3, 0.3), vary(0.4, 0.75)
    turned_x = (x * angle.cos() + y * angle.sin()) / scale
    turned_y = (y * angle.cos() - x * angle.sin()) / scale

    masks = torch.empty(count, SIZE, SIZE)
    for label, name in enumerate(DrawnPictures.classes):
        chosen = labels == label
        depth = depth_inside(name, turned_x[chosen], turned_y[chosen])
        masks[chosen] = (depth * 8 + 0.5).clamp(0, 1)  # edges one or two pixels soft
    return masks


def depth_inside(name: str, x: Tensor, y: Tensor) -> Tensor:
    """Say how deep each point lies inside the shape or texture; negative means outside."""
    across, down = (torch.sin(4.4 * math.pi * axis) / 3 for axis in (x, y))
    radius = torch.hypot(x, y)
    formulas = {
        "disc": lambda: 1 - radius,
        "ring": lambda: 0.3 - (radius - 0.8).abs(),
        "square": lambda: 0.85 - torch.maximum(x.abs(), y.abs()),
        "triangle": lambda: 0.55 - torch.maximum(y, 0.87 * x.abs() - 0.5 * y),
        "cross": lambda: torch.minimum(
            0.3 - torch.minimum(x.abs(), y.abs()), 1.1 - torch.maximum(x.abs(), y.abs())
        ),
        "bars": lambda: down,
        "columns": lambda: across,
        "checks": lambda: 4 * across * down,
        "dots": lambda: across + down - 0.3,
        "rays": lambda: radius / 4 * torch.sin(6 * torch.atan2(y, x)),
    }
    return formulas[name]()


def colour(masks: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Paint the masks in two colours each and add noise: bytes, [count, 3, 32, 32]."""
    count = len(labels)
    hue = (2 * math.pi / len(DrawnPictures.classes) * labels).view(count, 1)

    def near(favourite: Tensor) -> Tensor:
        """A colour for each picture, between its class's favourite and any at all."""
        anything = torch.rand(count, 3, generator=generator)
        return (LEANING * favourite + (1 - LEANING) * anything).view(count, 3, 1, 1)

    foreground = near(0.5 + 0.5 * torch.cos(hue - PRIMARIES))
    background = near(0.5 - 0.5 * torch.cos(3 * hue - PRIMARIES))
    pictures = torch.lerp(background, foreground, masks.unsqueeze(1))
    pictures += NOISE * torch.randn(pictures.shape, generator=generator)
    return (pictures.clamp_(0, 1) * 255).round_().to(torch.uint8)
