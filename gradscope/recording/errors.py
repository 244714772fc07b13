"""What goes wrong with recordings."""


class RecordingError(Exception):
    """A recording cannot be created, written or read; the message says why, in one line."""
