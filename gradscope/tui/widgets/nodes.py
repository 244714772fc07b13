"""The tree inside the layer pane."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from gradscope.core.events import ModuleInfo
from gradscope.diagnose.health import Level
from gradscope.session.view import LayerRow
from gradscope.tui.draw.layer import Columns, health_sign, name_part, row_parts
from gradscope.tui.draw.palette import Palette, Tone
from gradscope.tui.draw.text import fit, printable
from gradscope.tui.widgets.pane import palette_of

_WORST = (Level.BAD, Level.WATCH, Level.OK, Level.UNKNOWN)


class LayerNodes(Tree[str]):
    """Modules as branches, parameters as leaves; a node's data is its fqn.

    The weight of a module goes by the module's own name, its other parameters by theirs. Modules
    that have parameters and no weight among them, as an LSTM, are branches of their own.
    """

    DEFAULT_CSS = """
    LayerNodes {
        background: $background;
        padding: 0;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        &:focus { background-tint: $foreground 0%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "fold", "fold", show=False),
        Binding("right", "unfold", "unfold", show=False),
    ]

    class Pointed(Message):
        """The cursor is on the parameter ``fqn``."""

        def __init__(self, fqn: str) -> None:
            super().__init__()
            self.fqn = fqn

    def __init__(self) -> None:
        super().__init__("model")
        self.rows: dict[str, LayerRow] = {}
        self._trends: Mapping[str, npt.NDArray[np.floating]] = {}
        self._kinds: dict[str, str] = {}
        self._leaves: dict[str, TreeNode[str]] = {}
        self._short: dict[str, str] = {}
        """Names that are enough below another parameter of the same module."""
        self._deepest = 0
        # Guides of no lines, one cell wide where Textual's own have two at least.
        guides = cast("tuple[str, str, str, str]", (("", ""),) * 4)
        self.LINES = dict.fromkeys(("default", "bold", "double"), guides)
        self.show_root = False
        self.guide_depth = 2

    def show(
        self,
        rows: Sequence[LayerRow],
        modules: Sequence[ModuleInfo],
        trends: Mapping[str, npt.NDArray[np.floating]],
        pattern: str,
    ) -> None:
        """Show the rows whose fqn contains ``pattern``; the tree is built anew only if it must."""
        self.rows = {row.fqn: row for row in rows}
        self._trends = trends
        self._kinds = {module.fqn: module.kind for module in modules}
        wanted = [row for row in rows if pattern.lower() in row.fqn.lower()]
        if [row.fqn for row in wanted] != list(self._leaves):
            self._build_nodes(wanted)
        self._line_cache.clear()
        self.refresh()

    def columns(self) -> Columns:
        """Return the widths of the columns now."""
        width = self.scrollable_content_region.width
        return Columns.for_width(width, trend=bool(self._trends))

    def _build_nodes(self, rows: Sequence[LayerRow]) -> None:
        """Build the branches and leaves, the cursor staying on its parameter if it is there."""
        cursor = self.selected
        self.clear()
        self._leaves = {}
        self._short = {
            row.fqn: row.fqn.removeprefix(row.module)
            for above, row in pairwise(rows)
            if row.module and above.fqn == f"{row.module}.weight"
        }
        branches: dict[str, TreeNode[str]] = {"": self.root}
        groups = _groups(self.rows.values())
        parents = [
            row.module if row.module in groups else row.module.rpartition(".")[0] for row in rows
        ]
        self._deepest = max((parent.count(".") + 1 for parent in parents if parent), default=0)
        for row, parent in zip(rows, parents, strict=True):
            leaf = row.fqn.removeprefix(f"{parent}.") if parent else row.fqn
            branch = self._branch(parent, branches)
            self._leaves[row.fqn] = branch.add_leaf(leaf, data=row.fqn)
        self.root.expand()
        if self.last_line >= 0:
            self.point_at(cursor if cursor in self._leaves else next(iter(self._leaves)))

    def _branch(self, module: str, branches: dict[str, TreeNode[str]]) -> TreeNode[str]:
        if module not in branches:
            parent, _, name = module.rpartition(".")
            branch = self._branch(parent, branches).add(name, data=module, expand=True)
            branches[module] = branch
        return branches[module]

    @property
    def filled(self) -> bool:
        """Whether there is a parameter to see."""
        return bool(self._leaves)

    @property
    def selected(self) -> str | None:
        """The parameter that the cursor is on, None on a module."""
        node = self.cursor_node
        return node.data if node is not None and node.data in self._leaves else None

    def point_at(self, fqn: str) -> None:
        """Put the cursor on a parameter, opening the branches above it."""
        node = self._leaves.get(fqn)
        if node is None or node is self.cursor_node:
            return
        above = node.parent
        while above is not None:
            above.expand()
            above = above.parent
        if self.last_line >= 0:
            self.move_cursor(node)

    def watch_cursor_line(self, previous_line: int, line: int) -> None:
        """Tell where the cursor has gone."""
        super().watch_cursor_line(previous_line, line)
        fqn = self.selected
        if fqn is not None:
            self.post_message(self.Pointed(fqn))

    def scroll_to_line(self, line: int, animate: bool = False) -> None:  # noqa: FBT001, FBT002  as in Textual
        """Scroll to a line at once: a paused screen is still."""
        del animate
        # Above the first parameter there are only branches, which tell where it belongs.
        nodes = [self.get_node_at_line(above) for above in range(min(line, 9))]
        first = line < 9 and all(node and node.data not in self._leaves for node in nodes)
        seen = line < self.size.height or not self.size.height
        super().scroll_to_line(0 if first and seen else line, animate=False)

    def get_label_width(self, node: TreeNode[str]) -> int:
        """Return a width that never scrolls sideways: labels fill the pane."""
        del node
        return 1

    def render_label(self, node: TreeNode[str], base_style: Style, style: Style) -> Text:
        """Return a row that is as wide as the pane."""
        del base_style, style
        palette = palette_of(self.app)
        depth = 0
        above = node.parent
        while above is not None and above is not self.root:
            depth, above = depth + 1, above.parent
        columns = self.columns()
        # Deep trees have no room for two cells a level.
        indent = depth * (2 if columns.name - 2 * self._deepest >= 5 else 1)
        width = self.scrollable_content_region.width - indent
        # Each level has one cell from the tree's own guides.
        margin = Text(" " * (indent - depth), palette.style(Tone.TEXT), no_wrap=True, end="")
        here = node is self.cursor_node
        ground = palette.name(Tone.SELECT if here else Tone.GROUND)
        if node.data is None or node.data not in self._leaves:
            return margin.append(self._branch_label(node, width, palette, ground))
        row = self.rows[node.data]
        columns = columns.indented(indent)
        label = str(node.label)
        if len(label.removesuffix(".weight")) > columns.name:
            label = self._short.get(row.fqn, label)
        ink = palette.style(Tone.HOT if here else Tone.TEXT, ground)
        if here and not palette.blends:
            ink += Style(reverse=True)
        name = name_part(
            label.removesuffix(".weight"),
            self._kinds.get(row.module, "") if label.endswith("weight") else "",
            columns.name,
            palette,
            ink,
        )
        trend = self._trends.get(row.fqn)
        parts = row_parts(row, name, columns, palette, ground=ground, trend=trend)
        return margin.append(Text.assemble(*parts))

    def _branch_label(self, node: TreeNode[str], width: int, palette: Palette, ground: str) -> Text:
        """Return a module's row; while it is closed it shows the worst health inside it."""
        fqn = node.data or ""
        text = _branch_text(node, self._kinds.get(fqn, ""), width, palette, ground)
        if not node.is_expanded:
            level = _worst(row for row in self.rows.values() if row.fqn.startswith(f"{fqn}."))
            if level is not None:
                sign, tone = health_sign(level, palette)
                return text.append(f" {sign}", palette.style(tone, ground))
        return text.append("  ", palette.style(Tone.TEXT, ground))

    def action_fold(self) -> None:
        """Close the branch under the cursor, or go to the one above it."""
        node = self.cursor_node
        if node is None:
            return
        if node.allow_expand and node.is_expanded:
            node.collapse()
        elif node.parent is not None and node.parent is not self.root:
            self.move_cursor(node.parent)

    def action_unfold(self) -> None:
        """Open the branch under the cursor."""
        node = self.cursor_node
        if node is not None and node.allow_expand:
            node.expand()


