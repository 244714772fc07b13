"""The main screen: its handlers join a session to the panes."""

from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.geometry import Size
from textual.timer import Timer

from gradscope.recording import RecordingError
from gradscope.session.language import COMMANDS
from gradscope.session.source import RunState, Session
from gradscope.tui.actions import bindings, footer
from gradscope.tui.screens.contents import exit_code
from gradscope.tui.screens.controls import Asked, Controls, Said
from gradscope.tui.screens.exact import Cell, Exact, ExactRead, Whole
from gradscope.tui.screens.explain import ExplainScreen
from gradscope.tui.screens.feed import GOING, Changed, Feed
from gradscope.tui.screens.help import HelpScreen
from gradscope.tui.screens.paned import PanedScreen
from gradscope.tui.screens.panes import Panes
from gradscope.tui.widgets import LayerTree, PhaseBar, TensorPane
from gradscope.tui.widgets.answer import AnswerPanel
from gradscope.tui.widgets.key_bar import KeyBar
from gradscope.tui.widgets.prompt import Asks, Prompt


class MainScreen(PanedScreen):
    """All panes of one session."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._state: RunState | None = None
        self._timer: Timer | None = None
        self._feed = Feed(session, self)
        self._panes = Panes(self, session)
        self._controls = Controls(self, session)
        self._exact = Exact(self, session)
        self._told: tuple[int, str] = (0, "")

    def completions(self, text: str) -> list[str]:
        """Return the commands that ``text`` could become."""
        return self._controls.completions(text)

    def script_resized(self, size: Size) -> None:
        """Tell the script's terminal how much room its output has."""
        self._session.resize(size.width, size.height)

    def on_mount(self) -> None:
        """Show what is known and listen for more."""
        self.pages.go(1)
        self._feed.start()
        self._paint()

    def on_unmount(self) -> None:
        """Listen no more."""
        self._feed.close()

    @on(Changed)
    def _changed(self) -> None:
        wait = self._feed.wait()
        if wait == 0:
            self._paint()
        elif self._timer is None:
            self._timer = self.set_timer(wait, self._paint)

    def _paint(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._feed.take()
        state = self._session.state
        try:
            with self.app.batch_update():
                moved = self._panes.show()
        except RecordingError as error:
            self._said(Said(str(error), problem=True))
            return
        self.query_one(KeyBar).show(footer(state))
        entered = state is not self._state
        if entered and self._state is not None:
            self.query_one(AnswerPanel).show("")
            # The run goes on ending while a painting looks at it: what was told may be gone now.
            self._told = (self._told[0], "")
        self._state = state
        if state not in GOING and (moved or entered):
            self._read_whole()
            self._controls.stopped()
        failed = exit_code(self._session) != 0 or self._panes.moment is None
        if entered and state is RunState.ENDED and failed:
            self.pages.go(5)
        self._tell()

    def _tell(self) -> None:
        """Say what the child has noticed, and what has become of the run, each once."""
        notices, problem = self._session.recording.notices(), self._session.problem
        known, told = self._told
        self._told = (len(notices), problem)
        text = problem if problem != told else ""
        news = [*notices[known:], *([text] if text else [])]
        if news and self._session.state is not RunState.RECORDED:
            self._said(Said("\n".join(news), problem=bool(text)))

    @on(Said)
    def _said(self, said: Said) -> None:
        self.query_one(AnswerPanel).show(said.text, problem=said.problem)

    @on(Asked)
    def _asked(self, asked: Asked) -> None:
        match asked.what:
            case "leave":
                self.app.exit(exit_code(self._session))
            case "selected":
                self.query_one(LayerTree).select(asked.value)
            case "plot":
                self._panes.plot(asked.value)
            case _:
                raise ValueError(asked.what)

    @on(LayerTree.Selected)
    def _layer_selected(self, event: LayerTree.Selected) -> None:
        self._panes.select(event.fqn)
        self._read_whole()

    @on(PhaseBar.Picked)
    def _phase_picked(self, event: PhaseBar.Picked) -> None:
        self._controls.look(event.mark.seq)
        self._paint()

    @on(TensorPane.CursorMoved)
    def _cursor_moved(self, event: TensorPane.CursorMoved) -> None:
        moment = self._panes.moment
        if moment is not None and self._session.state not in GOING:
            columns = self._panes.columns
            self._exact.cells(moment.seq, event.fqn, columns, event.index, event.kernel)

    @on(ExactRead)
    def _exact_read(self, event: ExactRead) -> None:
        moment = self._panes.moment
        if moment is None or (event.seq, event.fqn) != (moment.seq, self._panes.selected):
            return
        pane = self.query_one(TensorPane)
        match event.item:
            case Whole(role, after, before):
                pane.show_elements(role, after, before)
            case Cell(role, value):
                pane.show_cells(role, value)

    def _read_whole(self) -> None:
        moment, fqn = self._panes.moment, self._panes.selected
        if moment is not None and fqn is not None and self._session.state not in GOING:
            limit = TensorPane.WHOLE_LIMIT
            self._exact.whole(moment.seq, fqn, self._panes.columns, limit)

    @on(Prompt.Edited)
    def _edited(self, event: Prompt.Edited) -> None:
        if event.asks is Asks.FILTER:
            self.query_one(LayerTree).filter(event.text)

    @on(Prompt.Submitted)
    def _submitted(self, event: Prompt.Submitted) -> None:
        self.close_prompt()
        match event.asks:
            case Asks.INPUT:
                self._controls.write_input(event.text + "\n")
            case Asks.COMMAND if event.text.strip():
                self.action_execute(event.text)
            case Asks.GOTO | Asks.RUN if event.text.strip():
                self.action_execute(f"{event.asks.value} {event.text}")
            case _:
                pass

    @on(Prompt.EndOfInput)
    def _end_of_input(self) -> None:
        self.close_prompt()
        self._controls.write_input("\x04")

    @on(Prompt.Left)
    def _left(self, event: Prompt.Left) -> None:
        self.close_prompt()
        if event.asks is Asks.FILTER:
            self.query_one(LayerTree).filter("")

    def action_execute(self, line: str) -> None:
        """Have a line of the command language executed."""
        self.query_one(AnswerPanel).show("")
        self._controls.run(line)

    def action_next_or_pause(self) -> None:
        """Do what space means now."""
        self.action_execute("pause" if self._session.state in GOING else "next")

    def action_pause_or_quit(self) -> None:
        """Do what ctrl+c means now."""
        self._controls.pause_or_quit()

    def action_quit(self) -> None:
        """Leave, after a second press where the script runs."""
        self._controls.quit()

    def action_back(self, iteration: bool) -> None:  # noqa: FBT001  # actions take their arguments by place
        """Look at an earlier moment of a run that is over."""
        self._controls.back(iteration=iteration)
        self._paint()

    def action_flip(self) -> None:
        """Show the tensors after, before, or as their difference."""
        self._panes.turn()
        self._read_whole()

    def action_follow(self) -> None:
        """Let the selected layer follow the moment, or stay."""
        self._said(Said(self._panes.follow()))

    def action_explain(self) -> None:
        """Explain the current moment."""
        moment, description = self._panes.moment, self._panes.description
        if moment is not None and description is not None:
            self.app.push_screen(ExplainScreen(moment.phase, description))

    def action_help(self) -> None:
        """Show every key, command, sign and word."""
        self.app.push_screen(HelpScreen((command.usage, command.summary) for command in COMMANDS))
