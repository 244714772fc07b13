"""A tiny network of three linear layers learns to tell three spirals apart."""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ARMS, POINTS = 3, 100  # spirals, and points on each

torch.manual_seed(0)

# Each arm winds three quarters round the centre, a third of a turn after the one before it.
radius = torch.linspace(0.05, 1, POINTS).repeat(ARMS)
labels = torch.arange(ARMS).repeat_interleave(POINTS)
angle = 2 * math.pi * (0.75 * radius + labels / ARMS) + 0.15 * torch.randn(ARMS * POINTS)
points = torch.stack((radius * angle.cos(), radius * angle.sin()), dim=1)
loader = DataLoader(TensorDataset(points, labels), batch_size=50, shuffle=True)

model = nn.Sequential(
    nn.Linear(2, 32),
    nn.Tanh(),
    nn.Linear(32, 32),
    nn.Tanh(),
    nn.Linear(32, ARMS),
)
loss_function = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for epoch in range(1, 41):
    total = 0.0
    for batch, expected in loader:
        optimizer.zero_grad()
        loss = loss_function(model(batch), expected)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 5 == 0:
        with torch.no_grad():
            right = (model(points).argmax(dim=1) == labels).float().mean().item()
        print(f"epoch {epoch}: mean loss {total / len(loader):.4f}, {right:.0%} right", flush=True)
