"""The health of one parameter, at a glance."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a parameter is doing."""

    OK = "ok"
    WATCH = "watch"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Health:
    """A level and its reason in a few words ('' where all is well)."""

    level: Level
    reason: str
