"""The layers of the model as a tree, with the numbers that tell how each is doing."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self, Unpack

import numpy as np
import numpy.typing as npt
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.strip import Strip

from gradscope.core.events import ModuleInfo
from gradscope.core.numbers import format_count
from gradscope.core.words import Role
from gradscope.session.view import LayerRow
from gradscope.tui.draw.layer import head_parts, health_sign
from gradscope.tui.draw.palette import Palette, Tone
from gradscope.tui.draw.text import printable, row
from gradscope.tui.widgets.nodes import LayerNodes
from gradscope.tui.widgets.pane import Drawn, Options, mark_terminal, palette_of, set_titles


class LayerHead(Drawn):
    """The heading of the columns."""

    DEFAULT_CSS = """
    LayerHead { height: 1; }
    """

    def __init__(self, tree: LayerNodes) -> None:
        super().__init__()
        self._tree = tree
        self.fresh: frozenset[Role] = frozenset()
        """What this moment has changed."""

    def draw(self, width: int, height: int, palette: Palette) -> list[Strip]:
        """Return the one row."""
        del height
        parts = head_parts(self._tree.columns(), palette, self.fresh)
        return [row(width, parts, palette.style(Tone.TEXT))]


class LayerTree(Vertical):
    """Modules and parameters, collapsible: σ(w), ‖g‖, lg(Δ/w), a trend, health."""

    DEFAULT_CSS = """
    LayerTree {
        border: round $edge;
        border-title-color: $foreground;
        border-title-style: bold;
        border-subtitle-color: $dim;
        background: $background;
        padding: 0 1;
        height: 1fr;
    }
    LayerTree:focus-within { border: round $dim; }
    LayerTree.-ascii, LayerTree.-ascii:focus-within { border: ascii $edge; }
    LayerTree.-plain:focus-within { border-title-style: bold reverse; }
    """
    ALLOW_MAXIMIZE: ClassVar[bool | None] = True
    KEY: ClassVar[str] = "1"

    class Selected(Message):
        """The parameter ``fqn`` was chosen."""

        def __init__(self, fqn: str) -> None:
            super().__init__()
            self.fqn = fqn

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self._tree = LayerNodes()
        self._head = LayerHead(self._tree)
        self._rows: Sequence[LayerRow] = ()
        self._modules: Sequence[ModuleInfo] = ()
        self._trends: Mapping[str, npt.NDArray[np.floating]] = {}
        self._pattern = ""
        self._selected: str | None = None

    def compose(self) -> ComposeResult:
        """Place the heading above the tree."""
        yield self._head
        yield self._tree

    def on_mount(self) -> None:
        """Take the border that the terminal can show."""
        mark_terminal(self)
        self._retitle()

    def focus(self, scroll_visible: bool = True) -> Self:  # noqa: FBT001, FBT002  as in Textual
        """Focus the tree."""
        self._tree.focus(scroll_visible)
        return self

    @property
    def selected(self) -> str | None:
        """The fqn of the chosen parameter, None while there is none."""
        return self._selected

    def show(
        self,
        rows: Sequence[LayerRow],
        modules: Sequence[ModuleInfo] = (),
        trends: Mapping[str, npt.NDArray[np.floating]] | None = None,
        fresh: frozenset[Role] = frozenset(),
    ) -> None:
        """Show the parameters ``rows`` of the modules ``modules``, in model order.

        ``trends`` gives for an fqn the norms of its latest grads, oldest first. The columns of
        ``fresh`` roles are marked as changed by this moment.
        """
        self._head.fresh = fresh
        self._rows, self._modules = rows, modules
        self._trends = trends or {}
        self._update()

    def select(self, fqn: str) -> None:
        """Put the cursor on the parameter ``fqn``; nothing happens where there is none."""
        self._tree.point_at(fqn)

    def filter(self, text: str) -> None:
        """Show only parameters with ``text`` in their fqn; all of them for ''."""
        self._pattern = text
        self._update()

    def _update(self) -> None:
        self._tree.show(self._rows, self._modules, self._trends, self._pattern)
        self._head.changed()
        self._retitle()

    @on(LayerNodes.Pointed)
    def _point(self, message: LayerNodes.Pointed) -> None:
        message.stop()
        if message.fqn != self._selected:
            self._selected = message.fqn
            self.post_message(self.Selected(message.fqn))
            self._retitle()

    def _retitle(self) -> None:
        palette = palette_of(self.app)
        title = Content("Layers")
        if self._pattern:
            title = Content.assemble("Layers ", (f"/{printable(self._pattern)}", "$dim not bold"))
        set_titles(self, self.KEY, title, self._summary(palette))

    def _summary(self, palette: Palette) -> Content:
        """Return how the selected parameter is doing, or what the model has in all."""
        if self._pattern and self._rows and not self._tree.filled:
            return Content("no layer is called so")
        row = self._tree.rows.get(self._selected or "")
        if row is not None and row.health.reason:
            sign, tone = health_sign(row.health.level, palette)
            return Content.styled(f"{sign} {printable(row.health.reason)}", f"${tone}")
        # Parameters that are shared have one measurement, under the first of their names.
        sizes = {
            row.weight.name: math.prod(row.weight.stats.shape)
            for row in self._rows
            if row.weight is not None and row.weight.stats is not None
        }
        if not sizes:
            return Content("")
        dot = palette.glyph(" · ", " - ")
        total = format_count(sum(sizes.values()), ascii_only=palette.ascii)
        shared = sum(row.weight is not None and row.weight.name != row.fqn for row in self._rows)
        count = len(self._rows) - shared
        noun = "tensor" if count == 1 else "tensors"
        return Content(f"{count} {noun}{dot}{total} params")
