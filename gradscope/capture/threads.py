"""Doing without torch's worker threads where waking them takes longer than the work."""

import ctypes
import functools
import sys
from collections.abc import Callable
from pathlib import Path

import torch

_FEW = 4
"""With more threads than these, large tensors are better measured by all of them."""


def _runtime() -> ctypes.CDLL | None:
    """Return the OpenMP that torch has loaded, None where it cannot be told."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        lines = Path("/proc/self/maps").read_text(errors="replace").splitlines()
    except OSError:
        return None
    home = str(Path(torch.__file__).parent)  # with its neighbour, torch.libs
    paths = {line[line.index("/") :] for line in lines if "/" in line}
    found = [p for p in paths if p.startswith(home) and Path(p).name.startswith("libgomp")]
    try:
        return ctypes.CDLL(found[0]) if len(found) == 1 else None
    except OSError:
        return None


@functools.cache
def _setter() -> Callable[[int], object] | None:
    return getattr(_runtime(), "omp_set_num_threads", None)


def use_one_thread() -> int:
    """Let this thread's work be done by itself alone; return what to give to ``use_again``.

    That acts on OpenMP for the calling thread and on nothing else, unlike torch's own function,
    which sets up MKL anew. Nothing happens where there is nothing to gain, or no such OpenMP.
    """
    count = torch.get_num_threads()
    setter = _setter() if 1 < count <= _FEW else None
    if setter is None:
        return 0
    setter(1)
    return count


def use_again(count: int) -> None:
    """Undo ``use_one_thread``."""
    setter = _setter() if count else None
    if setter is not None:
        setter(count)
