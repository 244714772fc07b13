"""One run of a script: what comes before it, around it and after it."""

import atexit
import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from gradscope.launch.channel import Channel
from gradscope.launch.imports import AfterImport
from gradscope.launch.lifeline import adopt_terminal, follow_parent, take_over
from gradscope.launch.options import parse_options
from gradscope.launch.packing import PROTOCOL, Packable, frame
from gradscope.launch.script import Script, StartError, working_directory
from gradscope.launch.tracebacks import remove_our_frames, render, user_line

if TYPE_CHECKING:
    from gradscope.launch.watch import Watch


def start(words: list[str]) -> "Run":
    """Read the child's command line, greet the parent and get ready to run the script.

    Raises:
        SystemExit: The command line is none that a parent has written.
    """
    options = parse_options(words)
    script = Script(options)
    try:
        channel = Channel(take_over(options.control))
    except OSError as error:
        sys.stderr.write(f"gradscope: descriptor {options.control}: {error.strerror}\n")
        raise SystemExit(2) from None
    adopt_terminal()
    follow_parent()
    script.announce()
    return Run(script, channel)


class Run:
    """Tells the parent of the start and the end of a script, and watches it in between.

    A context manager around the script. An exception that leaves the script goes on with a
    traceback in which gradscope does not occur.
    """

    def __init__(self, script: Script, channel: Channel) -> None:
        self._script = script
        self._channel = channel
        self._process = os.getpid()
        self._watch: Watch | None = None
        self._clean_path = list(sys.path)
        actions: dict[str, Callable[[ModuleType], None]] = {"torch": self._after_torch}
        if script.options.eager:
            from gradscope.launch import compiled

            actions[compiled.CONFIGURATION] = compiled.switch_off
        self._hook = AfterImport(actions)
        os.register_at_fork(after_in_child=self._become_inert)
        self._origin = time.time()
        atexit.register(self._hasten)  # the first to be registered is the last to be called
        self._greet()

    def prepare(self) -> Callable[[], object]:
        """Give ``__main__`` to the script and return the call that runs it.

        What python would not start at all is left to python itself, in this very process.
        """
        try:
            run = self._script.prepare()
        except StartError as problem:
            remove_our_frames(problem.error)
            self._tell_finish("raised", problem.code, problem.error)
            os.execv(sys.executable, sys.orig_argv)  # noqa: S606  # no shell is wanted
        self._hook.install()
        return run

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Tell the end of the script, unless this is a process that the script has forked."""
        if error is not None:
            remove_our_frames(error)
        self._keep_main()
        if os.getpid() != self._process:
            return
        if _other_threads():  # python waits for them before it calls what is registered here
            atexit.register(self._finish, error)
        else:
            self._finish(error)

    def _keep_main(self) -> None:
        left = self._script.left()
        if left:
            atexit.register(vars(sys.modules["__main__"]).update, left)

    def _greet(self) -> None:
        options = self._script.options
        fields: dict[str, Packable] = {
            "protocol": PROTOCOL,
            "pid": self._process,
            "argv": [options.target, *options.arguments],
            "script": options.target,
            "directory": working_directory(),
            "python": sys.version.split()[0],
            "time": self._origin,
        }
        self._channel.send(frame("started", fields))

    def _after_torch(self, torch: ModuleType) -> None:
        """Watch from here on; what we load for it comes from where it would without the script."""
        script_path = list(sys.path)
        sys.path[:] = self._clean_path
        try:
            from gradscope.launch.watch import Watch

            self._watch = Watch(
                self._channel, torch, started=self._origin, eager=self._script.options.eager
            )
        except Exception as error:
            self._notice("Nothing of this run can be watched", error)
        finally:
            sys.path[:] = script_path

    def _notice(self, what: str, error: Exception) -> None:
        text = f"{what}: {type(error).__name__}: {error}"
        self._channel.send(frame("notice", {"text": " ".join(text.split())}))

    def _become_inert(self) -> None:
        """In a process that the script has forked: neither stop nor send."""
        if self._watch is not None:
            self._watch.gate.inert = True
        self._hook.remove()
        self._channel.close()

    def _hasten(self) -> None:
        """Let a script that the user has quit go without a search of all torch for garbage.

        That search takes python a second at its end. Files and whatever else dies with its last
        reference do so still.
        """
        if self._quitting():
            gc.freeze()

    def _quitting(self) -> bool:
        return self._watch is not None and self._watch.gate.quitting

    def _finish(self, error: BaseException | None) -> None:
        if error is None:
            how, code = "returned", 0
        elif isinstance(error, SystemExit):
            how, code = "exited", _exit_code(error.code)
        else:
            how, code = "raised", 130 if type(error) is KeyboardInterrupt else 1
        self._tell_finish("quit" if self._quitting() else how, code, error)

    def _tell_finish(self, how: str, code: int, error: BaseException | None) -> None:
        seen: tuple[Packable, ...] = ("torch" in sys.modules, 0, 0, 0, 0, 0, 0)
        if self._watch is not None:
            try:
                seen = self._watch.finish()
            except Exception as failure:
                self._notice("The end of the run was not watched", failure)
        self._hook.remove()
        printed = error is not None and not isinstance(error, SystemExit)
        fields: dict[str, Packable] = {
            "how": how,
            "code": code,
            "traceback": render(error) if printed and error is not None else "",
            "line": user_line(error) if error is not None else None,
            "seen": seen,
        }
        self._channel.send(frame("finished", fields))


def _exit_code(code: Any) -> int:
    """Return the exit status that the interpreter makes of the code of a SystemExit."""
    if code is None:
        return 0
    if not isinstance(code, int):
        return 1
    return int(code) & 0xFF if -(2**63) <= code < 2**63 else 0xFF


def _other_threads() -> bool:
    """Tell whether python will wait for threads of the script before it shuts down."""
    current = threading.current_thread()
    return any(thread is not current and not thread.daemon for thread in threading.enumerate())
