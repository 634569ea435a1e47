"""One container, from its start to its removal, and how it came to its end."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable
from threading import Event, Lock

from leanopt_core.executors.docker.engine import Client
from leanopt_core.executors.docker.errands import Errands
from leanopt_core.executors.docker.trouble import absent, conflicting

KILLED = "killed"

# How long, in seconds: a container may take to be over whose outputs have closed; the engine's
# events may take to tell of that, which is rarely more than some milliseconds; all of it may take
# before the engine counts as gone.
_PATIENCE, _TELLING, _ANSWERING = 2.0, 10.0, 15.0
_SIGNALLED, _LAST_SIGNAL = 128, 64


class Container:
    """A container that runs. Its descriptor closes when it is over and its exit reason is known.

    What asks the engine does so in a thread: nothing here waits for it. The first reason to end it
    is its exit reason. `gone` is called once it has been removed.

    Who ended it, only the engine's events tell. They come on a line of their own, maybe after the
    container's has closed; but that it was killed always comes before that it died. So its exit
    reason waits for the latter.
    """

    def __init__(
        self,
        client: Client,
        ident: str,
        errands: Errands,
        gone: Callable[[Container], None],
        *,
        memory: int | None = None,
    ) -> None:
        self.ident = ident
        #: Whether the engine has nothing of it any more.
        self.removed = False
        #: The exit code, None while it runs or where it was ended from here.
        self.exit_code: int | None = None
        self._client = client
        self._errands = errands
        self._gone = gone
        self._memory = memory
        self._lock = Lock()
        self._asked: float | None = None
        self._outside = False
        self._told = Event()
        self._reason = ""
        self._fate = ""
        self._over = Event()
        # Sockets, not pipes: one that is closed refuses, and never writes to a successor's number.
        self._heard, self._bell = socket.socketpair()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable once the exit reason is known."""
        return self._heard.fileno()

    def exit_reason(self) -> str:
        """Say how it ended, empty while that is not known."""
        return self._fate if self._over.is_set() else ""

    def outside(self) -> bool | None:
        """Say whether it was ended from outside, None while that is being found out."""
        if self._asked is not None and not self._over.is_set():
            if time.monotonic() - self._asked < _ANSWERING:
                return None
            self.disturbed()  # an engine that does not answer has gone
        return self._outside

    def disturbed(self) -> None:
        """Note that somebody else has killed, stopped or removed it, if it was not leanopt."""
        with self._lock:
            if not (self._reason or self._over.is_set()):
                self._outside = True

    def died(self) -> None:
        """Note that it has died, or that nothing more will be told of it."""
        self._told.set()

    def end(self, reason: str) -> None:
        """Begin to kill and remove it, for this reason, unless it is ending already."""
        with self._lock:
            if self._reason or self._over.is_set():
                return
            self._reason = reason
        self._told.set()
        self._errands.send(self._destroy)

    def inquire(self) -> None:
        """Begin to find out how it ended, now that its outputs have closed; it is removed then."""
        with self._lock:
            if self._asked is not None or self._reason:
                return
            self._asked = time.monotonic()
        self._errands.send(self._find_out)

    def wait(self, seconds: float) -> None:
        """Wait until it is over and its exit reason is known, so long at most."""
        self._over.wait(max(0.0, seconds))

    def retry(self) -> None:
        """Begin to remove it where that has failed before."""
        if self._over.is_set() and not self.removed:
            self._errands.send(self._remove)

    def close(self) -> None:
        """Give the descriptor back."""
        self._heard.close()

    def full(self) -> str:
        """Return the exit reason of a container that took too much memory."""
        if self._memory is None:
            return "the machine is out of memory"
        return f"memory limit of {self._memory / 2**20:g} MiB exceeded"

    def _destroy(self) -> None:
        self._remove()
        self._settle("")

    def _find_out(self) -> None:
        self._settle(self._account())
        self._remove()

    def _settle(self, found: str) -> None:
        """Say how it ended, once; where it was ended from here, the reason is why."""
        with self._lock:
            if self._over.is_set():
                return
            self._fate = self._reason or found
            self._over.set()
        self._bell.close()

    def _account(self) -> str:
        """Return how it ended, as the engine has it."""
        try:
            self.exit_code = self._client.wait(self.ident, timeout=_PATIENCE)["StatusCode"]
            state = self._client.inspect_container(self.ident)["State"]
        except Exception as error:  # noqa: BLE001 - in a thread: the exit reason has to be told
            if _timed_out(error):
                return "it closed its output and went on running"
            self.disturbed()
            gone = "its container was removed from outside"
            return gone if absent(error) else "the Docker engine went away"
        if state.get("OOMKilled"):
            self._outside = False
            return self.full()
        self._told.wait(_TELLING)
        ended = describe(self.exit_code or 0)
        return f"{ended}: its container was ended from outside" if self._outside else ended

    def _remove(self) -> None:
        """Remove it, running or not; what fails is tried again by `retry`."""
        try:
            self._client.remove_container(self.ident, v=True, force=True)
        except Exception as error:  # noqa: BLE001 - in a thread: who waits has to be told
            if not absent(error) and not conflicting(error):
                return
        self.removed = True
        self._gone(self)


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
