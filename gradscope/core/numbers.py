"""Numbers as people read them: four significant digits, signs and exponents that align."""

import math

MINUS = "−"
THOUSANDS_GAP = "\xa0"
"""A space at which no line is broken."""


def format_number(value: float | None, *, signed: bool = False, ascii_only: bool = False) -> str:
    """Return ``value`` with four significant digits: ``0.1756``, ``12.35``, ``5.0e−5``.

    Magnitudes from 0.001 up to 100,000 are written out, others with a two-digit mantissa. A
    true minus sign is used unless ``ascii_only``; ``signed`` puts a plus before positive
    numbers. None is ``–``, a number that is not known.
    """
    text = _format(value, signed=signed)
    return text.replace("–", "-").replace(MINUS, "-") if ascii_only else text


def _format(value: float | None, *, signed: bool) -> str:
    if value is None:
        return "–"
    if math.isnan(value):
        return "NaN"
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    size = abs(value)
    if math.isinf(size):
        return f"{sign}Inf"
    if size == 0:
        return "0"
    if size < 0.000_999_95 or size >= 99_999.5:
        mantissa, exponent = f"{size:.1e}".split("e")
        power = int(exponent)
        return f"{sign}{mantissa}e{MINUS if power < 0 else ''}{abs(power)}"
    digits = 4 if size < 9.999_95 else 2 if size < 99.995 else 1 if size < 999.95 else 0
    return f"{sign}{size:.{digits}f}"


def format_count(value: int, *, ascii_only: bool = False) -> str:
    """Return an integer with its thousands set apart: ``145 578``, or ``145,578`` if ASCII."""
    return f"{value:,}" if ascii_only else f"{value:,}".replace(",", THOUSANDS_GAP)


def format_seconds(seconds: float) -> str:
    """Return a duration as ``0.08 ms``, ``11.84 ms``, ``1.25 s`` or ``2 min 05 s``."""
    if seconds < 1:
        return f"{seconds * 1e3:.2f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
