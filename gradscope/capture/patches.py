"""Replaced functions, and putting them back."""

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any, Protocol, TypeVar

import torch

_MISSING = object()


Function = TypeVar("Function", bound=Callable[..., Any])


def transparent(function: Function) -> Function:
    """Return the function so marked that a warning about its caller is not put down to it.

    The stack levels of ``warnings`` and ``logging`` pass over frames whose file is named like
    the import system's; the name still begins with this file, which tells whose frame it is.
    """
    if isinstance(function, FunctionType):
        file = f"{__file__} (passed over like importlib._bootstrap)"
        function.__code__ = function.__code__.replace(co_filename=file)
    return function


class Around(Protocol):
    """What happens around the calls of a replaced function."""

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> object | None:
        """Return what ``end`` will be given, or None to leave this call alone."""

    def end(self, token: Any, result: Any) -> None:
        """The call has returned."""

    def abandon(self, token: Any) -> None:
        """The call has raised."""


class Patches:
    """Attributes of torch that were replaced, in order.

    Args:
        guard: Runs a call of gradscope's own, whose failure must not reach the script.
    """

    def __init__(self, guard: Callable[..., Any]) -> None:
        self._guard = guard
        self._replaced: list[tuple[Any, str, Any, Any]] = []

    def replace(self, owner: Any, name: str, new: Any) -> None:
        """Set an attribute of a module or class until ``restore``."""
        self._replaced.append((owner, name, vars(owner).get(name, _MISSING), new))
        setattr(owner, name, new)

    def surround(self, owner: Any, name: str, around: Around) -> None:
        """Call ``around`` before and after each call of the function ``owner.name``."""
        self.replace(owner, name, self.surrounded(vars(owner)[name], around))

    def surrounded(self, original: Callable[..., Any], around: Around) -> Callable[..., Any]:
        """Return ``original`` with ``around`` about it, under the same name and signature."""
        guard = self._guard

        @functools.wraps(original)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if torch.compiler.is_compiling():
                return original(*args, **kwargs)
            token = guard(around.begin, args, kwargs)
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                if token is not None:
                    guard(around.abandon, token)
                if error.__traceback__ is not None:
                    error.__traceback__ = error.__traceback__.tb_next
                raise  # bare, which adds no frame of this function again
            if token is not None:
                guard(around.end, token, result)
            return result

        marked: Any = transparent(wrapper)
        marked.__prepare_scriptable__ = lambda: original  # TorchScript compiles what it reads
        return marked  # type: ignore[no-any-return]  # the function itself

    def surround_family(self, base: type, name: str, around: Around) -> None:
        """Surround this method of a class and of all its subclasses, also those to come."""
        for cls in _family(base):
            self._surround_own(cls, name, around)
        patches = self
        inherited = vars(base).get("__init_subclass__")

        def init_subclass(cls: Any, /, **kwargs: Any) -> None:
            if inherited is None:
                super(base, cls).__init_subclass__(**kwargs)  # type: ignore[arg-type]  # a class, but a variable to mypy
            else:
                inherited.__get__(None, cls)(**kwargs)
            patches._surround_own(cls, name, around)  # a method's own closure

        self.replace(base, "__init_subclass__", classmethod(init_subclass))

    def restore(self) -> None:
        """Put back every attribute that nobody else has replaced since."""
        for owner, name, old, new in reversed(self._replaced):
            if vars(owner).get(name) is not new:
                continue
            if old is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, old)
        self._replaced.clear()

    def _surround_own(self, cls: type, name: str, around: Around) -> None:
        if callable(vars(cls).get(name)):
            self.surround(cls, name, around)


def _family(base: type) -> list[type]:
    """Return a class and its subclasses of any depth, each once."""
    found: dict[type, None] = {base: None}
    pending: list[type] = [base]
    while pending:
        subclasses: list[type] = pending.pop().__subclasses__()
        for cls in subclasses:
            if cls not in found:
                found[cls] = None
                pending.append(cls)
    return list(found)
