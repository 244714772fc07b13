"""Answers to what the parent asks at a stop."""

import threading
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Protocol, TypeAlias

from gradscope.core.commands import Evaluate, ReadTensor, Slice
from gradscope.core.events import Answer, Event
from gradscope.core.tensors import TensorData
from gradscope.core.words import Role, When

TEXT_LIMIT = 100_000
"""Characters of a repr that are sent; what is longer ends in an ellipsis."""


Question: TypeAlias = ReadTensor | Evaluate


class Inspector(Protocol):
    """Where the answers come from."""

    def read(self, role: Role, name: str, when: When, index: list[Slice]) -> TensorData | None:
        """Return elements of a tensor, or None where the tensor is None.

        Raises:
            LookupError: There is no such tensor, or it was not kept; IndexError included.
        """

    def frame(self) -> FrameType | None:
        """Return the user's frame at the stop."""


class Questions:
    """Questions that wait for a stop; ``send`` takes the answers."""

    def __init__(self, send: Callable[[Event], None]) -> None:
        self._send = send
        self._waiting: deque[Question] = deque()
        self._thread: int | None = None

    @property
    def being_answered_here(self) -> bool:
        """Whether this thread is at work on an answer, not on the script."""
        return self._thread is not None and self._thread == threading.get_ident()

    def add(self, question: Question) -> None:
        """Let the question wait."""
        self._waiting.append(question)

    def answer_all(self, inspector: Inspector | None) -> None:
        """Answer what waits, in the order asked."""
        while self._waiting:
            question = self._waiting.popleft()
            if inspector is None:
                self._send(Answer(question.request, problem="nothing is watched yet"))
                continue
            self._thread = threading.get_ident()
            try:
                reply = answer(question, inspector)
            finally:
                self._thread = None
            self._send(reply)

    def decline_all(self) -> None:
        """Say that there will be no stop any more."""
        while self._waiting:
            question = self._waiting.popleft()
            self._send(Answer(question.request, problem="the script is over"))


def answer(question: Question, inspector: Inspector) -> Answer:
    """Return the answer; what goes wrong is a problem in one line, never an exception."""
    try:
        if isinstance(question, Evaluate):
            return Answer(question.request, text=_evaluate(question.expression, inspector.frame()))
        data = inspector.read(question.role, question.name, question.when, question.index)
    except LookupError as error:
        is_read = isinstance(question, ReadTensor)
        return Answer(question.request, problem=_text(error) if is_read else _line(error))
    except KeyboardInterrupt:
        return Answer(question.request, problem="interrupted")
    except BaseException as error:
        return Answer(question.request, problem=_line(error))
    return Answer(question.request, data=data, absent=data is None)


def _evaluate(expression: str, frame: FrameType | None) -> str:
    """Return the repr of the expression's value in ``frame``, whose names it cannot rebind."""
    if frame is None:
        raise RuntimeError("no line of the script is on the stack here")
    names = {**frame.f_globals, **frame.f_locals}
    code = compile(expression.strip(), "<expression>", "eval", dont_inherit=True)
    text = repr(eval(code, names))  # noqa: S307  # the user's own expression in the user's script
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + "…"


def _text(error: LookupError) -> str:
    """Return the message itself; str() of a KeyError would be its repr."""
    return " ".join(str(error.args[0] if error.args else error).split())


def _line(error: BaseException) -> str:
    """Return type and message, in one line as python ends a traceback."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg}"
    try:
        message = " ".join(str(error).split())
    except Exception:
        message = ""
    name = type(error).__name__
    return f"{name}: {message}" if message else name
