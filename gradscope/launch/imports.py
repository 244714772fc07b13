"""Acting right after the script's own import of a module has succeeded."""

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class AfterImport:
    """A finder on ``sys.meta_path`` that finds nothing itself, but calls an action afterwards.

    ``actions`` maps a module's name to what is called with it once it has been executed, within
    the script's import statement. An import that fails is the script's own failure, without a
    frame of ours in its traceback. A finder whose actions have all been called removes itself.
    """

    def __init__(self, actions: dict[str, Callable[[ModuleType], None]]) -> None:
        self._actions = actions

    def install(self) -> None:
        """Go before all other finders; what is imported already is acted upon now."""
        sys.meta_path.insert(0, self)
        for name in list(self._actions):
            if name in sys.modules:
                self._act(name, sys.modules[name])

    def remove(self) -> None:
        """Leave ``sys.meta_path``."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the spec that the other finders have, prepared to call the action."""
        if fullname not in self._actions:
            return None
        for finder in list(sys.meta_path):
            if finder is self:
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                self._prepare(fullname, spec)
                return spec
        return None

    def _prepare(self, name: str, spec: ModuleSpec) -> None:
        loader = spec.loader
        if loader is None or not hasattr(loader, "__dict__"):
            return

        def exec_module(module: ModuleType) -> None:
            attributes.pop("exec_module", None)
            try:
                loader.exec_module(module)
            except BaseException as error:
                if error.__traceback__ is not None:
                    error.__traceback__ = error.__traceback__.tb_next
                raise  # bare, which adds no frame of this function again
            self._act(name, module)

        attributes = vars(loader)
        attributes["exec_module"] = exec_module

    def _act(self, name: str, module: ModuleType) -> None:
        action = self._actions.pop(name, None)
        if not self._actions:
            self.remove()
        if action is not None:
            action(module)
