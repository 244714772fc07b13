"""Watching changes nothing: a script's weights and output are the same, bit by bit."""

import subprocess
import sys
from pathlib import Path

import pytest

from gradscope.core.commands import Resume, Until
from gradscope.core.events import Moment
from gradscope.core.words import Phase
from tests.launch.driver import SECONDS, Child

ALL = """
import random, runpy, sys, torch
torch.set_num_threads(2)
for name in sys.argv[1:]:
    random.seed(2)
    model = runpy.run_path(name + ".py")["model"]
    with open(name + ".weights", "wb") as file:
        for value in model.state_dict().values():
            file.write(value.numpy().tobytes())
    print(name, torch.rand(2), random.random(), torch.is_grad_enabled(), model.training)
"""

SCRIPTS = {
    "cnn": """
import random, torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(3)
model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True),
                      nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.3), nn.Linear(128, 5))
data = TensorDataset(torch.randn(24, 3, 8, 8), torch.randint(0, 5, (24,)))
loader = DataLoader(data, batch_size=8, shuffle=True)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for epoch in range(2):
    model.train()
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        print(epoch, repr(loss.item()))
    model.eval()
    with torch.no_grad():
        print(repr(model(data.tensors[0]).sum().item()))
""",
    "momentum": """
import random, torch
import torch.nn.functional as F
torch.manual_seed(4)
model = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3,
                            nesterov=True)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
x = torch.randn(32, 2)
y = (x[:, 0] * x[:, 1] > 0).long()
for step in range(5):
    optimizer.zero_grad(set_to_none=False)
    loss = F.cross_entropy(model(x + 0.01 * torch.randn_like(x)), y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    scheduler.step()
    print(repr(loss.item()), scheduler.get_last_lr(), random.random())
""",
    "adam": """
import random, torch
torch.manual_seed(5)
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(11, 6)
        self.head = torch.nn.Linear(6, 11)
        self.head.weight = self.embed.weight
    def forward(self, tokens):
        return self.head(torch.relu(self.embed(tokens).mean(1)))
model = Net()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, amsgrad=True)
for step in range(5):
    tokens = torch.randint(0, 11, (16, 4))
    loss = torch.nn.functional.cross_entropy(model(tokens), tokens[:, 0])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(repr(loss.item()), optimizer.state_dict()["state"][0]["step"])
""",
    "accumulation": """
import random, torch
torch.manual_seed(6)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.GELU(), torch.nn.Linear(8, 1))
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.01)
data = torch.utils.data.TensorDataset(torch.randn(30, 4), torch.randn(30, 1))
generator = torch.Generator().manual_seed(1)
loader = torch.utils.data.DataLoader(data, 5, shuffle=True, generator=generator)
for i, (x, y) in enumerate(loader, 1):
    loss = (model(x) - y).square().mean() / 2
    loss.backward()
    if i % 2 == 0:
        optimizer.step()
        model.zero_grad()
    print(repr(loss.item()))
""",
    "wide": """
import random, torch
torch.manual_seed(8)
model = torch.nn.Sequential(torch.nn.Linear(256, 512), torch.nn.ReLU(), torch.nn.Linear(512, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
x, y = torch.randn(512, 256), torch.randint(0, 10, (512,))
for step in range(3):
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    print(repr(loss.item()), torch.get_num_threads())
""",
    "by_hand": """
import random, torch
torch.manual_seed(7)
model = torch.nn.Linear(3, 1)
x, y = torch.randn(12, 3), torch.randn(12, 1)
for step in range(4):
    loss = ((model(x) - y) ** 2).mean()
    for p in model.parameters():
        p.grad = None
    loss.backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.1 * p.grad
    print(repr(loss.item()))
""",
}

Result = tuple[int, bytes, bytes, list[bytes]]


def plain(directory: Path) -> Result:
    done = subprocess.run(
        [sys.executable, "all.py", *SCRIPTS],
        check=False,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
    )
    return done.returncode, done.stdout, done.stderr, weights(directory)


def weights(directory: Path) -> list[bytes]:
    """Take away the files of weights that a run has written."""
    files = [directory / f"{name}.weights" for name in SCRIPTS]
    written = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    return written


def watched(directory: Path, until: Until) -> tuple[Result, list[Moment]]:
    """Run under gradscope, resumed with ``until`` at every stop; return what was sent too."""
    child = Child("all.py", *SCRIPTS, directory=directory)
    try:
        child.send(Resume(until))
        while child.stop() is not None:
            child.send(Resume(until))
        status = child.end()
        result = (status, child.out(), child.err(), weights(directory))
    finally:
        child.close()
    return result, [event for event in child.events if isinstance(event, Moment)]


@pytest.mark.slow
def test_bit_identity(tmp_path: Path) -> None:
    (tmp_path / "all.py").write_text(ALL)
    for name, script in SCRIPTS.items():
        (tmp_path / f"{name}.py").write_text(script)
    expected = plain(tmp_path)
    assert (expected[0], expected[2]) == (0, b"")
    assert all(expected[3])
    free, ends = watched(tmp_path, Until.NEVER)
    assert free == expected
    assert len(ends) >= 12 * len(SCRIPTS)
    assert all(moment.inside is None and not moment.stop for moment in ends)
    stepped, everywhere = watched(tmp_path, Until.INTO)
    assert stepped == expected
    *stops, last = everywhere
    assert all(moment.stop for moment in stops)
    assert (last.phase, last.stop) == (Phase.MANUAL, "")  # found when the script is over
    assert [moment.seq for moment in everywhere] == list(range(1, len(everywhere) + 1))
    assert [m.seq for m in everywhere if m.inside is None] == [m.seq for m in ends]
