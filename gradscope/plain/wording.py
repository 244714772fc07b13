"""Text for terminals, pipes and screen readers: no more signs than the locale can show."""

import os
from typing import TextIO

from gradscope.core.numbers import THOUSANDS_GAP

_ASCII = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "×": "x",
        "→": "->",
        "±": "+-",
        "∂": "d",
        "Δ": "d",
        "σ": "std",
        "…": "...",
        "≈": "~",
        "·": ".",
    }
)


def ascii_only(stream: TextIO) -> bool:
    """Tell whether only ASCII can be written to ``stream`` in this locale."""
    for variable in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            if value in {"C", "POSIX"}:
                return True
            break
    try:
        "−×→".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def plain_text(text: str, *, ascii_only: bool) -> str:
    """Return ``text`` in words where signs would be read aloud, and in ASCII where asked."""
    text = text.replace("‖g‖", "norm").replace("‖", "").replace(THOUSANDS_GAP, ",")
    return text.translate(_ASCII) if ascii_only else text
