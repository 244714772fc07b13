from pathlib import Path

import pytest

from gradscope.core.events import Ended, Event, Finished, Seen
from gradscope.recording import Recording
from gradscope.session.ending import describe_end, exception_line

TRAINED = Seen(
    torch_imported=True, models=1, forwards=9, backwards=9, optimizers=1, optimizer_steps=9
)
CHAINED = """\
Traceback (most recent call last):
  File "t.py", line 2, in <module>
    {}["x"]
    ~~^^^^^
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "t.py", line 4, in <module>
    raise RuntimeError("shapes differ:\\n(2, 3)\\n(3,)")
RuntimeError: shapes differ:
(2, 3)
(3,)
"""


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([], "the recording of t.py breaks off before its end"),
        ([Finished("returned", 0, "", None, TRAINED), Ended(0)], "t.py ended"),
        ([Finished("returned", 0, "", None, TRAINED)], "t.py ended"),
        ([Finished("exited", 0, "", None, TRAINED), Ended(0)], "t.py ended"),
        ([Finished("exited", 3, "", None, TRAINED), Ended(3)], "t.py exited with code 3"),
        ([Finished("quit", 0, "", None, TRAINED), Ended(0)], "t.py was ended on request"),
        (
            [Finished("raised", 1, CHAINED, None, TRAINED), Ended(1)],
            "t.py raised RuntimeError: shapes differ:",
        ),
        (
            [Finished("returned", 0, "", None, TRAINED), Ended(-11)],
            "t.py was killed by signal 11 (SIGSEGV); native code crashed",
        ),
        ([Ended(-2)], "t.py was interrupted"),
        (
            [Finished("raised", 130, "Traceback …\nKeyboardInterrupt\n", None, TRAINED), Ended(-2)],
            "t.py was interrupted",
        ),
        ([Ended(-15)], "t.py was killed by signal 15 (SIGTERM)"),
        ([Ended(-64)], "t.py was killed by signal 64 (SIGRTMAX)"),
        ([Ended(-99)], "t.py was killed by signal 99"),
        ([Ended(7)], "t.py exited with code 7"),
        ([Ended(0)], "t.py ended"),
        (
            [Finished("returned", 0, "", None, Seen()), Ended(0)],
            "t.py ended without training: it never imported torch",
        ),
        (
            [Finished("returned", 0, "", None, Seen(torch_imported=True)), Ended(0)],
            (
                "t.py ended without training: it imported torch, built no model, ran no forward,"
                " built no optimizer, fetched no batch and never called backward"
            ),
        ),
        (
            [
                Finished("returned", 0, "", None, Seen(True, 1, 3, 0, 2, 0, 1)),  # noqa: FBT003
                Ended(0),
            ],
            (
                "t.py ended without training: it imported torch, ran 3 forwards,"
                " built 2 optimizers, fetched 1 batch and never called backward"
            ),
        ),
    ],
)
def test_how_a_run_ended(tmp_path: Path, events: list[Event], text: str) -> None:
    recording = Recording.create(tmp_path / "r")
    for event in events:
        recording.append(event)
    assert describe_end("t.py", recording) == text
    recording.close()


def test_the_exception_is_found_in_odd_tracebacks() -> None:
    assert exception_line("") == "an exception"
    assert exception_line("KeyboardInterrupt\n") == "KeyboardInterrupt"
    assert (
        exception_line('  File "x", line 1\n    (\n    ^\nSyntaxError: no\n') == "SyntaxError: no"
    )
    assert exception_line("  + Exception Group") == "+ Exception Group"
