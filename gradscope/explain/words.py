"""What a phase did, in words with the numbers that were measured."""

from dataclasses import dataclass

from gradscope.core.words import Role


@dataclass(frozen=True)
class Row:
    """One line of a description: a short label ('' continues), the text, whose colour it takes."""

    label: str
    text: str
    role: Role | None = None


@dataclass(frozen=True)
class Description:
    """What a moment did: rows to show in a panel, and one plain sentence that says it all."""

    rows: tuple[Row, ...]
    sentence: str
