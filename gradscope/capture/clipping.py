"""Clipping of grads through ``torch.nn.utils``."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import utils
from torch.nn.utils import clip_grad

from gradscope.capture import measuring
from gradscope.capture.grads import survey
from gradscope.capture.norms import norms, total
from gradscope.capture.patches import Patches, transparent
from gradscope.capture.quiet import quiet
from gradscope.capture.reporter import Content
from gradscope.capture.tracker import Tracker
from gradscope.core.events import Clip, Facts
from gradscope.core.words import Detail, Phase


@dataclass
class _Call:
    grads: list[torch.Tensor]
    limit: float
    norm_before: float
    start: float


class Clipping:
    """Watches one of the two functions. ``kind`` is ``norm`` or ``value``."""

    def __init__(self, tracker: Tracker, kind: str) -> None:
        self._tracker = tracker
        self._kind = kind

    def install(self, patches: Patches) -> None:
        """Replace the function in both modules that have it."""
        name = f"clip_grad_{self._kind}_"
        surrounded = patches.surrounded(getattr(clip_grad, name), self)
        for owner in (clip_grad, utils):
            patches.replace(owner, name, _with_list(surrounded))

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Call | None:
        """See ``Around``."""
        tracker = self._tracker
        if tracker.reporter.deaf:
            return None
        given = args[0] if args else kwargs.get("parameters", ())
        tensors = [given] if isinstance(given, torch.Tensor) else list(given)
        grads = [tensor.grad for tensor in tensors if tensor.grad is not None]
        name = "max_norm" if self._kind == "norm" else "clip_value"
        limit = args[1] if len(args) > 1 else kwargs[name]
        tracker.settle()
        tracker.by_hand.look_at_grads(exact=False)
        with tracker.clock.aside(), quiet():
            before = total(norms(grads))
        return _Call(grads, float(limit), before, tracker.clock.now())

    def end(self, token: _Call, _result: object) -> None:
        """See ``Around``."""
        tracker = self._tracker

        def describe(detail: Detail) -> Content:
            after = total(norms(token.grads))
            clip = Clip(self._kind, token.limit, token.norm_before, after)
            found = measuring.grads(tracker.registry.watched(), detail)
            tracker.reporter.set_grad_norm(measuring.total_norm(found))
            return Content(Facts(clip=clip), found)

        tracker.phases.end(Phase.CLIP, token.start, describe)
        with tracker.clock.aside():
            survey(tracker.registry.trained())

    def abandon(self, _token: object) -> None:
        """See ``Around``."""


def _with_list(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let the parameters be read twice, also where they come from a generator."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if args and not isinstance(args[0], torch.Tensor):
            args = (list(args[0]), *args[1:])
        elif not isinstance(kwargs.get("parameters"), torch.Tensor | None):
            kwargs["parameters"] = list(kwargs["parameters"])
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            if error.__traceback__ is not None:
                error.__traceback__ = error.__traceback__.tb_next
            raise  # bare, which adds no frame of this function again

    return transparent(wrapper)
