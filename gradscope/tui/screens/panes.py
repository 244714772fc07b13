"""The panes' contents: what the recording holds at the cursor, handed to each widget."""

import contextlib
from collections.abc import Mapping

import msgspec
import numpy as np
import numpy.typing as npt
from textual.screen import Screen

from gradscope.core.events import Moment
from gradscope.core.numbers import format_count
from gradscope.core.tensors import Stats
from gradscope.core.words import Phase, Role
from gradscope.explain.words import Description, describe
from gradscope.session.source import RunState, Session, SessionError
from gradscope.session.view import (
    Column,
    LayerRow,
    columns,
    layer_rows,
    phase_marks,
    written,
)
from gradscope.tui.screens.contents import header
from gradscope.tui.screens.feed import GOING
from gradscope.tui.screens.trends import Trends
from gradscope.tui.widgets import (
    BatchPane,
    CodePane,
    FactsPane,
    Flip,
    HeaderBar,
    LayerTree,
    LossChart,
    OutputPane,
    PhaseBar,
    TensorPane,
)

_CHUNKS = 400
"""Pieces of output taken at once; of more than these only the newest are shown."""
_FLIPS = tuple(Flip)
_CURVES = {"loss": "Loss", "lr": "Learning rate", "grad_norm": "Norm of all grads"}


