import pytest

from gradscope.tui.draw.output import draw_line
from gradscope.tui.draw.palette import ColourMode, Palette, Tone
from gradscope.tui.draw.scrollback import LONGEST_LINE, Line, Scrollback


def shown(data: bytes | list[bytes], limit: int = 100) -> list[str]:
    lines = Scrollback(limit)
    for piece in [data] if isinstance(data, bytes) else data:
        lines.feed(piece)
    return [
        draw_line(lines.line(number), 30, 0, Palette()).text.rstrip()
        for number in range(lines.first, lines.end)
    ]


def test_lines_come_in_any_pieces() -> None:
    whole = "größer\r\nzwei ✓\n\nend".encode()
    expected = ["größer", "zwei ✓", "", "end"]
    assert shown(whole) == expected
    assert shown([whole[place : place + 1] for place in range(len(whole))]) == expected


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert shown(b"a\xff\xfeb\n") == ["a��b", ""]
    assert shown([b"\xe2\x9c", b"(\n"]) == ["�(", ""]


def test_progress_bars_write_over_their_line() -> None:
    assert shown(b" 10%|#    |\r 55%|###  |\r100%|#####|\n") == ["100%|#####|", ""]
    assert shown([b"\r 9 of 10", b"\r10 of 10", b"\ndone"]) == ["10 of 10", "done"]
    assert shown(b"longer text\rabc") == ["abcger text"]
    assert shown(b"longer text\r\x1b[Kabc") == ["abc"]
    assert shown(b"longer\x1b[2K\rabc") == ["abc"]
    assert shown(b"12\b34") == ["134"]


def test_nested_progress_bars_go_up_and_down() -> None:
    bars = [b"outer 1\n", b"inner 1\x1b[A", b"\router 2\n", b"\rinner 2\x1b[A", b"\n\ndone\n"]
    assert shown(bars) == ["outer 2", "inner 2", "done", ""]


def test_colours_are_kept_also_over_line_ends() -> None:
    lines = Scrollback(10)
    lines.feed(b"\x1b[31mred\nstill\x1b[0m plain\nplain\n")
    palette = Palette()
    still = draw_line(lines.line(1), 12, 0, palette)
    colours = [(text, style.color.name) for text, style, _ in still if style and style.color]
    assert colours[:2] == [
        ("still", palette.name(Tone.ERROR)),
        (" plain", palette.name(Tone.TEXT)),
    ]
    assert lines.line(2).carried == ""


def test_a_code_broken_in_two_is_put_together() -> None:
    assert shown([b"a\x1b[3", b"1mb\x1b[0m"]) == ["ab"]
    assert shown([b"a\x1b", b"[1mb"]) == ["ab"]


def test_other_codes_are_left_out() -> None:
    assert shown(b"\x1b]0;title\x07a\x1b[?25lb\x1b[5;5Hc") == ["abc"]
    assert shown(b"a\x07b\x00c") == ["a�b�c"]


def test_only_the_newest_lines_are_kept_and_keep_their_numbers() -> None:
    lines = Scrollback(5)
    for number in range(100):
        lines.feed(f"{number}\n".encode())
    assert (lines.first, lines.end) == (96, 101)
    assert lines.line(96).text == "96"
    with pytest.raises(IndexError):
        lines.line(95)
    with pytest.raises(IndexError):
        lines.line(101)


def test_a_flood_in_one_piece_counts_the_same() -> None:
    lines = Scrollback(5)
    lines.feed(b"".join(f"{number}\n".encode() for number in range(100)))
    assert (lines.first, lines.end) == (96, 101)
    assert lines.line(99).text == "99"


def test_a_line_without_end_goes_on_in_the_next() -> None:
    lines = Scrollback(5)
    for _ in range(3):
        lines.feed(b"x" * LONGEST_LINE)
    assert lines.end == 3
    assert len(lines.line(1).text) == LONGEST_LINE


def test_long_lines_are_cut_with_a_mark_and_shown_from_any_cell() -> None:
    line = Line("", "0123456789")
    assert draw_line(line, 5, 0, Palette()).text == "0123…"
    assert draw_line(line, 5, 5, Palette()).text == "56789"
    assert draw_line(line, 5, 8, Palette()).text == "89   "
    assert draw_line(Line("", "a\tb"), 12, 0, Palette()).text == "a       b   "


def test_no_colour_keeps_weight_only() -> None:
    strip = draw_line(Line("", "\x1b[1;31mred\x1b[0m"), 3, 0, Palette(mode=ColourMode.NONE))
    (_, style, _) = next(iter(strip))
    assert style is not None
    assert style.bold
    assert style.color is not None
    assert style.color.is_default
