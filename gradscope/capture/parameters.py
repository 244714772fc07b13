"""Parameters: the tensors that a training may change, with what is remembered of each."""

import weakref
from enum import Enum

import torch
from torch.utils.hooks import RemovableHandle


class Grad(Enum):
    """What a grad is, as last seen."""

    UNKNOWN = 0
    NONE = 1
    ZERO = 2
    NONZERO = 3


class Unkept(Enum):
    """Stands where a copy was not kept, since None is what a grad may be."""

    UNKEPT = 0


class Parameter:
    """One parameter under its name. Holds no reference that would keep the tensor alive."""

    __slots__ = (
        "_reference",
        "before",
        "changed_at",
        "copy",
        "fqn",
        "grad",
        "grad_before",
        "grad_copy",
        "grad_mark",
        "handle",
        "key",
        "trained",
        "update_before",
        "update_cache",
    )

    def __init__(self, fqn: str, tensor: torch.Tensor) -> None:
        self.fqn = fqn
        self.trained = False
        """A grad has arrived, or an optimizer moves it."""
        self.handle: RemovableHandle | None = None
        self.copy: torch.Tensor | None = None
        """The weight as last seen."""
        self.before: torch.Tensor | None = None
        """The weight as it was before it last changed."""
        self.update_before: torch.Tensor | None = None
        """The update before the last, where it was looked at."""
        self.changed_at = 0
        """The moment at which the weight last changed."""
        self.update_cache: torch.Tensor | None = None
        self.grad = Grad.NONE if tensor.is_leaf and tensor.grad is None else Grad.UNKNOWN
        self.grad_mark = (0, 0)
        """Identity and version of the grad that ``grad`` speaks of."""
        self.grad_copy: torch.Tensor | Unkept | None = Unkept.UNKEPT
        """The grad after the last phase; None where it was None."""
        self.grad_before: torch.Tensor | Unkept | None = Unkept.UNKEPT
        self.key = 0
        self._reference = weakref.ref(tensor)
        self.bind(tensor)

    @property
    def tensor(self) -> torch.Tensor | None:
        """The tensor, None if the script has let go of it."""
        return self._reference()

    @property
    def update(self) -> torch.Tensor | None:
        """What the last change added to the weight; compute it inside ``quiet()``."""
        if self.update_cache is None and self.copy is not None and self.before is not None:
            self.update_cache = _difference(self.copy, self.before)
        return self.update_cache

    def bind(self, tensor: torch.Tensor) -> None:
        """Let this name stand for another tensor from now on."""
        self.unhook()
        self._reference = weakref.ref(tensor)
        self.key = id(tensor)

    def unhook(self) -> None:
        """Take off the hook for arriving grads."""
        if self.handle is not None:
            self.handle.remove()
            self.handle = None


def _difference(new: torch.Tensor, old: torch.Tensor) -> torch.Tensor:
    narrow = new.dtype.is_floating_point and new.element_size() == 1
    return new.float() - old.float() if narrow else new - old
