import pytest
import torch


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same weights in every run: by chance units may be dead, and grads zero with them."""
    torch.manual_seed(0)
