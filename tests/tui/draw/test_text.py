from rich.style import Style

from gradscope.tui.draw.text import (
    beside,
    fit,
    format_narrow,
    measure,
    plain,
    printable,
    row,
    spread,
)
from gradscope.tui.draw.wrap import wrap

S = Style()


def test_fit_pads_and_cuts_by_cells() -> None:
    assert fit("abc", 5) == "abc  "
    assert fit("abc", 5, "right") == "  abc"
    assert fit("abc", 6, "centre") == " abc  "
    assert fit("abcdef", 4) == "abc…"
    assert fit("abcdef", 4, ellipsis="~") == "abc~"
    assert fit("日本語", 5) == "日本…"
    assert fit("日本語", 4) == "日 …"
    assert fit("日本語", 7) == "日本語 "
    assert fit("abc", 0) == ""


def test_printable_keeps_a_line_a_line() -> None:
    assert printable("a\tb") == "a    b"
    assert printable("a\x1b[31m\nb") == "a�[31m�b"
    assert printable("naïve 日本") == "naïve 日本"


def test_plain_writes_signs_in_ascii() -> None:
    assert plain("‖g‖ 0.1 → w − 0.02·v") == "|g| 0.1 -> w - 0.02*v"
    assert plain("5.0e−5 ≈ ±1").isascii()


def test_narrow_numbers_lose_digits_not_meaning() -> None:
    assert format_narrow(5.04e-11, 8) == "5.0e−11"
    assert format_narrow(5.04e-11, 6) == "5e−11"
    assert format_narrow(-5.04e-11, 6, ascii_only=True) == "-5e-11"
    assert format_narrow(5.04e-11, 6, signed=True) == "+5e−11"
    assert format_narrow(0.1756, 6) == "0.1756"
    assert format_narrow(None, 1) == "–"


def test_rows_have_the_width_asked_for() -> None:
    assert row(6, [("ab", S), ("cd", S)], S).text == "abcd  "
    assert row(3, [("ab", S), ("cd", S)], S).text == "abc"
    assert measure([("日本", S), ("a", S)]) == 5


def test_spread_lets_the_left_give_way() -> None:
    assert spread(8, [("left", S)], [("r", S)], S).text == "left   r"
    assert spread(5, [("left", S)], [("right", S)], S).text == "right"
    assert spread(3, [("left", S)], [("right", S)], S).text == "ght"
    assert spread(7, [("left", S)], [("right", S)], S).text == "leright"


def test_strips_beside_each_other() -> None:
    assert beside([row(2, [("ab", S)], S), row(2, [("cd", S)], S)], 2, S).text == "ab  cd"


def test_wrap_breaks_at_blanks_and_inside_long_words() -> None:
    assert wrap("backward filled 12 grads", 10) == ["backward", "filled 12", "grads"]
    assert wrap("abcdefghij kl", 4) == ["abcd", "efgh", "ij", "kl"]
    assert wrap("", 5) == []
    assert wrap("日本語", 4) == ["日本", "語"]
