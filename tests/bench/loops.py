"""Training loops that time themselves: loops.py cnn|mlp WARM_UP ITERATIONS.

Prints the milliseconds of one iteration, averaged over ITERATIONS after WARM_UP others. The loops
know nothing of gradscope. They compute in one thread, which leaves gradscope's other process a
core and keeps the times steady.
"""

import sys
import time

import torch
from torch import nn


def cnn() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """The network of demos/cifar10.py and a batch of 64 pictures."""
    model = nn.Sequential(
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
    return model, torch.rand(64, 3, 32, 32), torch.randint(10, (64,))


def mlp() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """A network of 1,300 weights, so small that an iteration is mostly Python."""
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh())
    model.append(nn.Linear(32, 3))
    return model, torch.rand(50, 2), torch.randint(3, (50,))


def main() -> None:
    """Train, and print the time of an iteration."""
    kind, warm_up, iterations = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model, inputs, labels = {"cnn": cnn, "mlp": mlp}[kind]()
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    begin = 0.0
    for iteration in range(warm_up + iterations):
        if iteration == warm_up:
            begin = time.perf_counter()
        optimizer.zero_grad()
        loss = loss_function(model(inputs), labels)
        loss.backward()
        optimizer.step()
    print((time.perf_counter() - begin) / iterations * 1e3)


if __name__ == "__main__":
    main()
