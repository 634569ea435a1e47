"""Start workers in threads, and retry after failures while `start_patience` lasts.

They start in parallel, and the first one ready begins to work.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import count
from threading import Lock, Thread

from leanopt_core.errors import ExecutorError, LeanoptError, PatienceError
from leanopt_core.executors.base import Channel

# A worker's number, when its start began (`time.monotonic`), and what came of that.
Arrival = tuple[int, float, Channel | ExecutorError]

# The first failures in a row that are followed by another try at once; the shortest and the longest
# pause after the later ones, in seconds.
_AT_ONCE, _SHORTEST, _LONGEST = 2, 0.25, 10.0
# So many workers in a row may fail by themselves before one has ever worked.
_HOPELESS = 3


class Patience:
    """Time runs from the first trouble after something was completed; `limit` is in seconds."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._since: float | None = None
        self._failures = 0

    def completed(self) -> None:
        """Note that a backtest or a command has been completed: time runs from the next trouble."""
        self._since = None

    def started(self) -> None:
        """Note that a start went well, so that the next one that fails is a first one."""
        self._failures = 0

    def troubled(self) -> None:
        """Note that a busy worker was ended from outside."""
        if self._since is None:
            self._since = time.monotonic()

    def failed(self) -> None:
        """Note that a start has failed, or a command."""
        self.troubled()
        self._failures += 1

    def spent(self) -> float:
        """Return for how many seconds it has been tried in vain."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    def left(self) -> float:
        """Return for how many seconds to go on trying; none are left where it is below 0."""
        return self.limit - self.spent()

    def pause(self) -> float:
        """Return how many seconds to wait before the next try, at most those that are left."""
        if self._failures <= _AT_ONCE:
            return 0.0
        # Bounded, as is the largest float.
        doublings = min(self._failures - _AT_ONCE - 1, 10)
        pause = min(_LONGEST, _SHORTEST * 2.0**doublings)
        left = self.left()
        return min(pause, left) if left > 0 else pause


class Spawner:
    """Calls `spawn(number)` in threads; `arrived` collects what came of it after each `wake`."""

    def __init__(
        self,
        spawn: Callable[[int], Channel],
        wake: Callable[[], None],
        patience: Patience,
    ) -> None:
        self._spawn = spawn
        self._wake = wake
        self._patience = patience
        self._numbers = count(1)
        self._lock = Lock()
        self._arrivals: list[Arrival] = []
        self._threads: dict[int, Thread] = {}
        self._own_faults = 0
        self._missing = 0
        self._worked = False
        #: Whether `shut` was called.
        self.closed = False
        #: When `catch_up` is to be called, in `time.monotonic` seconds.
        self.due = math.inf

    def begin(self) -> None:
        """Start another worker; returns at once."""
        number = next(self._numbers)
        # A daemon: leanopt's end need not wait for an executor that hangs.
        thread = Thread(target=self._run, args=(number,), name=f"start-{number}", daemon=True)
        with self._lock:
            if self.closed:
                return
            self._threads[number] = thread
        thread.start()

    def failed(
        self, account: str, *, outside: bool, others: bool, oldest: float
    ) -> ExecutorError | None:
        """Note that a start has failed, and try again: at once, after some failures later.

        `outside` says that this was no fault of the worker's, `others` that some serve or start,
        `oldest` for how many seconds one has lived. Return why no more are started, None if another
        try follows.
        """
        waiting = self.due < math.inf
        if not waiting:  # else it is the trouble that was counted already
            self._patience.failed()
            self._own_faults += not outside
        if self._own_faults >= _HOPELESS and not (self._worked or others):
            return ExecutorError(f"no worker can be started: {account}")
        if (error := self._impatient(account, oldest)) is not None:
            return error
        if not waiting:
            pause = self._patience.pause()
            if not pause:
                self.begin()
                return None
            self.due = time.monotonic() + pause
        self._missing += 1
        return None

    def disturbed(self, account: str, *, oldest: float) -> PatienceError | None:
        """Note that a busy worker was ended from outside; return why that is the end of trying.

        None if workers are started further on.
        """
        self._patience.troubled()
        return self._impatient(account, oldest)

    def _impatient(self, account: str, oldest: float) -> PatienceError | None:
        """Return an error if patience has ended, and no worker lives that may still complete one.

        One that lives is given the same time, so that workers which come and go and never complete
        anything end patience too.
        """
        limit, spent = self._patience.limit, self._patience.spent()
        if spent < limit or oldest >= limit or (oldest > 0 and spent < 2 * limit):
            return None
        trying = f"no backtest was completed for {limit:g} s of trying (executor.start_patience)"
        return PatienceError(f"{trying}: {account}")

    def started(self) -> None:
        """Note that a worker has said hello."""
        self._patience.started()

    def succeeded(self) -> None:
        """Note that a backtest was completed."""
        self._patience.completed()
        self._own_faults = 0
        self._worked = True

    def catch_up(self) -> None:
        """Start the workers whose start was put off."""
        self.due = math.inf
        missing, self._missing = self._missing, 0
        for _ in range(missing):
            self.begin()

    def pending(self) -> int:
        """Return how many workers are being started, or have arrived and were not collected."""
        with self._lock:
            return len(self._threads) + len(self._arrivals)

    def arrived(self) -> list[Arrival]:
        """Return what was started, or why not, since the last call."""
        with self._lock:
            arrivals, self._arrivals = self._arrivals, []
        return arrivals

    def shut(self) -> None:
        """Start nothing any more; a worker that arrives from now on is ended in its thread."""
        with self._lock:
            self.closed = True

    def join(self, deadline: float) -> None:
        """Wait for the starts under way, until `deadline` in `time.monotonic` seconds."""
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, number: int) -> None:
        begun = time.monotonic()
        arrival = self._attempt(number)
        with self._lock:
            late = self.closed
            if not late:
                del self._threads[number]
                self._arrivals.append((number, begun, arrival))
        if late:
            _discard(arrival)
        self._wake()

    def _attempt(self, number: int) -> Channel | ExecutorError:
        try:
            return self._spawn(number)
        except ExecutorError as error:
            return error
        except LeanoptError as error:
            return ExecutorError(str(error))  # it names the executor
        except Exception as error:  # noqa: BLE001 - executors are plugins: every error is shown
            return ExecutorError(f"{type(error).__name__}: {error}")


def _discard(arrival: Channel | ExecutorError) -> None:
    if not isinstance(arrival, ExecutorError):
        arrival.kill()
        arrival.release()
