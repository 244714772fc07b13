"""What the current phase did, in words."""

from typing import Unpack

from rich.cells import cell_len
from rich.style import Style
from textual.content import Content
from textual.strip import Strip

from gradscope.core.words import Phase
from gradscope.explain.words import Description
from gradscope.tui.draw.palette import Palette, Tone, tone_of
from gradscope.tui.draw.text import fit, plain, printable, row
from gradscope.tui.draw.wrap import wrap
from gradscope.tui.widgets.pane import Options, Pane


class FactsPane(Pane):
    """Labels and texts with real numbers, and the sentence that says it all."""

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self._description: Description | None = None

    def show(self, description: Description | None, phase: Phase | None = None) -> None:
        """Show what ``phase`` did; None where nothing has happened yet."""
        if phase is None:
            title = Content("What happened")
        else:
            tone = tone_of(phase)
            actor = "the script" if phase is Phase.MANUAL else str(phase)
            title = Content.assemble("What ", (actor, f"${tone}"), " did")
        self.set_titles(title, "enter explains" if description else "")
        if description != self._description:
            self._description = description
            self.changed()

    def draw(self, width: int, height: int, palette: Palette) -> list[Strip]:
        """Return the sentence and then the rows, as many as fit."""
        blank = palette.style(Tone.TEXT)
        if self._description is None:
            return [row(width, [("nothing yet", palette.style(Tone.DIM))], blank)]
        sentence = wrap(_text(self._description.sentence, palette), width)
        hot = palette.style(Tone.HOT)
        strips = [row(width, [(line, hot)], blank) for line in sentence]
        rows = self._rows_of(self._description, width, palette)
        if len(strips) + len(rows) < height and strips and rows:
            strips.append(Strip.blank(width, blank))
        return [*strips, *rows][:height]

    @staticmethod
    def _rows_of(description: Description, width: int, palette: Palette) -> list[Strip]:
        label_width = min(
            max((cell_len(_text(line.label, palette)) for line in description.rows), default=0) + 2,
            12,
        )
        dim, blank = palette.style(Tone.DIM), palette.style(Tone.TEXT)
        strips = []
        for line in description.rows:
            style: Style = palette.style(Tone.TEXT if line.role is None else tone_of(line.role))
            pieces = wrap(_text(line.text, palette), width - label_width) or [""]
            for number, piece in enumerate(pieces):
                label = _text(line.label, palette) if number == 0 else ""
                strips.append(row(width, [(fit(label, label_width), dim), (piece, style)], blank))
        return strips


def _text(text: str, palette: Palette) -> str:
    return plain(printable(text)) if palette.ascii else printable(text)
