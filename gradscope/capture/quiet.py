# ruff: noqa: SLF001  # torch has no public way out of its modes that every moment can afford
"""Working beside the script: tensor arithmetic that no mode of the script sees or changes."""

from contextlib import ExitStack
from types import TracebackType

import torch
from torch.utils._python_dispatch import _disable_current_modes

from gradscope.capture.threads import use_again, use_one_thread


def quiet() -> "Quiet":
    """Run a block without autograd, autocast, inference mode and torch's override modes.

    What is made inside is an ordinary tensor, whatever mode the script is in. Nothing here
    draws a random number, and every mode is as it was when the block ends.
    """
    return Quiet()


class Quiet:
    """The context of ``quiet``: made for being entered many times an iteration."""

    __slots__ = ("_grad", "_overrides", "_threads", "_unusual")

    def __enter__(self) -> None:
        self._unusual: ExitStack | None = None
        if (
            torch.is_inference_mode_enabled()
            or torch._C._is_any_autocast_enabled()
            or torch._C._len_torch_dispatch_stack()
        ):
            self._unusual = _outside_modes()
        self._grad = torch.is_grad_enabled()
        torch._C._set_grad_enabled(False)  # noqa: FBT003  # torch takes no keyword here
        self._overrides = torch._C.DisableTorchFunction()
        self._overrides.__enter__()
        self._threads = use_one_thread()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        use_again(self._threads)
        self._overrides.__exit__(kind, error, traceback)
        torch._C._set_grad_enabled(self._grad)
        if self._unusual is not None:
            self._unusual.close()


def _outside_modes() -> ExitStack:
    stack = ExitStack()
    stack.enter_context(torch.inference_mode(mode=False))
    stack.enter_context(torch._C._DisableAutocast())
    if torch._C._len_torch_dispatch_stack():
        stack.enter_context(_disable_current_modes())
    return stack
