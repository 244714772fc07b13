"""Parameters by their tensors and by their names."""

from collections.abc import Callable, Collection, Iterable

import torch

from gradscope.capture.arrays import dtype_name
from gradscope.capture.parameters import Parameter
from gradscope.core.events import ParameterInfo


class Index:
    """Every parameter, under the tensor that it is and under its names.

    Args:
        hook: Called with every new or newly bound parameter.
    """

    def __init__(self, hook: Callable[[Parameter], None]) -> None:
        self._hook = hook
        self._by_tensor: dict[int, Parameter] = {}
        self._by_fqn: dict[str, Parameter] = {}

    def find(self, tensor: torch.Tensor) -> Parameter | None:
        """Return the parameter that a tensor is, None if it is none."""
        found = self._by_tensor.get(id(tensor))
        return found if found is not None and found.tensor is tensor else None

    def named(self, fqn: str) -> Parameter | None:
        """Return the parameter of that name, also of a second name of a shared one."""
        return self._by_fqn.get(fqn)

    def among(self, tensors: Iterable[object]) -> list[Parameter]:
        """Return the parameters among some tensors, each once."""
        known = [self.find(t) for t in tensors if isinstance(t, torch.Tensor)]
        return list(dict.fromkeys(parameter for parameter in known if parameter is not None))

    def take(
        self, previous: Collection[Parameter], tensors: Iterable[tuple[str, str, torch.Tensor]]
    ) -> tuple[list[Parameter], list[ParameterInfo]]:
        """Give every tensor of a model its Parameter; keep those that stay, drop the others.

        Args:
            previous: The parameters that the model had so far.
            tensors: Fqn, fqn of the module, and tensor, of all that it has now.

        Returns:
            The parameters that are the model's own, and the description of all.
        """
        infos: list[ParameterInfo] = []
        own: dict[Parameter, None] = {}
        earlier = set(previous)
        for fqn, module, tensor in tensors:
            known = self.find(tensor)
            shared = known is not None and (known in own or known not in earlier)
            if known is None:
                known = self._by_fqn.get(fqn) or Parameter(fqn, tensor)
                self._by_tensor.pop(known.key, None)
                known.bind(tensor)
                self._by_tensor[id(tensor)] = known
                self._hook(known)
            if not shared:
                known.fqn = fqn
                own[known] = None
            self._by_fqn[fqn] = known
            infos.append(_info(tensor, fqn, module, known.fqn if shared else ""))
        self.drop([p for p in previous if p not in own])
        return list(own), infos

    def drop(self, parameters: Collection[Parameter]) -> None:
        """Forget parameters, and take their hooks off."""
        for parameter in parameters:
            parameter.unhook()
            if self._by_tensor.get(parameter.key) is parameter:
                del self._by_tensor[parameter.key]
        gone = set(parameters)
        self._by_fqn = {fqn: p for fqn, p in self._by_fqn.items() if p not in gone}


def _info(tensor: torch.Tensor, fqn: str, module: str, shared: str) -> ParameterInfo:
    return ParameterInfo(
        fqn=fqn,
        module=module,
        shape=tuple(tensor.shape),
        dtype=dtype_name(tensor),
        device=str(tensor.device),
        requires_grad=tensor.requires_grad,
        shared_with=shared,
    )
