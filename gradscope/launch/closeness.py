"""How closely to measure: everything where somebody looks, and now and then in a free run."""

import time
from collections.abc import Callable

from gradscope.capture.gate import Place
from gradscope.core.words import Detail, Phase

SHORTEST_PAUSE = 0.25
"""Seconds of a free run between two full measurements, at least."""
COST_FACTOR = 20
"""A free run takes at least so many times as long as its full measurements."""


class Closeness:
    """Chooses the detail of each place and keeps account of what full measurements cost.

    In a free run one whole iteration is measured in full, so that its weights, grads and
    updates belong together, and then none until the time has come again.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._iteration: int | None = None
        self._whole = True
        self._cost = 0.0
        self._rest_since: float | None = None
        self._began = 0.0

    def choose(self, place: Place, *, stops: bool, near: bool, stepping: bool) -> Detail | None:
        """Return the detail for ``place``.

        ``stops``: the run will stop there. ``stepping``: it is on its way from stop to stop.
        ``near``: its iteration will be looked at as a whole.
        """
        detail = self._choose(place, stops=stops, near=near, stepping=stepping)
        if detail is Detail.FULL:
            self._began = self._clock()
        return detail

    def _choose(self, place: Place, *, stops: bool, near: bool, stepping: bool) -> Detail | None:
        if place.inside is not None:
            return Detail.FULL if stops else None
        if place.iteration != self._iteration:
            self._begin(place.iteration)
        if stops or stepping:
            return Detail.FULL
        if place.phase is Phase.EVALUATE:  # thousands may follow one another
            return Detail.NORMS
        return Detail.FULL if near or self._whole else Detail.NORMS

    def _begin(self, iteration: int) -> None:
        self._iteration = iteration
        now = self._clock()
        rest = max(SHORTEST_PAUSE, COST_FACTOR * self._cost)
        self._whole = self._rest_since is None or now - self._rest_since >= rest
        if self._whole:
            self._cost = 0.0

    def measured(self) -> None:
        """Note that the full measurement chosen last is done."""
        now = self._clock()
        self._cost += now - self._began
        self._rest_since = now
