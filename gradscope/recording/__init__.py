"""Keep it: recordings, written while the run goes on and read by every front end."""

from gradscope.recording.errors import RecordingError
from gradscope.recording.output import OutputChunk
from gradscope.recording.recording import Recording
from gradscope.recording.series import Series

__all__ = ["OutputChunk", "Recording", "RecordingError", "Series"]
