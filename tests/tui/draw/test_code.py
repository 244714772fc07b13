from collections.abc import Callable, Sequence

from textual.strip import Strip

from gradscope.tui.draw.code import coloured_lines, draw_code
from gradscope.tui.draw.palette import Charset, ColourMode, Palette, Tone

StyleMap = Callable[[Sequence[Strip]], list[list[tuple[str, str]]]]

SOURCE = '''for x in loader:
    loss = f(x, 1)  # why
    s = """two
lines"""
'''


def test_lines_match_the_source() -> None:
    lines = coloured_lines(SOURCE)
    assert ["".join(text for text, _ in line) for line in lines] == SOURCE.split("\n")
    assert ("for", Tone.KEYWORD) in lines[0]
    assert ("1", Tone.NUMBER) in lines[1]
    assert ("# why", Tone.DIM) in lines[1]
    assert lines[3][0] == ("lines", Tone.STRING)


def test_current_line_is_marked_in_its_tone(style_map: StyleMap) -> None:
    palette = Palette()
    strips = draw_code(SOURCE, (24, 3), palette, current=2, tone=Tone.GRAD)
    assert [strip.text for strip in strips] == [
        "   1 for x in loader:   ",
        "▶  2     loss = f(x, 1) …"[:23] + "…",
        '   3     s = """two     ',
    ]
    assert style_map(strips)[1][0] == ("▶", palette.name(Tone.GRAD))
    grounds = {style.bgcolor.name for _, style, _ in strips[1] if style and style.bgcolor}
    assert grounds == {palette.mix(Tone.GROUND, 0.16, Tone.GRAD)}


def test_a_window_of_the_file_in_ascii() -> None:
    palette = Palette(mode=ColourMode.NONE, charset=Charset.ASCII)
    strips = draw_code(
        "\n".join("abc" for _ in range(1200)), (10, 2), palette, top=1199, current=1200
    )
    assert [strip.text for strip in strips] == [" 1199 abc ", ">1200 abc "]


def test_broken_source_and_control_characters_are_shown() -> None:
    lines = coloured_lines("def (:\n\tx = '\x1b'\n")
    assert "".join(text for text, _ in lines[0]) == "def (:"
    assert "".join(text for text, _ in lines[1]) == "    x = '�'"
    assert coloured_lines("") == ((),)
