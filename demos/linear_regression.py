"""One weight and one bias learn a line; every number can be checked by hand.

The line is y = 2x + 1 and the network starts as y = 1x + 0. The first iteration:

    x                     0     1     2     3
    prediction 1x + 0     0     1     2     3
    target 2x + 1         1     3     5     7
    error                -1    -2    -3    -4      prediction - target

    loss         mean of error²          = (1 + 4 + 9 + 16) / 4       =  7.5
    weight grad  mean of 2 · error · x   = 2 · (0 - 2 - 6 - 12) / 4   = -10
    bias grad    mean of 2 · error       = 2 · (-1 - 2 - 3 - 4) / 4   = -5
    weight       1 - 0.1 · -10           = 2
    bias         0 - 0.1 · -5            = 0.5

The second starts with an error of -0.5 everywhere: loss 0.25, grads -1.5 and -1, and so weight
2.15 and bias 0.6. The third has a loss of 0.05875.
"""

import torch
from torch import nn

x = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
target = 2 * x + 1

model = nn.Linear(1, 1)
nn.init.ones_(model.weight)
nn.init.zeros_(model.bias)
loss_function = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for iteration in range(1, 101):
    optimizer.zero_grad()
    prediction = model(x)
    loss = loss_function(prediction, target)
    loss.backward()
    optimizer.step()
    if iteration <= 3 or iteration % 20 == 0:
        weight, bias = model.weight.item(), model.bias.item()
        print(
            f"iteration {iteration}: loss {loss.item():.6g}, weight {weight:.6g}, bias {bias:.6g}"
        )
