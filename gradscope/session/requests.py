"""Questions to a stopped script, and what a recording can answer in its place."""

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from gradscope.core.commands import Command, Evaluate, ReadTensor, Slice
from gradscope.core.events import Answer
from gradscope.core.tensors import TensorData
from gradscope.core.words import Role, When
from gradscope.recording import Recording
from gradscope.session.source import SessionError

_SECONDS = 10.0

Send = Callable[[Command], None]


class Requests:
    """Matches answers to the questions that threads wait with."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._numbers = itertools.count(1)
        self._open: dict[int, Future[Answer]] = {}

    def tensor(self, role: Role, name: str, when: When, index: Sequence[Slice]) -> ReadTensor:
        """Return a new request for elements of a tensor."""
        return ReadTensor(next(self._numbers), role, name, when, list(index))

    def ask(self, wanted: ReadTensor, send: Send) -> TensorData | None:
        """Return the elements; None if the tensor is None.

        Raises:
            SessionError: There are none, or no answer came in time.
        """
        answer = self._await(wanted, wanted.request, send, _SECONDS)
        if not answer.absent and answer.data is None:
            raise SessionError(answer.problem)
        return answer.data

    def evaluate(self, expression: str, send: Send) -> str:
        """Return the repr of an expression, however long the script takes for it.

        Raises:
            SessionError: It raised.
        """
        number = next(self._numbers)
        answer = self._await(Evaluate(number, expression), number, send, None)
        if answer.problem:
            raise SessionError(answer.problem)
        return answer.text

    def answer(self, answer: Answer) -> None:
        """Pass an answer on to whoever waits for it."""
        future = self._open.pop(answer.request, None)
        if future is not None:
            future.set_result(answer)

    def fail(self, problem: str) -> None:
        """Tell all who wait that no answer will come."""
        while self._open:
            _, future = self._open.popitem()
            future.set_exception(SessionError(problem))

    def _await(self, command: Command, number: int, send: Send, seconds: float | None) -> Answer:
        future: Future[Answer] = Future()
        self._open[number] = future
        send(command)
        try:
            return future.result(seconds)
        except TimeoutError:
            raise SessionError(f"{self._script} gave no answer in {seconds:.0f} s") from None
        finally:
            self._open.pop(number, None)


def kept_tensor(recording: Recording, cursor: int | None, wanted: ReadTensor) -> TensorData | None:
    """Return elements of a tensor that were captured at a moment; None if the tensor was None.

    Raises:
        SessionError: They were not captured.
    """
    if cursor is None:
        raise SessionError("there is no moment yet")
    data = recording.tensor(cursor, wanted)
    if data is not None:
        return data
    measured = recording.measurement(wanted.role, wanted.name, cursor)
    if measured is None or measured[0] != cursor or measured[1].stats is not None:
        raise SessionError(
            f"the elements of the {wanted.role.value} {wanted.name} were not captured here"
        )
    return None
