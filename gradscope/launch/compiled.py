"""torch.compile: what can be seen through it, and how it is switched off."""

import sys
from types import ModuleType
from typing import Any

CONFIGURATION = "torch._dynamo.config"
"""The module that holds the switch; torch loads it when something is compiled."""


def switch_off(configuration: ModuleType) -> None:
    """Make ``torch.compile`` leave everything as it is."""
    configuration.disable = True  # type: ignore[attr-defined]


def compiled_notice() -> str:
    """Return what to tell the user once torch.compile has compiled something, else ''."""
    dynamo: Any = sys.modules.get("torch._dynamo.utils")
    if dynamo is None or not dynamo.counters["frames"]["total"]:
        return ""
    return (
        "torch.compile is in use: weights, grads and the compiled module as a whole are shown, but "
        "not the modules inside it. Run with --eager to step through them."
    )
