"""One container, from its start to its removal, and its exit reason."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable
from threading import Event, Lock, Thread

from leanopt_core.executors.docker.engine import Client, is_conflict, is_not_found

KILLED = "killed"

# How long, in seconds: a container may run on after its outputs have closed; the event of its end
# may take to arrive, which is rarely more than some milliseconds; both may take before the engine
# counts as gone.
_RUNNING_ON, _EVENT, _ENGINE_ANSWER = 2.0, 10.0, 15.0
_SIGNALLED, _LAST_SIGNAL = 128, 64


class BackgroundTasks:
    """Requests to the engine that nobody waits for: each in a thread of its own."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._threads: set[Thread] = set()

    def start(self, task: Callable[[], None]) -> None:
        """Run `task` in a thread."""
        # A daemon, so that leanopt's end does not wait for an engine that hangs.
        thread = Thread(target=lambda: self._run(task, thread), name="docker", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def join(self, deadline: float) -> None:
        """Wait until all tasks have ended, until `deadline` in `time.monotonic` seconds."""
        while True:
            with self._lock:
                thread = next(iter(self._threads), None)
            pause = deadline - time.monotonic()
            if thread is None or pause <= 0:
                return
            thread.join(pause)

    def _run(self, task: Callable[[], None], thread: Thread) -> None:
        try:
            task()
        finally:
            with self._lock:
                self._threads.discard(thread)


class Container:
    """A container that runs. Its descriptor closes when it has ended and its exit reason is known.

    Requests to the engine run in the background: no method here waits for one. The first reason to
    end it is its exit reason. `on_removed` is called once it has been removed.

    Only the engine's events tell who ended a container. They come over a connection of their own,
    so the end of the outputs can overtake them. But the event of a kill always precedes that of the
    death. So the exit reason waits for the latter.
    """

    def __init__(
        self,
        client: Client,
        ident: str,
        tasks: BackgroundTasks,
        on_removed: Callable[[Container], None],
        *,
        memory: int | None = None,
    ) -> None:
        self.ident = ident
        #: Whether the engine has nothing of it any more.
        self.removed = False
        #: The exit code, None while it runs or where leanopt ended it.
        self.exit_code: int | None = None
        self._client = client
        self._tasks = tasks
        self._on_removed = on_removed
        self._memory = memory
        self._lock = Lock()
        self._asked_at: float | None = None
        self._outside = False
        self._death_noted = Event()
        self._kill_reason = ""
        self._exit_reason = ""
        self._ended = Event()
        # Sockets, not pipes: a closed socket object refuses to be used, while a closed pipe's
        # number can belong to another file by then.
        self._watched, self._bell = socket.socketpair()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable once the exit reason is known."""
        return self._watched.fileno()

    def exit_reason(self) -> str:
        """Return how it ended, empty while that is not known."""
        return self._exit_reason if self._ended.is_set() else ""

    def outside(self) -> bool | None:
        """Return whether it was ended from outside, None while that is being found out."""
        if self._asked_at is not None and not self._ended.is_set():
            if time.monotonic() - self._asked_at < _ENGINE_ANSWER:
                return None
            self.note_outside()  # an engine that does not answer has gone
        return self._outside

    def note_outside(self) -> None:
        """Note that it was killed, stopped or removed, by somebody else unless leanopt asked."""
        with self._lock:
            if not (self._kill_reason or self._ended.is_set()):
                self._outside = True

    def note_death(self) -> None:
        """Note that it has died, or that no more events about it will come."""
        self._death_noted.set()

    def kill(self, reason: str) -> None:
        """Begin to kill and remove it for this reason, unless it is ending already."""
        with self._lock:
            if self._kill_reason or self._ended.is_set():
                return
            self._kill_reason = reason
        self._death_noted.set()
        self._tasks.start(self._destroy)

    def find_exit_reason(self) -> None:
        """Begin to find out how it ended, after its outputs have closed; then remove it."""
        with self._lock:
            if self._asked_at is not None or self._kill_reason:
                return
            self._asked_at = time.monotonic()
        self._tasks.start(self._find_out)

    def wait(self, seconds: float) -> None:
        """Wait until it has ended and its exit reason is known, so long at most."""
        self._ended.wait(max(0.0, seconds))

    def retry_removal(self) -> None:
        """Begin to remove it where that has failed before."""
        if self._ended.is_set() and not self.removed:
            self._tasks.start(self._remove)

    def close(self) -> None:
        """Close the descriptor."""
        self._watched.close()

    def out_of_memory(self) -> str:
        """Return the exit reason of a container that took too much memory."""
        if self._memory is None:
            return "the machine is out of memory"
        return f"memory limit of {self._memory / 2**20:g} MiB exceeded"

    def _destroy(self) -> None:
        self._remove()
        self._settle("")

    def _find_out(self) -> None:
        self._settle(self._ask_engine())
        self._remove()

    def _settle(self, found: str) -> None:
        """Set the exit reason, once; leanopt's own reason to kill it comes first."""
        with self._lock:
            if self._ended.is_set():
                return
            self._exit_reason = self._kill_reason or found
            self._ended.set()
        self._bell.close()

    def _ask_engine(self) -> str:
        """Return how it ended, by the engine's account."""
        try:
            self.exit_code = self._client.wait(self.ident, timeout=_RUNNING_ON)["StatusCode"]
            state = self._client.inspect_container(self.ident)["State"]
        except Exception as error:  # noqa: BLE001 - in a thread: who watches needs a reason
            if _timed_out(error):
                return "it closed its output and went on running"
            self.note_outside()
            gone = "its container was removed from outside"
            return gone if is_not_found(error) else "the Docker engine went away"
        if state.get("OOMKilled"):
            self._outside = False
            return self.out_of_memory()
        self._death_noted.wait(_EVENT)
        ended = describe(self.exit_code or 0)
        return f"{ended}: its container was ended from outside" if self._outside else ended

    def _remove(self) -> None:
        """Remove it, running or not; `retry_removal` repeats what fails."""
        try:
            self._client.remove_container(self.ident, v=True, force=True)
        except Exception as error:  # noqa: BLE001 - in a thread: nobody could catch it
            if not is_not_found(error) and not is_conflict(error):
                return
        self.removed = True
        self._on_removed(self)


def describe(code: int) -> str:
    """Return an exit code in words: `exit code 3`, `signal 11 (SIGSEGV)`."""
    if not _SIGNALLED < code <= _SIGNALLED + _LAST_SIGNAL:
        return f"exit code {code}"
    try:
        return f"signal {code - _SIGNALLED} ({signal.Signals(code - _SIGNALLED).name})"
    except ValueError:
        return f"exit code {code}"


def _timed_out(error: BaseException) -> bool:
    return "Timeout" in type(error).__name__ or "timed out" in str(error)
