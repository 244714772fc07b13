"""A bare app around one widget, and measurements made of arrays."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from textual.app import App, ComposeResult
from textual.message import Message
from textual.widget import Widget

from gradscope.core.tensors import Measurement, Stats, Thumbnail
from gradscope.core.words import Role
from gradscope.diagnose.health import Health, Level
from gradscope.session.view import Column, LayerRow
from gradscope.tui.draw.cells import from_elements, stats_of
from gradscope.tui.draw.palette import Palette
from gradscope.tui.draw.themes import theme, theme_variables


class Stage(App[None]):
    """Shows one widget on the whole screen and keeps the messages that it posts."""

    CSS = "Screen { background: $background; }"

    def __init__(self, widget: Widget, palette: Palette | None = None) -> None:
        self.palette = palette or Palette()
        super().__init__()
        self._widget = widget
        self.heard: list[Message] = []
        for dark in (True, False):
            self.register_theme(theme(replace(self.palette, dark=dark)))
        self.theme = theme(self.palette).name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the variables that the widgets' style sheets use."""
        return theme_variables(self.palette)

    def compose(self) -> ComposeResult:
        """Place the widget."""
        yield self._widget

    def hear(self, message: Message) -> None:
        """Keep a message of the widget under test, once however far it bubbles."""
        ours = type(message).__module__.startswith("gradscope")
        if ours and not any(message is heard for heard in self.heard):
            self.heard.append(message)

    def lines(self) -> list[str]:
        """Return the screen as text, without blanks at the ends of its rows."""
        strips = self.screen._compositor.render_strips(self.size)
        return [strip.text.rstrip() for strip in strips]


def measured(
    role: Role, name: str, array: npt.NDArray[np.generic], *, kernels: bool = False
) -> Measurement:
    """Return the measurement of a small array, with all its elements as thumbnail."""
    shape = array.shape
    flat = np.asarray(array, dtype=np.float32)
    cells: tuple[int, ...] = (1, flat.size) if flat.ndim < 2 else flat.shape
    total = 0
    if kernels:
        cells = (flat.size // (shape[-2] * shape[-1]), shape[-2], shape[-1])
        total = cells[0]
    sizes = np.abs(flat[np.isfinite(flat)])
    scale = float(sizes.max()) if sizes.size and sizes.max() > 0 else 1.0
    packed = (flat / scale).astype("<f2").tobytes()
    thumbnail = Thumbnail(cells, (1, 1), total, scale, packed)
    stats = stats_of(from_elements(flat))
    assert stats is not None
    whole = Stats(
        shape,
        "float32",
        stats.norm,
        stats.mean,
        stats.std,
        stats.min,
        stats.max,
        stats.zeros,
        stats.nans,
        stats.infs,
        stats.histogram,
        thumbnail,
    )
    return Measurement(role, name, whole)


def columns(
    weight: npt.NDArray[np.generic],
    grad: npt.NDArray[np.generic] | None,
    name: str = "fc.weight",
    *,
    kernels: bool = False,
) -> tuple[Column, Column, Column]:
    """Return the columns of a parameter after a backward that filled its grad."""
    absent = Measurement(Role.GRAD, name, None)
    before = measured(Role.WEIGHT, name, weight, kernels=kernels)
    now = absent if grad is None else measured(Role.GRAD, name, grad, kernels=kernels)
    return (
        Column(Role.WEIGHT, before, before, changed=False, note="same"),
        Column(Role.GRAD, now, absent, changed=grad is not None, note="changed"),
        Column(Role.UPDATE, None, None, changed=False, note="not measured"),
    )


def layer(
    fqn: str,
    weight: npt.NDArray[np.floating],
    level: Level = Level.OK,
    reason: str = "",
    *,
    grad: bool = True,
) -> LayerRow:
    """Return a row of the layer tree; the grad is half the weight, the update a hundredth."""
    return LayerRow(
        fqn,
        fqn.rpartition(".")[0],
        measured(Role.WEIGHT, fqn, weight),
        measured(Role.GRAD, fqn, weight / 2) if grad else Measurement(Role.GRAD, fqn, None),
        measured(Role.UPDATE, fqn, weight / 100) if grad else None,
        Health(level, reason),
    )
