"""Which panes the main screen shows: all of them, or one page where there is no room for more."""

from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

PANES = {1: "layers", 2: "tensor", 3: "loss", 4: "code", 5: "output", 6: "batch"}
"""The number key of each pane, and the id of its widget."""

_SIDE = (4, 5, 6)
_ROOM = Size(100, 24)
"""The least terminal that shows all panes."""


class Pages:
    """The page and the zoom of a main screen, kept as classes that its style sheet reads.

    Panes 4, 5 and 6 share one place; the class ``-sideN`` tells which of them has it. The class
    ``-single`` tells that only the page of the focused pane shows, by ``-pageN``.
    """

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self.page = 1
        self.side = 4
        self.zoomed = False

    @property
    def single(self) -> bool:
        """Whether one pane at a time shows."""
        size = self._screen.size
        return self.zoomed or size.width < _ROOM.width or size.height < _ROOM.height

    def go(self, number: int) -> None:
        """Show the pane ``number`` and give it the focus."""
        self.page = number
        if number in _SIDE:
            self.side = number
        self.apply()
        # The classes take effect with the next refresh, and what is hidden takes no focus.
        self._screen.call_after_refresh(self._focus, number)

    def _focus(self, number: int) -> None:
        """Give a pane the focus, unless another was asked for since, or a line is being typed."""
        if number != self.page or isinstance(self._screen.focused, Input):
            return
        pane = self._screen.query_one(f"#{PANES[number]}")
        places = [
            widget for widget in pane.walk_children(Widget, with_self=True) if widget.can_focus
        ]
        self._screen.set_focus(places[0] if places else None, scroll_visible=False)

    def turn(self, offset: int) -> None:
        """Go to the next (1) or the previous (-1) pane, around the corner."""
        self.go((self.page - 1 + offset) % len(PANES) + 1)

    def zoom(self) -> None:
        """Let the focused pane have the whole screen, or take it back."""
        self.zoomed = not self.zoomed
        self.apply()

    def follow_focus(self) -> None:
        """Make the pane that has the focus the page."""
        focused = self._screen.focused
        if focused is None:
            return
        names = {node.id for node in focused.ancestors_with_self}
        for number, name in PANES.items():
            if name in names and number != self.page:
                self.page = number
                self.apply()

    def apply(self) -> None:
        """Set the classes."""
        for number in PANES:
            self._screen.set_class(number == self.page, f"-page{number}")
            self._screen.set_class(number == self.side, f"-side{number}")
        self._screen.set_class(self.single, "-single")
