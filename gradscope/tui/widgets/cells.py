"""A cursor that keys move over the cells of a tensor."""

from typing import ClassVar, Unpack

from textual import events
from textual.binding import Binding, BindingType

from gradscope.tui.draw.plan import Cursor, Plan
from gradscope.tui.widgets.pane import Options, Pane


class CellPane(Pane):
    """A pane with a cursor on one of its cells; a subclass says where the cells are."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1, 0)", "cell to the left", show=False),
        Binding("right", "move(1, 0)", "cell to the right", show=False),
        Binding("up", "move(0, -1)", "cell above", show=False),
        Binding("down", "move(0, 1)", "cell below", show=False),
        Binding("shift+left", "nudge(-1, 0)", "left in the kernel", show=False),
        Binding("shift+right", "nudge(1, 0)", "right in the kernel", show=False),
        Binding("shift+up", "nudge(0, -1)", "up in the kernel", show=False),
        Binding("shift+down", "nudge(0, 1)", "down in the kernel", show=False),
        Binding("pageup", "page(-1)", "page back", show=False),
        Binding("pagedown", "page(1)", "page on", show=False),
        Binding("home", "end(0)", "first cell", show=False),
        Binding("end", "end(1)", "last cell", show=False),
    ]

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self.cell = Cursor()
        """The cell that was gone to; it may lie outside of what is shown now."""

    def plan(self) -> Plan | None:
        """Return where the cells are now, None while there are none."""
        raise NotImplementedError

    def moved(self) -> None:
        """Take note that the cursor went to another cell."""
        raise NotImplementedError

    def move_to(self, cell: Cursor) -> None:
        """Put the cursor on a cell."""
        if cell != self.cell:
            self.cell = cell
            self.moved()

    def action_move(self, right: int, down: int) -> None:
        """Go to the tile or cell beside this one."""
        if plan := self.plan():
            self.move_to(plan.move(plan.hold(self.cell), right, down))

    def action_nudge(self, right: int, down: int) -> None:
        """Go to the cell beside this one in the same kernel."""
        if plan := self.plan():
            self.move_to(plan.nudge(plan.hold(self.cell), right, down))

    def action_page(self, pages: int) -> None:
        """Go to another page of kernels."""
        if plan := self.plan():
            self.move_to(plan.page(plan.hold(self.cell), pages))

    def action_end(self, end: int) -> None:
        """Go to the first (0) or the last (1) cell."""
        if plan := self.plan():
            self.move_to(plan.ends()[end])

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Page back."""
        event.stop()
        self.action_page(-1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Page on."""
        event.stop()
        self.action_page(1)
