"""Text broken into lines at its blanks."""

from rich.cells import cell_len, set_cell_size


def wrap(text: str, width: int) -> list[str]:
    """Return ``text`` in lines of at most ``width`` cells; words that are longer are cut."""
    if width < 1:
        return []
    lines: list[str] = []
    line = ""
    for word in text.split():
        rest = word
        joined = f"{line} {rest}" if line else rest
        if cell_len(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        while cell_len(rest) > width:
            piece = set_cell_size(rest, width).rstrip() or rest[:1]
            lines.append(piece)
            rest = rest[len(piece) :]
        line = rest
    return [*lines, line] if line else lines
