"""The tie to the parent: its end of the socket, and an end of the child when it is gone."""

import fcntl
import os
import signal
import sys


def take_over(inherited: int) -> int:
    """Return the parent's descriptor under a high number, closed for programs that we start.

    The low numbers stay free, so that files the script opens get those they get without us.

    Raises:
        OSError: ``inherited`` is not an open descriptor.
    """
    limit = os.sysconf("SC_OPEN_MAX")
    lowest = min(limit, 1024) // 2 if limit > 0 else 512
    high = fcntl.fcntl(inherited, fcntl.F_DUPFD_CLOEXEC, lowest)
    os.close(inherited)
    return high


def follow_parent() -> None:
    """Ask for SIGINT when the parent dies, so that ``finally`` blocks run as after Ctrl+C.

    SIGTERM instead where SIGINT is ignored, as in jobs that a shell runs in the background. Only
    Linux can do this; elsewhere the end of the socket and of the terminal must do.
    """
    if sys.platform != "linux":
        return
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    parent = os.getppid()
    try:
        import ctypes

        set_parent_death_signal = 1
        chosen = signal.SIGTERM if ignored else signal.SIGINT
        ctypes.CDLL(None).prctl(set_parent_death_signal, int(chosen), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return
    if os.getppid() != parent:  # it died in between, and the signal with it
        os.kill(os.getpid(), chosen)


def adopt_terminal() -> None:
    """Make the terminal on standard input, if it is one, that of the session which we lead.

    The first terminal that a session's leader opens becomes the session's own: for ctrl+C, for
    ``/dev/tty``, and for the SIGHUP when the parent closes it.
    """
    if os.getsid(0) == os.getpid() and os.isatty(0):
        try:
            os.close(os.open(os.ttyname(0), os.O_RDWR))
        except OSError:
            return
