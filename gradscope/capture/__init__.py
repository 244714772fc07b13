"""How we know: hooks into torch, discovery of models and optimizers, measurements.

Importing this package loads no torch; ``install`` does.
"""

from typing import TYPE_CHECKING

from gradscope.capture.gate import Gate, Place

if TYPE_CHECKING:
    from gradscope.capture.installation import Capture

__all__ = ["Gate", "Place", "install"]


def install(gate: Gate, started: float | None = None) -> "Capture":
    """Begin to watch every training in this process, until ``remove`` is called on the result.

    Args:
        gate: Asked at every moment, and given the moments that it wants.
        started: When the run began, in seconds since the epoch; now by default. The times in
            moments count from there.
    """
    from gradscope.capture.installation import Capture

    return Capture(gate, started)
