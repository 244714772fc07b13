"""The batch that the model sees."""

from collections.abc import Sequence
from typing import ClassVar, Unpack

import numpy as np
import numpy.typing as npt
from textual.binding import Binding, BindingType
from textual.strip import Strip

from gradscope.core.events import Preview
from gradscope.core.numbers import format_count, format_number
from gradscope.tui.draw.batch import Grid, draw_pictures, draw_rows, label_texts, picture_grid
from gradscope.tui.draw.image import display_range
from gradscope.tui.draw.palette import Palette, Tone
from gradscope.tui.draw.text import printable, row
from gradscope.tui.widgets.pane import Options, Pane


class BatchPane(Pane):
    """The first samples of a batch: pictures with labels beneath, or rows."""

    KEY = "6"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup,left,up", "page(-1)", "earlier samples", show=False),
        Binding("pagedown,right,down", "page(1)", "later samples", show=False),
        Binding("home", "page(-1_000_000)", "first samples", show=False),
    ]

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self._previews: tuple[Preview, ...] = ()
        self._iteration: int | None = None
        self._first = 0

    def on_mount(self) -> None:
        """Name the pane before there is a batch."""
        super().on_mount()
        self._update()

    def on_resize(self) -> None:
        """Say which samples fit now."""
        self._update()

    def show(self, previews: Sequence[Preview], iteration: int | None = None) -> None:
        """Show the fields of one batch."""
        self._previews, self._iteration = tuple(previews), iteration
        self._first = 0
        self._update()

    def _main(self) -> Preview | None:
        """Return the field to show: pictures, or else rows."""
        for kind in ("images", "rows"):
            for preview in self._previews:
                if preview.kind == kind and preview.data is not None:
                    return preview
        return None

    def _labels(self) -> npt.NDArray[np.generic] | None:
        return next(
            (
                preview.data.array
                for preview in self._previews
                if preview.kind == "labels" and preview.data is not None
            ),
            None,
        )

    def draw(self, width: int, height: int, palette: Palette) -> list[Strip]:
        """Return the samples from the first that is shown, or what the fields are."""
        main = self._main()
        if main is None or main.data is None:
            return self._fields(width, palette)[:height]
        samples = main.data.array
        labels = self._label_texts(len(samples))
        first = self._hold(len(samples))
        if main.kind == "images":
            grid = self._grid(samples)
            return draw_pictures(samples[first:], labels[first:], grid, width, palette)[:height]
        return draw_rows(samples[first:], labels[first:], first, width, palette)[:height]

    def _label_texts(self, count: int) -> list[str]:
        """Return the labels of the samples, none where there are fewer than ``count``."""
        labels = label_texts(self._labels())
        return labels if len(labels) >= count else []

    def _grid(self, samples: npt.NDArray[np.generic]) -> Grid:
        high, wide = samples.shape[2:]
        lines = 1 if self._label_texts(len(samples)) else 0
        size = (self.size.width, self.size.height)
        return picture_grid((high, wide), len(samples), size, lines)

    def _per_page(self) -> int:
        """Return how many samples fit."""
        main = self._main()
        if main is not None and main.data is not None and main.kind == "images":
            return self._grid(main.data.array).count
        return max(1, self.size.height - 1)

    def _hold(self, count: int) -> int:
        """Return the first sample to show, held where a page begins inside the batch."""
        page = self._per_page()
        self._first = min(max(self._first, 0), max(count - 1, 0) // page * page)
        return self._first

    def _fields(self, width: int, palette: Palette) -> list[Strip]:
        dim, text = palette.style(Tone.DIM), palette.style(Tone.TEXT)
        if not self._previews:
            return [row(width, [("no batch yet", dim)], text)]
        return [
            row(
                width,
                [
                    (f"{printable(preview.name)}  ", text),
                    (f"{_shape(preview, palette)} {preview.dtype}", dim),
                ],
                text,
            )
            for preview in self._previews
        ]

    def _update(self) -> None:
        palette, main = self.palette, self._main()
        title = "Batch"
        if self._iteration is not None:
            title += f" of iteration {format_count(self._iteration, ascii_only=palette.ascii)}"
        parts = []
        if main is not None and main.data is not None:
            samples = main.data.array
            first = self._hold(len(samples))
            last = min(first + self._per_page(), len(samples))
            dash = palette.glyph("–", "-")
            total = format_count(main.shape[0], ascii_only=palette.ascii)
            if last - first < main.shape[0]:
                parts.append(f"{first + 1}{dash}{last} of {total}")
            if main.kind == "images":
                black, white = (_plain(value, palette) for value in display_range(samples))
                parts.append(f"black {black}, white {white}")
            parts.append(f"{_shape(main, palette)} {main.dtype}")
        self.set_titles(title, palette.glyph(" · ", " - ").join(parts))
        self.changed()

    def action_page(self, pages: int) -> None:
        """Show later or earlier samples."""
        self._first += pages * self._per_page()
        self._update()


def _plain(value: float, palette: Palette) -> str:
    return (
        str(int(value)) if value in {0, 1, 255} else format_number(value, ascii_only=palette.ascii)
    )


def _shape(preview: Preview, palette: Palette) -> str:
    return palette.glyph("×", "x").join(map(str, preview.shape)) or "scalar"
