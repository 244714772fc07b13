"""What watching costs: the same loop alone, running freely under gradscope, and stepped.

The three take turns, so that a machine that slows down slows all of them; a ratio is of two
neighbours in time. "Stepped" stops at the end of every phase, measures all that a stop measures,
and goes on at once, with nobody looking.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from gradscope.core.commands import Resume, Until
from gradscope.session.child import LaunchSpec
from gradscope.session.live import start
from gradscope.session.source import RunState

LOOPS = Path(__file__).parent / "loops.py"
ROUNDS = 5
WARM_UP = 20
ITERATIONS = {"cnn": (100, 20), "mlp": (2000, 200)}  # alone and free, stepped


def main() -> None:
    """Measure both loops and print times and ratios."""
    for kind, (many, few) in ITERATIONS.items():
        times: dict[str, list[float]] = {"alone": [], "free": [], "stepped": []}
        for _ in range(ROUNDS):
            times["alone"].append(alone(kind, many))
            times["free"].append(watched(kind, many, Until.NEVER))
            times["stepped"].append(watched(kind, few, Until.PHASE))
        print(f"{kind}  alone    {spread(times['alone'])} ms an iteration")
        for how in ("free", "stepped"):
            ratios = [one / other for one, other in zip(times[how], times["alone"], strict=True)]
            print(f"{kind}  {how:8} {spread(times[how])} ms, ratio {spread(ratios)}")


def alone(kind: str, iterations: int) -> float:
    """Return the milliseconds of an iteration under python."""
    command = [sys.executable, str(LOOPS), kind, str(WARM_UP), str(iterations)]
    return float(subprocess.check_output(command, text=True))


def watched(kind: str, iterations: int, until: Until) -> float:
    """Return the milliseconds of an iteration under gradscope."""
    arguments = (kind, str(WARM_UP), str(iterations))
    with tempfile.TemporaryDirectory() as folder:
        session = start(
            LaunchSpec(str(LOOPS), args=arguments),
            recording_path=Path(folder) / "cost.gscope",
            terminal=False,
        )
        try:
            while session.wait(100) is RunState.PAUSED:
                session.resume(Resume(until))
            return float(b"".join(chunk.data for chunk in session.recording.output()))
        finally:
            session.close()


def spread(values: list[float]) -> str:
    """Say the median, and the least and most in brackets."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