class Panes:
    """Shows a session at its cursor in the panes of a screen, and knows what is selected."""

    def __init__(self, screen: Screen[None], session: Session) -> None:
        self._screen = screen
        self._session = session
        self._output_id = 0
        self._batch_seq: int | None = None
        self._rows: list[LayerRow] = []
        self._curve = "loss"
        self._trends = Trends(session.recording)
        self._trend: Mapping[str, npt.NDArray[np.float64]] = {}
        self._stop = 0
        self.selected: str | None = None
        self.flip = Flip.AFTER
        self.following = True
        self.moment: Moment | None = None
        self.description: Description | None = None
        self.columns: tuple[Column, ...] = ()
        self._measured: Moment | None = None

    def show(self) -> bool:
        """Show what is new; return whether another moment is shown than before."""
        moment = self._present()
        self._screen.query_one(HeaderBar).show(header(self._session, moment))
        self._show_output()
        if moment is None or (self.moment is not None and moment.seq == self.moment.seq):
            return False
        self.moment = moment
        self._show_moment(moment)
        measured = self._last_measured(moment)
        if self._measured is None or measured.seq != self._measured.seq:
            self._measured = measured
            self._show_layers(measured)
            self.show_tensor()
        return True

    def _present(self) -> Moment | None:
        """The moment to show: where the run is, or the last whole iteration while it runs on."""
        recording, cursor = self._session.recording, self._session.cursor
        moment = recording.latest_moment(cursor) if cursor is not None else None
        if moment is None or self._session.state is not RunState.RUNNING:
            if self._session.state is not RunState.ENDED:
                self._stop = moment.seq if moment is not None else 0
            return moment
        step = recording.find(moment.iteration - 1, Phase.STEP)
        return recording.moment(step) if step is not None and step > self._stop else moment

    def _last_measured(self, moment: Moment) -> Moment:
        """The moment whose tensors to show: in a free run the last that was measured in full.

        A run that has ended unstopped is past being measured more closely.
        """
        if self._session.state not in {RunState.RUNNING, RunState.ENDED}:
            return moment
        recording = self._session.recording
        seq = max(recording.newest_full_step or 0, self._stop)
        return recording.moment(seq) or moment

    def select(self, fqn: str) -> None:
        """Make ``fqn`` the selected parameter."""
        if fqn == self.selected:
            return
        self.selected = fqn
        if self._session.state is not RunState.ENDED:
            with contextlib.suppress(SessionError):
                self._session.select(fqn)
        self.show_tensor()

    def turn(self) -> Flip:
        """Go from after to before to the difference and around; return which it is."""
        self.flip = _FLIPS[(_FLIPS.index(self.flip) + 1) % len(_FLIPS)]
        self.show_tensor()
        return self.flip

    def plot(self, name: str) -> None:
        """Show another curve: ``loss``, ``lr`` or ``grad_norm``."""
        self._curve = name
        if self.moment is not None:
            self._show_curve(self.moment)

    def follow(self) -> str:
        """Let the selection follow the moment, or stay; return what it does now, in words."""
        self.following = not self.following
        if self.following:
            return "the selected layer follows the moment inside a phase"
        return "the selected layer stays as it is"

    def show_tensor(self) -> None:
        """Show the selected parameter."""
        if self._measured is not None and self.selected is not None:
            at = self._measured.seq
            self.columns = tuple(columns(self._session.recording, at, self.selected))
            # In a free run, what is said is of a later moment than what is shown.
            here = self.moment is not None and self.moment.seq == at
            news = self.description.sentence if here and self.description is not None else ""
            aside = "" if here else f"in iteration {format_count(self._measured.iteration)}"
            weight = self.columns[0].measurement
            if weight is not None and weight.name != self.selected:
                aside = f"shared with {weight.name} {aside}".rstrip()
            pane = self._screen.query_one(TensorPane)
            pane.show(self.columns, self.flip, fqn=self.selected, news=news, aside=aside)

    def _show_output(self) -> None:
        recording = self._session.recording
        pane = self._screen.query_one(OutputPane)
        chunks = recording.output(self._output_id, _CHUNKS)
        if len(chunks) == _CHUNKS:
            chunks = recording.newest_output(_CHUNKS)
        for chunk in chunks:
            if chunk.id > self._output_id:
                pane.append(chunk.stream, chunk.data)
                self._output_id = chunk.id

    def _show_moment(self, moment: Moment) -> None:
        recording = self._session.recording
        screen = self._screen
        screen.query_one(PhaseBar).show(phase_marks(recording, moment.seq))
        batch = recording.batch(moment.seq)
        told = moment
        if batch is not None and batch[0] == moment.seq:
            told = msgspec.structs.replace(moment, batch=batch[1])
        self.description = describe(
            told, recording.models(), recording.optimizers(moment.seq), self._written_inside(moment)
        )
        screen.query_one(FactsPane).show(self.description, moment.phase)
        self._show_curve(moment)
        if moment.line is not None:
            text = recording.source(moment.line.file) or ""
            screen.query_one(CodePane).show(
                moment.line.file, text, moment.line.line, moment.phase, moment.line.function
            )
        if batch is not None and batch[0] != self._batch_seq:
            self._batch_seq = batch[0]
            screen.query_one(BatchPane).show(batch[1], moment.iteration)

    def _written_inside(self, moment: Moment) -> Stats | None:
        """What was measured of the tensor that a moment inside a phase has written."""
        inside = moment.inside
        if inside is None:
            return None
        role = Role.ACTIVATION if inside.kind == "forward" else Role(inside.kind)
        found = self._session.recording.measurement(role, inside.name, moment.seq)
        return found[1].stats if found is not None and found[0] == moment.seq else None

    def _show_curve(self, moment: Moment) -> None:
        series = self._session.recording.series(self._curve)
        self._screen.query_one(LossChart).show(
            series, name=_CURVES[self._curve], cursor=moment.iteration
        )

    def _show_layers(self, moment: Moment) -> None:
        recording = self._session.recording
        self._rows = layer_rows(recording, moment.seq)
        modules = [module for model in recording.models() for module in model.modules]
        tree = self._screen.query_one(LayerTree)
        if self._session.state not in GOING:
            self._trend = self._trends.at(moment)
        tree.show(self._rows, modules, self._trend, written(moment))
        wanted = self._followed(moment) if self.following else None
        if wanted is None and self.selected is None and self._rows:
            wanted = self._rows[0].fqn
        if wanted is not None and wanted != self.selected:
            self.select(wanted)
            tree.select(wanted)

    def _followed(self, moment: Moment) -> str | None:
        """The parameter that a moment inside a phase is about, where there is one."""
        inside = moment.inside
        if inside is None:
            return None
        if inside.kind == "grad":
            return next((row.fqn for row in self._rows if row.fqn == inside.name), None)
        return next((row.fqn for row in self._rows if row.module == inside.name), None)
