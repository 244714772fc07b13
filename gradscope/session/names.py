"""The names of expressions, at the moment that a session shows."""

from collections.abc import Sequence

from gradscope.core.commands import Slice
from gradscope.core.expressions import Scalar
from gradscope.core.lookups import ScalarValue
from gradscope.core.tensors import Measurement, TensorData
from gradscope.core.words import Role, When
from gradscope.recording import RecordingError
from gradscope.session.source import Session, SessionError
from gradscope.session.view import still_valid


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
        found = still_valid(self._recording, self._moment, role, self._first_name(name))
        return None if found is None else found[1]

    def _first_name(self, name: str) -> str:
        """Return the name under which a shared parameter is measured."""
        for model in self._recording.models():
            for parameter in model.parameters:
                if parameter.fqn == name:
                    return parameter.shared_with or name
        return name

    def tensor(self, role: Role, name: str, index: Sequence[Slice]) -> TensorData | None:
        """Return elements, read from the recording or from the paused script.

        Raises:
            LookupError: They were not kept, or do not exist.
        """
        try:
            return self._session.read_tensor(role, name, When.AFTER, index)
        except (SessionError, RecordingError) as error:
            raise LookupError(str(error)) from None
