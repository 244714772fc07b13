"""The Textual front end as a program: colours, signals, and the way in and out."""

import gc
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import ClassVar

from rich.console import Console, RenderableType
from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import ANSIToTruecolor, LineFilter
from textual.screen import Screen

from gradscope.session.source import Session
from gradscope.tui.draw.palette import ColourMode, Palette, detect_charset, detect_mode
from gradscope.tui.draw.themes import theme, theme_variables
from gradscope.tui.driver import TerminalDriver
from gradscope.tui.leaving import Leaving
from gradscope.tui.screens.finder import Finder
from gradscope.tui.screens.main import MainScreen


class GradscopeApp(App[int], inherit_bindings=False):
    """The debugger's screen for one session.

    Its result is an exit code: the script's own if it has ended, 128 + N after the signal N.
    """

    TITLE = "gradscope"
    # Textual reads no style sheets for a default screen, so the app reads the main screen's.
    CSS_PATH: ClassVar[list[str | PurePath]] = ["app.tcss", "screens/main.tcss"]
    COMMANDS: ClassVar = {Finder}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True, system=True)
    ]

    def __init__(self, session: Session, palette: Palette | None = None) -> None:
        """Take the session to show, and colours and characters that the terminal can show."""
        self.palette = palette or Palette()
        # Textual would turn colours into greys, in which a heatmap has no signs, and would
        # believe in sizes that are not the terminal's.
        for name in ("NO_COLOR", "COLUMNS", "LINES"):
            os.environ.pop(name, None)
        super().__init__(driver_class=TerminalDriver)
        self.session = session
        self.leaving = Leaving(session)
        for dark in (True, False):
            self.register_theme(theme(replace(self.palette, dark=dark)))
        self.theme = theme(self.palette).name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the variables of the style sheets, for themes that are not ours."""
        return theme_variables(self.palette)

    def get_default_screen(self) -> Screen[None]:
        """Return the main screen."""
        return MainScreen(self.session)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what changes colours last: nothing where the terminal can show all of them."""
        filters = super().get_line_filters()
        if self.palette.mode is ColourMode.TRUE:
            return [one for one in filters if not isinstance(one, ANSIToTruecolor)]
        return filters

    def on_mount(self) -> None:
        """Listen for what concerns the whole program, and spare it the garbage collector."""
        self.leaving.attach(self.exit)
        # At once, since this process is stopped before it could handle a message.
        self.app_suspend_signal.subscribe(self, self._hold, immediate=True)
        self.app_resume_signal.subscribe(self, self._let_go)
        self.call_after_refresh(_settle)

    def exit(
        self,
        result: int | None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        """Leave. The run is ended at the same time, so that nothing here waits for the script."""
        self.leaving.begin()
        super().exit(result, return_code, message)

    def action_switch_theme(self) -> None:
        """Change between the dark and the light theme."""
        self.palette = replace(self.palette, dark=not self.palette.dark)
        self.theme = theme(self.palette).name

    def _hold(self, _: object) -> None:
        self.session.hold(held=True)

    def _let_go(self, _: object) -> None:
        self.session.hold(held=False)


def _settle() -> None:
    gc.collect()
    gc.freeze()


def palette_for(environ: Mapping[str, str]) -> Palette:
    """Return the colours and characters that the terminal described by ``environ`` can show.

    ``NO_COLOR`` and the locale are heeded; the ground is dark unless ``COLORFGBG`` says light.
    """
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    return Palette(
        dark=ground not in {"7", "15"},
        mode=detect_mode(Console().color_system, no_color=bool(environ.get("NO_COLOR"))),
        charset=detect_charset(environ),
    )


def run(session: Session) -> int:
    """Show ``session`` until the user leaves; close it and return the exit code for the shell.

    The terminal is as it was before, and nothing of the run is left, however this ends.
    """
    app = GradscopeApp(session, palette_for(os.environ))
    with app.leaving.heeding_signals():
        try:
            code = app.run()
        finally:
            app.leaving.finish()
    if app.leaving.code is not None:
        return app.leaving.code
    return app.return_code or 0 if code is None else code
