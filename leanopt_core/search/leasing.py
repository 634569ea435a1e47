"""The queued backtests of a run: which may begin, and which another process runs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from leanopt_core.search.ledger import BacktestJob, Known, Ledger

# Maximum seconds until a backtest that has begun is leased, and between two looks at the store:
# for a process that comes, while one comes, and for backtests that other processes run.
_UNWRITTEN, _NEWCOMERS, _WELCOME, _ELSEWHERE = 0.1, 0.5, 0.01, 0.02
# Seconds between two renewals of leases: less than others respect one beyond the time limit.
_RENEWED = 20.0


class LeasedQueue:
    """Hands out queued backtests, those of the lowest search first.

    A process that is alone at the store runs them at once, and leases those that take a while.
    Beside other processes, a commit leases those that the workers get next. What another process
    runs waits for its outcome: `answered` gets it. `dropped` gets the backtests that no trial waits
    for any more.
    """

    def __init__(
        self, searches: int, ledger: Ledger, dropped: Callable[[BacktestJob], None]
    ) -> None:
        self._ledger = ledger
        self._leases = ledger.leases
        self._dropped = dropped
        self._queues: list[deque[BacktestJob]] = [deque() for _ in range(searches)]
        self._ready: deque[BacktestJob] = deque()
        self._elsewhere: list[BacktestJob] = []
        self._answered: list[tuple[BacktestJob, Mapping[str, Known]]] = []
        # How many were handed out since the last commit; when to look at the store again.
        self._handed_out = 0
        self._look_at = 0.0
        self._renew_at = time.monotonic() + _RENEWED

    @property
    def queued(self) -> bool:
        """Return whether more backtests than the workers have could begin without a commit."""
        return bool(self._ready) or (self._leases.alone and any(self._queues))

    @property
    def empty(self) -> bool:
        """Return whether no backtest waits for a worker here."""
        return not self._ready and not any(self._queues)

    def put(self, job: BacktestJob, *, first: bool = False) -> None:
        """Queue a new backtest, `first` before all others of its search."""
        queue = self._queues[job.search]
        (queue.appendleft if first else queue.append)(job)

    def again(self, job: BacktestJob, *, first: bool) -> None:
        """Queue a backtest that was handed out: before all others, or behind those leased."""
        (self._ready.appendleft if first else self._ready.append)(job)

    def next(self) -> BacktestJob | None:
        """Return the next backtest for a worker, None if none may begin now."""
        while self._ready:
            job = self._ready.popleft()
            if job.waiting:
                self._handed_out += 1
                return job
            self._dropped(job)
        new = self._new() if self._leases.alone else None
        if new is not None:
            self._leases.begin(new.keys)
            self._handed_out += 1
        return new

    def look(self) -> None:
        """Notice other processes, and take what they have finished or no longer run."""
        now = time.monotonic()
        if not (self._leases.alone or self._elsewhere) or now < self._look_at:
            return
        # While this process is alone, each commit looks too, before what has begun is leased.
        self._look_at = now + (_ELSEWHERE / 4 if self._elsewhere else _UNWRITTEN)
        self._leases.look()
        if not self._elsewhere:
            return
        still: list[BacktestJob] = []
        over: list[BacktestJob] = []
        for job in self._elsewhere:
            (still if self._leases.elsewhere(job.keys) else over).append(job)
        if over:
            self._elsewhere = still
            self._take(over)

    def _take(self, over: Sequence[BacktestJob]) -> None:
        """Take the outcomes of backtests that no other process runs any more, or run them here."""
        known = self._ledger.known([key for job in over for key in job.keys])
        # In front: results are told in trial order, so later trials wait for these.
        for job in reversed(over):
            job.version = self._leases.version
            if found := {key: known[key] for key in job.keys if key in known}:
                self._answered.append((job, found))
            else:
                self._queues[job.search].appendleft(job)

    def answered(self) -> list[tuple[BacktestJob, Mapping[str, Known]]]:
        """Return backtests that were queued and have been answered from the store, once."""
        answered, self._answered = self._answered, []
        return answered

    def renew(self, running: Callable[[], Iterable[tuple[BacktestJob, float]]]) -> None:
        """Now and then, let leases count from when a worker got the backtest, as time limits do.

        `running` are those handed out, each with how many seconds a worker has had it.
        """
        now = time.monotonic()
        if now < self._renew_at:
            return
        self._renew_at = now + _RENEWED
        for job, age in (*running(), *((job, 0.0) for job in self._ready)):
            self._leases.renew(job.keys, age)

    def commit(self, room: int) -> Mapping[int, Known]:
        """Commit the ledger, and lease what the workers get until the next commit.

        They have `room` for so many now. Return what the commit has replaced.
        """
        wanted = []
        if room and not self._leases.alone and self._leases.welcome():
            # There may be less room than before: a worker that is replaced gives a request back.
            ahead = max(0, room + self._handed_out - len(self._ready))
            wanted = list(islice(iter(self._new, None), ahead))
        self._handed_out = 0
        leased, replaced = self._ledger.commit(wanted)
        for job, one in zip(wanted, leased, strict=True):
            if one is True:
                self._ready.append(job)
            elif one is False:
                self._elsewhere.append(job)
            else:
                self._answered.append((job, one))
        return replaced

    def patience(self, room_of: Callable[[], int], running: int) -> float:
        """Return how many seconds the next commit or look may wait.

        Workers have `running`, and `room_of` returns for how many more there is room.
        """
        if self._leases.alone:
            return _UNWRITTEN if self._leases.unwritten else _NEWCOMERS
        if self._answered or self._leases.unwritten:
            return 0.0
        if not self._leases.welcome():
            return _WELCOME
        # While each worker has one more waiting, leases can wait for a result's commit.
        if not self._ready and any(self._queues) and (room := room_of()) and room >= running:
            return 0.0
        return _ELSEWHERE if self._elsewhere else _RENEWED

    def _new(self) -> BacktestJob | None:
        """Take the next queued backtest that trials wait for, of the lowest search that has one."""
        for queue in self._queues:
            while queue:
                job = queue.popleft()
                if job.waiting:
                    return job
                self._dropped(job)
        return None
