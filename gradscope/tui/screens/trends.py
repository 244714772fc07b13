"""The trend of each gradient: its norm over the latest iterations."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from gradscope.core.events import Moment
from gradscope.core.words import Phase, Role
from gradscope.recording import Recording

_ITERATIONS = 24


class Trends:
    """Reads the norms of all grads after each backward, each iteration once."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._norms: dict[int, dict[str, float]] = {}

    def at(self, moment: Moment) -> Mapping[str, npt.NDArray[np.float64]]:
        """Return for each parameter its latest norms up to ``moment``, oldest first."""
        iterations = range(max(1, moment.iteration - _ITERATIONS + 1), moment.iteration + 1)
        known: dict[int, dict[str, float]] = {}
        for iteration in iterations:
            norms = self._norms.get(iteration) or self._read(iteration, moment.seq)
            if norms:
                known[iteration] = norms
        self._norms = known
        names = dict.fromkeys(name for norms in known.values() for name in norms)
        return {
            name: np.array([norms[name] for norms in known.values() if name in norms])
            for name in names
        }

    def _read(self, iteration: int, at: int) -> dict[str, float]:
        seq = self._recording.find(iteration, Phase.BACKWARD)
        if seq is None or seq > at:
            return {}
        return {
            name: measurement.stats.norm
            for name, (_, measurement) in self._recording.measurements(Role.GRAD, seq).items()
            if measurement.stats is not None
        }
