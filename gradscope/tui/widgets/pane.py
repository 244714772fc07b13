"""What all panes share: colours, a border with titles, and a cache of the drawn rows."""

from typing import ClassVar, TypedDict, Unpack

from textual.app import App
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from gradscope.tui.draw.palette import ColourMode, Palette, Tone


class Options(TypedDict, total=False):
    """What every widget may be given: its name, id and classes for the style sheets."""

    name: str | None
    id: str | None
    classes: str | None


def palette_of(app: App[object]) -> Palette:
    """Return the palette that the app says to draw with, or one that fits its theme."""
    palette = getattr(app, "palette", None)
    if isinstance(palette, Palette):
        return palette
    mode = ColourMode.NONE if app.no_color else ColourMode.TRUE
    return Palette(dark=app.current_theme.dark, mode=mode)


class Drawn(Widget):
    """A widget whose rows are drawn at once from its data, and kept until something changes.

    A subclass draws in ``draw`` and calls ``changed`` whenever its data are new.
    """

    DEFAULT_CSS = """
    Drawn { background: $background; color: $foreground; width: 1fr; }
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self._rows: list[Strip] = []
        self._rows_key: tuple[object, ...] = ()
        self._revision = 0
        self._comparing = False

    @property
    def palette(self) -> Palette:
        """The colours and characters to draw with."""
        return palette_of(self.app)

    def changed(self) -> None:
        """Have the widget drawn anew, as far as its new data look different."""
        self._revision += 1
        if not self._rows or not self.is_attached:
            self.refresh()
        elif not self._comparing:
            self._comparing = True
            self.call_next(self._refresh_rows)

    def _refresh_rows(self) -> None:
        """Paint the rows that are not as they were: most of the work is in painting."""
        self._comparing = False
        old, before = self._rows, self._rows_key
        new = self.rows()
        if before[:3] != self._rows_key[:3] or len(old) != len(new):
            self.refresh()
            return
        width = self.size.width
        regions = [
            Region(0, y, width, 1)
            for y, (one, other) in enumerate(zip(old, new, strict=True))
            if one != other
        ]
        if regions:
            self.refresh(*regions)

    def draw(self, width: int, height: int, palette: Palette) -> list[Strip]:
        """Return the rows of the widget, at most ``height`` of them, each ``width`` cells."""
        raise NotImplementedError

    def rows(self) -> list[Strip]:
        """Return the drawn rows for the present size, colours and data."""
        palette = self.palette
        width, height = self.size
        key = (width, height, palette, self._revision, self.has_focus)
        if key != self._rows_key:
            self._rows = self.draw(width, height, palette) if width > 0 and height > 0 else []
            self._rows_key = key
        return self._rows

    def render_line(self, y: int) -> Strip:
        """Return one row, blank below the last."""
        rows = self.rows()
        if y < len(rows):
            return rows[y]
        return Strip.blank(self.size.width, self.palette.style(Tone.TEXT))


class Pane(Drawn):
    """A drawn widget in a thin border, with titles in it.

    ``key`` is the number key that leads to the pane, shown before the title.
    """

    DEFAULT_CSS = """
    Pane {
        border: round $edge;
        border-title-color: $foreground;
        border-title-style: bold;
        border-subtitle-color: $dim;
        padding: 0 1;
        height: 1fr;
    }
    Pane:focus { border: round $dim; }
    Pane.-ascii, Pane.-ascii:focus { border: ascii $edge; }
    Pane.-plain:focus { border-title-style: bold reverse; }
    """
    can_focus: bool = True
    ALLOW_MAXIMIZE: ClassVar[bool | None] = True
    KEY: ClassVar[str] = ""

    def on_mount(self) -> None:
        """Take the border that the terminal can show."""
        mark_terminal(self)

    def set_titles(self, title: Content | str, subtitle: Content | str = "") -> None:
        """Set the title behind the pane's number key, and the summary at the bottom right."""
        set_titles(self, self.KEY, title, subtitle)


def mark_terminal(widget: Widget) -> None:
    """Give ``widget`` the classes ``-ascii`` and ``-plain`` where the terminal is so."""
    palette = palette_of(widget.app)
    widget.set_class(palette.ascii, "-ascii")
    widget.set_class(not palette.blends, "-plain")


def set_titles(
    widget: Widget, key: str, title: Content | str, subtitle: Content | str = ""
) -> None:
    """Set the titles in the border of ``widget``, ``key`` before the first one."""
    prefix = Content.styled(f"{key} ", "$dim") if key else Content()
    above = Content(title) if isinstance(title, str) else title
    below = Content(subtitle) if isinstance(subtitle, str) else subtitle
    wanted = (Content.assemble(prefix, above), below)
    if (widget._border_title, widget._border_subtitle) != wanted:  # noqa: SLF001  the pair as content
        widget.border_title = wanted[0]
        widget.border_subtitle = wanted[1]
