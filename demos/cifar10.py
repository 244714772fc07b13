"""A small convolutional network learns CIFAR-10, or pictures drawn in its place.

CIFAR-10 is read from ./data where it lies there, or from the folder that --data names; --download
fetches it (170 MB). Otherwise the pictures are drawn, as --pictures asks for in any case.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, NoReturn

import torch
from drawing.pictures import DrawnPictures
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset


class Network(nn.Module):
    """Three convolutions and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(3, 32, 5, padding=2),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 32, 5, padding=2),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 5, padding=2),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(1024, 64),
            nn.Linear(64, 10),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Turn images [batch, 3, 32, 32] into scores [batch, 10]."""
        scores: Tensor = self.model(images)
        return scores


def main() -> None:
    """Train, and print the summed loss of each epoch."""
    options = read_options()
    torch.manual_seed(options.seed)
    data = load_pictures(options)
    loader = DataLoader(data, batch_size=options.batch_size, shuffle=True)

    network = Network()
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), lr=options.lr)

    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            scores = network(images)
            loss = loss_function(scores, labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch}: summed loss {total:.4f}", flush=True)


def load_pictures(options: argparse.Namespace) -> Dataset[Any]:
    """Load CIFAR-10 where it lies on disk or is to be fetched; otherwise draw pictures."""
    folder = options.data or Path("data")
    at_hand = (folder / "cifar-10-batches-py").is_dir()
    if options.data and not (at_hand or options.download):
        fail(f"{folder} holds no cifar-10-batches-py folder; --download would fetch it there")
    if options.pictures or not (at_hand or options.download):
        count = options.pictures or 6400
        print(f"not CIFAR-10: {count} drawn pictures of shapes and textures", flush=True)
        return DrawnPictures(count, options.seed)
    return load_cifar10(folder, download=options.download)


def load_cifar10(folder: Path, *, download: bool) -> Dataset[Any]:
    """Load CIFAR-10's training pictures, the one thing here that needs torchvision."""
    try:
        from torchvision.datasets import CIFAR10
        from torchvision.transforms import ToTensor
    except (ImportError, OSError, RuntimeError) as error:
        fail(
            f"CIFAR-10 is read with torchvision, which does not load here ({one_line(error)}); "
            "install the torchvision that fits this torch, or draw pictures with --pictures 6400"
        )
    try:
        pictures: Dataset[Any] = CIFAR10(folder, transform=ToTensor(), download=download)
    except (OSError, RuntimeError) as error:
        doing = "fetched to" if download else "read from"
        fail(
            f"CIFAR-10 could not be {doing} {folder} ({one_line(error)}); "
            "pictures can be drawn with --pictures 6400"
        )
    return pictures


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Train a small convolutional network.")
    parser.add_argument("--data", type=Path, help="where CIFAR-10 lies (./data if it is there)")
    parser.add_argument("--download", action="store_true", help="fetch CIFAR-10 first")
    parser.add_argument("--pictures", type=positive, help="draw so many pictures instead")
    parser.add_argument("--epochs", type=positive, default=20)
    parser.add_argument("--batch-size", type=positive, default=64)
    parser.add_argument("--lr", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.pictures and (options.data or options.download):
        fail("--pictures draws the pictures: leave out --data and --download")
    return options


def positive(text: str) -> int:
    """Read a number that must be at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def one_line(error: BaseException) -> str:
    """Say an error in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def fail(message: str) -> NoReturn:
    """End with a line on stderr and exit code 2."""
    print(f"cifar10.py: {message}", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