def _branch_text(node: TreeNode[str], kind: str, width: int, palette: Palette, ground: str) -> Text:
    """Return the name of a module, ``width`` cells wide but for the sign of its health."""
    dim = palette.style(Tone.DIM, ground)
    if node is node.tree.cursor_node and not palette.blends:
        dim += Style(reverse=True)
    fold = palette.glyph("▾ ", "- ") if node.is_expanded else palette.glyph("▸ ", "+ ")
    name = f"{fold}{printable(str(node.label))}"
    label = fit(f"{name} {kind}" if kind else name, width - 2)
    return Text(label, dim, no_wrap=True, end="")


def _groups(rows: Iterable[LayerRow]) -> set[str]:
    """Return the modules that are branches: they have modules below, or several parameters."""
    found: set[str] = set()
    counts: Counter[str] = Counter()
    weights = set()
    for row in rows:
        parent = row.module.rpartition(".")[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition(".")[0]
        counts[row.module] += 1
        if row.fqn == f"{row.module}.weight":
            weights.add(row.module)
    found.update(module for module, count in counts.items() if count > 1 and module not in weights)
    return found - {""}


def _worst(rows: Iterable[LayerRow]) -> Level | None:
    """Return the worst level among the rows."""
    levels = {row.health.level for row in rows}
    return next((level for level in _WORST if level in levels), None)
