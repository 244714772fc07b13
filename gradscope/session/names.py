"""The names of expressions, at the moment that a session shows."""

from collections.abc import Sequence

from gradscope.core.commands import Slice
from gradscope.core.events import Moment
from gradscope.core.expressions import Scalar
from gradscope.core.lookups import ScalarValue
from gradscope.core.tensors import Measurement, TensorData
from gradscope.core.words import Phase, Role, When
from gradscope.recording import RecordingError
from gradscope.session.source import Session, SessionError

_WRITERS = {
    Role.WEIGHT: {Phase.STEP, Phase.MANUAL},
    Role.GRAD: {Phase.ZERO_GRAD, Phase.BACKWARD, Phase.CLIP, Phase.UNSCALE, Phase.MANUAL},
    Role.UPDATE: {Phase.STEP},
    Role.ACTIVATION: {Phase.FORWARD, Phase.EVALUATE},
    Role.GRAD_OUTPUT: {Phase.BACKWARD},
    Role.STATE: {Phase.STEP},
}
"""Phases that may change a tensor, after which what was measured of it before is old."""
_REACH = 64


def parameter_names(session: Session) -> list[str]:
    """Return the fqns of all parameters, in model order."""
    models = session.recording.models()
    return [parameter.fqn for model in models for parameter in model.parameters]


def module_names(session: Session) -> list[str]:
    """Return the fqns of all modules, in model order; '' is the root."""
    models = session.recording.models()
    return [module.fqn for model in models for module in model.modules]


def state_names(session: Session) -> list[str]:
    """Return the names of optimizer states that were measured, ``FQN:momentum_buffer``."""
    at = session.cursor
    return [] if at is None else list(session.recording.measurements(Role.STATE, at))


class MomentNames:
    """Values at the moment where the session's cursor is."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._recording = session.recording
        self._moment = session.recording.latest_moment(session.cursor)

    def scalar(self, name: Scalar) -> ScalarValue:
        """Return a value of the moment; None before the first moment."""
        moment = self._moment
        if moment is None:
            return None
        if name is Scalar.LINE:
            return None if moment.line is None else moment.line.line
        if name is Scalar.PHASE:
            return str(moment.phase)
        value: ScalarValue = getattr(moment, name)
        return value

    def known(self, role: Role) -> Sequence[str]:
        """Return the names that the models have; states are known to the child alone."""
        if role is Role.STATE:
            return []
        if role in {Role.ACTIVATION, Role.GRAD_OUTPUT}:
            return module_names(self._session)
        return parameter_names(self._session)

    def measured(self, role: Role, name: str) -> Measurement | None:
        """Return the latest measurement unless something may have changed the tensor since."""
        if self._moment is None:
            return None
        found = self._recording.measurement(role, name, self._moment.seq)
        if found is None or self._written_since(role, found[0], self._moment):
            return None
        return found[1]

    def _written_since(self, role: Role, since: int, moment: Moment) -> bool:
        seq: int | None = moment.seq
        for _ in range(_REACH):
            if seq is None or seq <= since:
                return False
            between = self._recording.moment(seq)
            if between is None or between.phase in _WRITERS[role]:
                return True
            seq = self._recording.neighbour(seq, forward=False)
        return True

    def tensor(self, role: Role, name: str, index: Sequence[Slice]) -> TensorData | None:
        """Return elements, read from the recording or from the paused script.

        Raises:
            LookupError: They were not kept, or do not exist.
        """
        try:
            return self._session.read_tensor(role, name, When.AFTER, index)
        except (SessionError, RecordingError) as error:
            raise LookupError(str(error)) from None
