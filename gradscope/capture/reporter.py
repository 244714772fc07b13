"""Moments: counted, offered to the gate, and sent."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from gradscope.capture.clock import Clock
from gradscope.capture.frames import Frames
from gradscope.capture.gate import Gate, Place
from gradscope.capture.timeline import Timeline
from gradscope.core.events import Event, Facts, Inside, Moment, Notice, Preview
from gradscope.core.tensors import Measurement
from gradscope.core.words import Detail, Phase

_NO_FACTS = Facts()


@dataclass
class Content:
    """What a moment says beyond where it is."""

    facts: Facts = _NO_FACTS
    measurements: list[Measurement] = field(default_factory=list)
    batch: list[Preview] = field(default_factory=list)


class Reporter:
    """Counts every moment, asks the gate about it, and sends those that the gate wants."""

    def __init__(self, gate: Gate, clock: Clock, frames: Frames, timeline: Timeline) -> None:
        self.gate = gate
        self.clock = clock
        self.frames = frames
        self.timeline = timeline
        self.silent = False
        """Nothing is watched: capture was removed, or the gate is being spoken to."""
        self.close = True
        """The last end of a phase was measured in full, or there was none: someone may look."""
        self.lr: float | None = None
        self._thread = threading.get_ident()
        self._loss: torch.Tensor | float | None = None
        self._grad_norm: float | None = None
        self._iteration = 1
        self.inside: Inside | None = None
        """Where inside a phase the latest moment lies."""
        self._entered = (0.0, 0.0)
        self._failed = False

    @property
    def deaf(self) -> bool:
        """Whether what happens now is not the script's training: not to be counted."""
        return self.silent or threading.get_ident() != self._thread

    def follow_this_thread(self) -> None:
        """Take the calling thread for the one that trains."""
        self._thread = threading.get_ident()

    def guard(self, call: Callable[..., Any], *args: Any) -> Any:
        """Call gradscope's own code; its failure becomes a notice, never the script's error."""
        try:
            return call(*args)
        except Exception as error:
            if not self._failed:
                self._failed = True
                self.emit(Notice(f"watching failed here: {type(error).__name__}: {error}"))
            return None

    def emit(self, event: Event) -> None:
        """Send an event that is no moment."""
        self.gate.emit(event)

    def set_loss(self, loss: torch.Tensor | None) -> None:
        """Remember the loss of this iteration; anything but one element is no number."""
        self._forget_last_iteration()
        if loss is None or loss.numel() != 1 or loss.is_complex():
            return
        self._loss = loss.detach().clone()

    def set_grad_norm(self, norm: float) -> None:
        """Remember the total norm of this iteration's grads."""
        self._forget_last_iteration()
        self._grad_norm = norm

    def look(
        self, phase: Phase, inside: Inside | None = None, *, completes: bool = False
    ) -> Detail | None:
        """Count a moment; return how closely to measure it, None to let it pass."""
        line = self.timeline
        place = Place(line.tick(), line.iteration, line.epoch, phase, inside, completes)
        self.inside = inside
        self._entered = (self.clock.wall(), self.clock.excluded)
        detail = self.gate.look(place)
        if inside is None:
            self.close = detail is Detail.FULL
        return detail

    def send(self, phase: Phase, detail: Detail, start: float, content: Content) -> None:
        """Send the moment last looked at, whose phase began at ``start`` of the script's time.

        Raises:
            SystemExit: The user ends the script.
        """
        wall, excluded = self._entered
        time = wall - excluded
        self._forget_last_iteration()
        moment = Moment(
            seq=self.timeline.seq,
            iteration=self.timeline.iteration,
            epoch=self.timeline.epoch,
            phase=phase,
            inside=self.inside,
            line=self.frames.line(),
            time=time,
            duration=max(0.0, time - start),
            loss=self._loss_value(),
            grad_norm=self._grad_norm,
            lr=self.lr,
            detail=detail,
            facts=content.facts,
            measurements=content.measurements,
            batch=content.batch,
            stop="",
        )
        self.silent = True
        try:
            self.gate.arrive(moment)
        finally:
            self.silent = False
            self.clock.resume_from(wall, excluded)

    def _forget_last_iteration(self) -> None:
        if self._iteration != self.timeline.iteration:
            self._iteration = self.timeline.iteration
            self._loss = self._grad_norm = None

    def _loss_value(self) -> float | None:
        if isinstance(self._loss, torch.Tensor):
            self._loss = float(self._loss)
        return self._loss
