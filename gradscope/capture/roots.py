"""Roots: which model a forward belongs to, and what its modules are called."""

import inspect
import sys
import weakref
from collections.abc import Callable
from types import FrameType

from torch import nn

from gradscope.capture.tracker import Tracker


class Roots:
    """Knows the models of modules that run, and makes new ones known."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._outermost: Callable[[], nn.Module | None] = _none
        self._plain: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        self._nameless: weakref.WeakSet[nn.Module] = weakref.WeakSet()

    def has_parameters(self, module: nn.Module) -> bool:
        """Tell whether a module is a model, or a part of one that is known."""
        if self._tracker.registry.module_name(module) is not None:
            return True
        if module in self._plain:
            return False
        if next(module.parameters(), None) is not None:
            return True
        self._plain.add(module)
        return False

    def find(self, module: nn.Module) -> nn.Module | None:
        """Make known the model that an outermost module belongs to.

        Returns:
            The model, if its own ``forward`` was called without its hooks and has called this
            module; else None.
        """
        registry, frames = self._tracker.registry, self._tracker.frames.all
        self._outermost = weakref.ref(module)
        if registry.model_of(module) is not None:
            if self._tracker.reporter.close:  # someone looks: what has changed is to be seen
                registry.adopt(module, frames())
            return None
        if registry.module_name(module) is None:
            holder = _holder(module)
            registry.adopt(module if holder is None else holder, frames())
            self._tracker.optimizers.describe_known()
        root = registry.root_of(module)
        return root if root is not None and _runs_directly(root) else None

    def name(self, module: nn.Module) -> str | None:
        """Return the fqn of a module inside the model; one that appeared since is learnt."""
        registry = self._tracker.registry
        name = registry.module_name(module)
        if name is None and module not in self._nameless:
            root = registry.root_of(self._outermost())
            if root is not None:
                registry.adopt(root, self._tracker.frames.all())
            name = registry.module_name(module)
            if name is None:
                self._nameless.add(module)
        return name


def _none() -> None:
    """Stand in for the outermost module before there was one."""


def _holder(module: nn.Module) -> nn.Module | None:
    """Return the outermost module in one of whose methods this one is being called."""
    found = None
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # inspect's own way costs milliseconds
    while frame is not None:
        if "self" in frame.f_code.co_varnames[:1]:
            held = frame.f_locals.get("self")
            if isinstance(held, nn.Module) and held is not module and _contains(held, module):
                found = held
        frame = frame.f_back
    return found


def _contains(outer: nn.Module, inner: nn.Module) -> bool:
    return any(module is inner for module in outer.modules())


def _runs_directly(root: nn.Module) -> bool:
    """Tell whether a module's ``forward`` is on the stack: called, if its hooks were not."""
    code = getattr(inspect.unwrap(type(root).forward), "__code__", None)
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # as above
    while frame is not None:
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False
