"""An optimizer's update as lines of arithmetic, with its own hyper-parameters as the numbers.

The rules are those that torch documents for ``torch.optim.SGD``, ``Adam``, ``AdamW`` and
``RMSprop``: w is the weight, g its grad, v and m are what the optimizer remembers.
"""

from collections.abc import Callable

from gradscope.core.events import Optimizer
from gradscope.core.numbers import MINUS

Settings = dict[str, float | bool | str | None]


def update_rule(optimizer: Optimizer) -> tuple[str, ...]:
    """Return the update of the first param group, one assignment a line; () if not known."""
    rule = _RULES.get(optimizer.name)
    if rule is None or not optimizer.groups:
        return ()
    settings = optimizer.groups[0].settings
    return tuple(rule(settings))


def _number(settings: Settings, name: str) -> float:
    value = settings.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _short(value: float) -> str:
    """Return a hyper-parameter as short as it was written: 0.9, 0.02, 1e−8."""
    mantissa, _, exponent = f"{value:.4g}".partition("e")
    if not exponent:
        return mantissa
    power = int(exponent)
    return f"{mantissa}e{MINUS if power < 0 else ''}{abs(power)}"


def _gradient(settings: Settings) -> list[str]:
    """Return what is done to the grad before the optimizer's own rule."""
    lines = []
    if settings.get("maximize") is True:
        lines.append("g ← −g")
    decay = _number(settings, "weight_decay")
    if decay:
        lines.append(f"g ← g + {_short(decay)}·w")
    return lines


def _sgd(settings: Settings) -> list[str]:
    rate, momentum = _short(_number(settings, "lr")), _number(settings, "momentum")
    lines = _gradient(settings)
    if not momentum:
        return [*lines, f"w ← w − {rate}·g"]
    fresh = 1 - _number(settings, "dampening")
    lines.append(f"v ← {_short(momentum)}·v + {'g' if fresh == 1 else f'{_short(fresh)}·g'}")
    if settings.get("nesterov") is True:
        return [*lines, f"w ← w − {rate}·(g + {_short(momentum)}·v)"]
    return [*lines, f"w ← w − {rate}·v"]


def _betas(settings: Settings) -> tuple[float, float]:
    first, _, second = str(settings.get("betas", "")).partition(", ")
    try:
        return float(first), float(second)
    except ValueError:
        return 0.9, 0.999


def _adam(settings: Settings) -> list[str]:
    decoupled = settings.get("decoupled_weight_decay") is True
    return _adam_lines(settings, _gradient(settings) if not decoupled else [], decoupled=decoupled)


def _adamw(settings: Settings) -> list[str]:
    return _adam_lines(settings, [], decoupled=True)


def _adam_lines(settings: Settings, lines: list[str], *, decoupled: bool) -> list[str]:
    beta1, beta2 = _betas(settings)
    rate, eps = _number(settings, "lr"), _number(settings, "eps")
    decay = _number(settings, "weight_decay")
    if decoupled and decay:
        lines = [*lines, f"w ← w − {_short(rate * decay)}·w"]
    return [
        *lines,
        f"m ← {_short(beta1)}·m + {_short(1 - beta1)}·g",
        f"v ← {_short(beta2)}·v + {_short(1 - beta2)}·g²",
        f"w ← w − {_short(rate)}·m̂/(√v̂ + {_short(eps)})",
    ]


def _rmsprop(settings: Settings) -> list[str]:
    alpha, momentum = _number(settings, "alpha"), _number(settings, "momentum")
    rate, eps = _short(_number(settings, "lr")), _short(_number(settings, "eps"))
    centred = settings.get("centered") is True
    lines = [*_gradient(settings), f"v ← {_short(alpha)}·v + {_short(1 - alpha)}·g²"]
    spread = "v"
    if centred:
        lines.append(f"a ← {_short(alpha)}·a + {_short(1 - alpha)}·g")
        spread = "(v − a²)"
    step = f"g/(√{spread} + {eps})"
    if not momentum:
        return [*lines, f"w ← w − {rate}·{step}"]
    return [*lines, f"b ← {_short(momentum)}·b + {step}", f"w ← w − {rate}·b"]


_RULES: dict[str, Callable[[Settings], list[str]]] = {
    "SGD": _sgd,
    "Adam": _adam,
    "AdamW": _adamw,
    "RMSprop": _rmsprop,
}
