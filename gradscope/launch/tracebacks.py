"""Tracebacks as the script's own run would have them."""

import os
from types import TracebackType
from typing import TypeAlias

_OURS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")
_STANDARD = os.path.join(os.path.dirname(os.path.abspath(os.__file__)), "")

Line: TypeAlias = tuple[str, int, str]
"""File, line from 1, and function, as in ``SourceLine``."""


def remove_our_frames(error: BaseException) -> None:
    """Take gradscope's frames out of the tracebacks of ``error`` and of all it leads to.

    Causes, contexts and the members of exception groups are cleaned too.
    """
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        current.__traceback__ = _without_ours(current.__traceback__)
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions


def _without_ours(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and _is_ours(traceback):
        traceback = traceback.tb_next
    step = traceback
    while step is not None:
        following = step.tb_next
        while following is not None and _is_ours(following):
            following = following.tb_next
        if following is not step.tb_next:
            step.tb_next = following
        step = following
    return traceback


def _is_ours(traceback: TracebackType) -> bool:
    return traceback.tb_frame.f_code.co_filename.startswith(_OURS)


def render(error: BaseException) -> str:
    """Return the traceback as python prints it, or a line where printing it fails."""
    try:
        import traceback

        return "".join(traceback.format_exception(error))
    except Exception as failure:
        return f"{type(error).__name__} (printing it raised {type(failure).__name__})\n"


def user_line(error: BaseException) -> Line | None:
    """Return the innermost line of the user's own code that ``error`` passed.

    For a syntax error in the user's code that is the line at fault.
    """
    if isinstance(error, SyntaxError) and error.lineno and _is_users(error.filename or "<"):
        return (error.filename or "", error.lineno, "<module>")
    found: Line | None = None
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if _is_users(code.co_filename):
            found = (code.co_filename, step.tb_lineno or 1, code.co_name)
        step = step.tb_next
    return found


def _is_users(file: str) -> bool:
    elsewhere = (_OURS, _STANDARD, "<")
    return not file.startswith(elsewhere) and not any(
        f"{os.sep}{name}{os.sep}" in file for name in ("site-packages", "dist-packages")
    )
