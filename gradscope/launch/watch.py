"""Watching a script that has imported torch: the gate and the capture of its moments."""

from types import ModuleType
from typing import Any

import msgspec

from gradscope import capture
from gradscope.core.events import Environment
from gradscope.launch.channel import Channel
from gradscope.launch.gate import ScriptGate


class Watch:
    """The instruments of one run, in place from construction to ``finish``."""

    def __init__(self, channel: Channel, torch: ModuleType, *, started: float, eager: bool) -> None:
        self._torch: Any = torch
        self.gate = ScriptGate(channel, opening=self._environment, eager=eager)
        self._capture = capture.install(self.gate, started)
        self.gate.attach(self._capture)

    def finish(self) -> tuple[Any, ...]:
        """Take the instruments out; return the fields of ``Seen``."""
        self.gate.stops_no_more()
        try:
            if not self.gate.quitting:
                self._capture.settle()
            self._capture.remove()
        finally:
            self.gate.finish()
        return msgspec.structs.astuple(self._capture.inspector.seen())

    def _environment(self) -> Environment:
        """Return what torch computes with.

        Called at the first moment only: before it the script may still choose its devices, and
        asking CUDA for its own would settle that.
        """
        cuda = self._torch.cuda
        device = cuda.get_device_name() if cuda.is_initialized() else "cpu"
        return Environment(
            torch=str(self._torch.__version__),
            threads=self._torch.get_num_threads(),
            device=device,
        )
