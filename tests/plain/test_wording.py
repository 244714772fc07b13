import io
import json
import math

import pytest

from gradscope.plain.chart import draw_curve
from gradscope.plain.wording import ascii_only, plain_text
from gradscope.plain.writer import JsonWriter, TextWriter
from gradscope.session.language import Reply


def stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)


def written(text: io.TextIOWrapper) -> bytes:
    text.flush()
    assert isinstance(text.buffer, io.BytesIO)
    return text.buffer.getvalue()


@pytest.fixture(autouse=True)
def locale(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")


@pytest.mark.parametrize(
    ("variable", "value", "encoding", "expected"),
    [
        ("LANG", "de_DE.UTF-8", "utf-8", False),
        ("LC_ALL", "C", "utf-8", True),
        ("LC_CTYPE", "POSIX", "utf-8", True),
        ("LANG", "en_US.UTF-8", "ascii", True),
        ("LANG", "en_US.UTF-8", "latin-1", True),
    ],
)
def test_the_locale_decides(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, encoding: str, *, expected: bool
) -> None:
    monkeypatch.setenv(variable, value)
    assert ascii_only(stream(encoding)) is expected


def test_signs_become_words_and_ascii() -> None:
    text = "‖g‖ 0.83, 2×3, −1.5 → …"
    assert plain_text(text, ascii_only=False) == "norm 0.83, 2×3, −1.5 → …"
    assert plain_text(text, ascii_only=True) == "norm 0.83, 2x3, -1.5 -> ..."


def test_text_keeps_answers_apart_from_what_the_script_prints() -> None:
    out, err = stream("utf-8"), stream("utf-8")
    writer = TextWriter(out, err)
    writer.output("out", b"half a line")
    writer.answer("next", Reply("iteration 1"))
    writer.output("err", b"caf\xe9\n")
    writer.output("out", b"a line\n")
    writer.problem("nxt", "there is no command")
    writer.answer("input x", Reply(""))
    assert written(out) == b"half a line\niteration 1\na line\nerror: there is no command\n"
    assert written(err) == b"caf\xe9\n"


def test_text_in_an_ascii_locale() -> None:
    out = stream("ascii")
    TextWriter(out, out).answer("show", Reply("2×3, lr −1, 学"))
    assert written(out) == b"2x3, lr -1, ?\n"


def test_json_is_one_object_a_line_with_strings_for_nan() -> None:
    out = stream("utf-8")
    writer = JsonWriter(out)
    writer.answer("", Reply("stopped", {"loss": math.nan}))
    writer.answer("plot", Reply("a\nb", {"values": [1.5, math.inf, -math.inf], "at": (1, None)}))
    writer.output("out", b"caf\xc3")
    writer.output("err", b"!")
    writer.output("out", b"\xa9 \xff")
    writer.problem("x", "no")
    writer.end("train.py exited with code 3", 3, told=True)
    assert [json.loads(line) for line in written(out).decode().splitlines()] == [
        {"event": "stop", "text": "stopped", "data": {"loss": "NaN"}},
        {
            "event": "answer",
            "command": "plot",
            "text": "a\nb",
            "data": {"values": [1.5, "Inf", "-Inf"], "at": [1, None]},
        },
        {"event": "output", "stream": "out", "text": "caf"},
        {"event": "output", "stream": "err", "text": "!"},
        {"event": "output", "stream": "out", "text": "é �"},
        {"event": "error", "command": "x", "message": "no"},
        {"event": "end", "code": 3, "problem": "train.py exited with code 3"},
    ]


def test_a_curve_is_ascii_with_both_axes_labelled() -> None:
    lines = draw_curve("loss", [1, 2, 3, 4], [4.0, 3.0, math.nan, 1.0], width=40, height=12)
    assert lines.isascii()
    assert "\x1b" not in lines
    rows = lines.splitlines()
    assert len(rows) == 12
    assert rows[0].strip() == "loss"
    assert "iteration" in rows[-1]
    assert rows[-2].split() == ["1", "2", "3", "4"]
    assert rows[2].startswith("4.0")
    assert rows[2].rstrip("| ").endswith("*")
    assert max(len(row) for row in rows) <= 40


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf, math.nan]])
def test_a_curve_without_a_number_is_not_drawn(values: list[float]) -> None:
    assert draw_curve("loss", list(range(len(values))), values) == ""


def test_a_curve_of_one_point_and_of_many() -> None:
    assert "*" in draw_curve("lr", [7], [0.1])
    many = [math.sin(place / 500) for place in range(100_000)]
    many[70_000] = 50.0
    drawn = draw_curve("loss", list(range(100_000)), many, width=60, height=15)
    assert "*" in drawn.splitlines()[2]
