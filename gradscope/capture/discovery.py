"""Discovery: which models a script trains, and what their modules and parameters are called."""

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import FrameType

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from gradscope.capture.index import Index
from gradscope.capture.naming import variable_name
from gradscope.capture.parameters import Parameter
from gradscope.core.events import Event, Model, ModuleInfo

LOOSE = "variables"
"""The name of the model made of tensors that are in no module."""


@dataclass
class KnownModel:
    """A model that was found. ``prefix`` begins the names of all that is in it."""

    index: int
    name: str
    prefix: str
    root: weakref.ref[nn.Module] | None
    parameters: list[Parameter] = field(default_factory=list)
    modules: dict[int, tuple[weakref.ref[nn.Module], str]] = field(default_factory=dict)
    described: Model | None = None

    @property
    def alive(self) -> bool:
        """Whether the script still has this model."""
        if self.root is not None:
            return self.root() is not None
        return any(parameter.tensor is not None for parameter in self.parameters)


class Registry(Index):
    """All models of the run, by module, by tensor and by name.

    Args:
        emit: Sends the description of a model that is new or has changed.
        hook: Called with every new or newly bound parameter.
    """

    def __init__(self, emit: Callable[[Event], None], hook: Callable[[Parameter], None]) -> None:
        super().__init__(hook)
        self._emit = emit
        self.models: list[KnownModel] = []
        self.revision = 0
        """Grows with every change of a name."""
        self._modules: dict[int, tuple[weakref.ref[nn.Module], str]] = {}

    def parameters(self) -> Iterator[Parameter]:
        """Yield every parameter of every living model."""
        for model in self.models:
            yield from model.parameters

    def trained(self) -> list[Parameter]:
        """Return the parameters that a training has touched, of living tensors."""
        return [p for p in self.parameters() if p.trained and p.tensor is not None]

    def watched(self) -> list[Parameter]:
        """Return the parameters that require a grad, of models that are trained."""
        found = []
        for model in self.models:
            if any(parameter.trained for parameter in model.parameters):
                tensors = [(p, p.tensor) for p in model.parameters]
                found += [p for p, t in tensors if t is not None and t.requires_grad]
        return found

    def count_none(self) -> int:
        """Count those of ``watched`` that have no grad."""
        tensors = [parameter.tensor for parameter in self.watched()]
        return sum(tensor is not None and tensor.grad is None for tensor in tensors)

    @property
    def has_loose(self) -> bool:
        """Whether there are trained tensors outside all modules."""
        return self._loose() is not None

    def module_name(self, module: nn.Module) -> str | None:
        """Return the fqn of a module, None if it belongs to no known model."""
        found = self._modules.get(id(module))
        return found[1] if found is not None and found[0]() is module else None

    def root_of(self, module: nn.Module | None) -> nn.Module | None:
        """Return the root of the model that a module belongs to."""
        for model in self.models:
            held = model.modules.get(id(module))
            if held is not None and held[0]() is module and model.root is not None:
                return model.root()
        return None

    def model_of(self, root: nn.Module) -> KnownModel | None:
        """Return the model whose root this is."""
        for model in self.models:
            if model.root is not None and model.root() is root:
                return model
        return None

    def adopt(self, root: nn.Module, frames: Iterable[FrameType]) -> KnownModel:
        """Learn, or learn again, all that is in a model; ``frames`` are searched for its name."""
        model = self.model_of(root) or self._place_for(root, frames)
        model.root = weakref.ref(root)
        for module_id in model.modules:
            self._modules.pop(module_id, None)
        model.modules = {}
        model.modules[id(root)] = (model.root, model.prefix)
        modules, parameters = [], []
        for path, module in _inner(root).named_modules(remove_duplicate=False):
            fqn = _join(model.prefix, path)
            modules.append(ModuleInfo(fqn, type(module).__name__, _describe(module)))
            model.modules.setdefault(id(module), (weakref.ref(module), fqn))
            parameters += [
                (_join(fqn, name), fqn, tensor)
                for name, tensor in module._parameters.items()  # noqa: SLF001  # the public iterators leave shared ones out
                if tensor is not None and not is_lazy(tensor)
            ]
        self._modules |= model.modules
        self._settle(model, modules, parameters)
        return model

    def adopt_loose(self, tensors: dict[str, torch.Tensor]) -> None:
        """Learn tensors that are in no module, by the names of their variables."""
        model = self._loose()
        if model is None:
            prefix = "" if not self.models else LOOSE
            model = KnownModel(len(self.models), LOOSE, prefix, None)
            self.models.append(model)
        held = {p.fqn: p.tensor for p in model.parameters}
        held |= {_join(model.prefix, name): tensor for name, tensor in tensors.items()}
        modules = [ModuleInfo(model.prefix, LOOSE, "")]
        living = [(fqn, model.prefix, t) for fqn, t in held.items() if t is not None]
        self._settle(model, modules, living)

    def lost(self) -> list[str]:
        """Return the variables of trained loose tensors that the script has let go of."""
        model = self._loose()
        if model is None:
            return []
        gone = [p.fqn for p in model.parameters if p.trained and p.tensor is None]
        return [fqn.removeprefix(f"{LOOSE}.") if model.prefix else fqn for fqn in gone]

    def _loose(self) -> KnownModel | None:
        return next((model for model in self.models if model.root is None), None)

    def _place_for(self, root: nn.Module, frames: Iterable[FrameType]) -> KnownModel:
        """Find where a new model belongs: in the place of a dead one, of its own parts, or last."""
        inner = {id(module) for module in root.modules()}
        for model in self.models:
            known = model.root() if model.root is not None else None
            if model.root is not None and (known is None or id(known) in inner):
                self._forget(model)
                model.name = type(_inner(root)).__name__ if not model.prefix else model.name
                return model
        kind = type(_inner(root)).__name__
        taken = {model.name for model in self.models}
        name = kind if kind not in taken else variable_name(frames, root) or kind
        number = 2
        while name in taken:
            name, number = f"{kind}{number}", number + 1
        model = KnownModel(len(self.models), name, name if self.models else "", weakref.ref(root))
        self.models.append(model)
        return model

    def _forget(self, model: KnownModel) -> None:
        for module_id in model.modules:
            self._modules.pop(module_id, None)
        self.drop(model.parameters)
        model.parameters, model.modules = [], {}

    def _settle(
        self,
        model: KnownModel,
        modules: list[ModuleInfo],
        tensors: list[tuple[str, str, torch.Tensor]],
    ) -> None:
        """Take over the tensors of a model, and describe it if it has changed."""
        model.parameters, infos = self.take(model.parameters, tensors)
        described = Model(model.index, model.name, modules, infos)
        if described != model.described:
            model.described = described
            self.revision += 1
            self._emit(described)


def _inner(root: nn.Module) -> nn.Module:
    """Return the module that ``torch.compile`` was given, or the root itself."""
    inner = root._modules.get("_orig_mod")  # noqa: SLF001  # torch's name for it is all there is
    return root if inner is None else inner


def _describe(module: nn.Module) -> str:
    try:
        return str(module.extra_repr())
    except Exception:
        return ""


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix and name else prefix or name
