"""The update rule that is shown is the one that the optimizer was given."""

import pytest

from gradscope.core.events import Optimizer, ParamGroup
from gradscope.explain.updates import Settings, update_rule

ADAM: Settings = {"lr": 0.001, "betas": "0.9, 0.999", "eps": 1e-8, "weight_decay": 0.0}


@pytest.mark.parametrize(
    ("name", "settings", "lines"),
    [
        ("SGD", {"lr": 0.02, "momentum": 0.0}, ("w ← w − 0.02·g",)),
        (
            "SGD",
            {"lr": 0.02, "momentum": 0.9, "weight_decay": 5e-4},
            ("g ← g + 0.0005·w", "v ← 0.9·v + g", "w ← w − 0.02·v"),
        ),
        (
            "SGD",
            {"lr": 0.1, "momentum": 0.9, "dampening": 0.5},
            ("v ← 0.9·v + 0.5·g", "w ← w − 0.1·v"),
        ),
        (
            "SGD",
            {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True},
            ("g ← −g", "v ← 0.9·v + g", "w ← w − 0.1·(g + 0.9·v)"),
        ),
        (
            "Adam",
            ADAM,
            ("m ← 0.9·m + 0.1·g", "v ← 0.999·v + 0.001·g²", "w ← w − 0.001·m̂/(√v̂ + 1e−8)"),
        ),
        (
            "AdamW",
            {**ADAM, "weight_decay": 0.1},
            (
                "w ← w − 0.0001·w",
                "m ← 0.9·m + 0.1·g",
                "v ← 0.999·v + 0.001·g²",
                "w ← w − 0.001·m̂/(√v̂ + 1e−8)",
            ),
        ),
        (
            "RMSprop",
            {"lr": 0.01, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "centered": True},
            (
                "v ← 0.99·v + 0.01·g²",
                "a ← 0.99·a + 0.01·g",
                "w ← w − 0.01·g/(√(v − a²) + 1e−8)",
            ),
        ),
        ("Lion", {"lr": 0.01}, ()),
    ],
)
def test_update_rule(name: str, settings: Settings, lines: tuple[str, ...]) -> None:
    assert update_rule(Optimizer(0, name, [ParamGroup([], settings)])) == lines


def test_an_optimizer_without_groups_has_no_rule() -> None:
    assert update_rule(Optimizer(0, "SGD", [])) == ()
