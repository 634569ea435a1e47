"""Leases: which process runs which backtest, so that processes at one store run none twice.

A process that is alone at the store leases a backtest a tenth of a second after it has begun. From
when another process has come, it leases before. A process that comes later waits until the first
one knows of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from attrs import frozen

from leanopt_core.owners import Owner, is_dead, this_process
from leanopt_core.store import batch
from leanopt_core.store.columns import key_column, outputs_column, outputs_of
from leanopt_core.store.database import Database

#: Seconds that another process holds a lease beyond the time limit, or without one.
BEYOND: Final = 60.0
WITHOUT_LIMIT: Final = 600.0
# Seconds that a process which comes waits for the others to know of it.
_WELCOME: Final = 2.0
# Seconds after which a backtest gets a lease while this process is alone: most are over before.
_BRIEF: Final = 0.1
# Seconds between two looks at whether a process is alive.
_GLANCE: Final = 0.25

_PROCESSES: Final = (
    "SELECT id, run_id, state, patience, outputs, machine, boot, namespace, pid, started "
    "FROM processes WHERE id <> ?"
)
_JOIN: Final = (
    "INSERT INTO processes (run_id, state, patience, outputs, machine, boot, namespace, pid, "
    "started) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LEASES: Final = "SELECT key, process_id, taken_at FROM leases WHERE process_id <> ?"


@frozen
class Wanted:
    """A backtest to lease: its content keys, and `Leases.version` before its last lookup."""

    keys: tuple[str, ...]
    version: int


@frozen
class _Process:
    """A process at the store; `patience` is how many seconds others respect a lease of it."""

    id: int
    run_id: int
    state: str
    patience: float
    outputs: frozenset[str]
    owner: Owner


@frozen
class _Lease:
    """A lease of another process."""

    key: bytes
    process: int
    taken_at: float


class Leases:
    """This process's leases, and what it knows of those of others.

    `add` adds a row to the next commit. `clock` returns the seconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        add: Callable[[str, tuple[Any, ...]], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._add = add
        self._me = 0
        self._owner: Owner | None = None
        # Backtests without a lease, and when each began.
        self._begun: dict[str, float] = {}
        self._unsaid = False
        self._mine: set[str] = set()
        self._others: dict[int, _Process] = {}
        self._leases: dict[bytes, list[_Lease]] = {}
        # When each lease of others ends, by this process's own clock; when others were found alive.
        self._ends: dict[_Lease, float] = {}
        self._alive: dict[int, float] = {}
        self._welcome = 0.0
        #: Changes whenever another connection has committed.
        self.version = 0
        #: Whether no other process has come so far.
        self.alone = True
        #: What this process stores of each backtest besides statistics.
        self.outputs: frozenset[str] = frozenset()

    def join(self, run_id: int, *, outputs: frozenset[str], time_limit: float | None) -> None:
        """Enter this process as the one that runs a run whose lock it holds, in a commit."""
        self._owner, self.outputs = this_process(), outputs
        patience = WITHOUT_LIMIT if time_limit is None else time_limit + BEYOND
        with self._database.transaction():
            for one in self._processes():
                # The lock says that an earlier process of the same run is dead.
                if one.state == "ended" or one.run_id == run_id or is_dead(one.owner, self._owner):
                    self._database.run("DELETE FROM leases WHERE process_id = ?", (one.id,))
                    self._database.run("DELETE FROM processes WHERE id = ?", (one.id,))
            self._read()
            owner = self._owner
            self._me = self._database.run(
                _JOIN,
                (
                    *(run_id, "alone" if self.alone else "sharing", patience),
                    *(outputs_column(outputs), owner.machine, owner.boot, owner.namespace),
                    *(owner.pid, owner.started),
                ),
            )
            # While nobody else can commit: what comes after is noticed.
            self.version = self._version()
        self._welcome = time.monotonic() + _WELCOME

    def leave(self) -> None:
        """Give all leases back with the next commit; the process runs no more backtests."""
        if self._me:
            self._add(batch.RELEASE_ALL, (self._me,))
            self._add(batch.ENDED, (self._me,))

    def look(self) -> bool:
        """Notice what other processes have committed; return whether anything was."""
        if not self._me or (version := self._version()) == self.version:
            return False
        self.version = version
        before = self.alone
        self._read()
        if before and not self.alone:
            self._unsaid = True
        return True

    def welcome(self) -> bool:
        """Return whether the processes that were here first know of this one, or do not react."""
        if self._welcome:
            self.look()
            heedless = (one for one in self._others.values() if one.state == "alone")
            if all(map(self._dead, heedless)) or time.monotonic() > self._welcome:
                self._welcome = 0.0
        return not self._welcome

    def elsewhere(self, keys: Iterable[str]) -> bool:
        """Return whether another process runs a backtest with one of these content keys.

        What it stores of it includes the outputs of this process. Its lease counts while it lives
        and has not held it for too long.
        """
        return any(
            not self._void(lease) for key in keys for lease in self._leases.get(key_column(key), ())
        )

    @property
    def unwritten(self) -> bool:
        """Return whether a commit soon has something to tell other processes.

        That is, leases of backtests that have begun, or that this process knows of another.
        """
        return self._unsaid or bool(self._begun)

    def due(self) -> bool:
        """Notice other processes; return whether a commit has something to tell them now."""
        if self.unwritten:
            self.look()
        return self._unsaid or bool(self._lasting())

    def begin(self, keys: Iterable[str]) -> None:
        """Note that a backtest begins, which has no lease yet."""
        now = time.monotonic()
        for key in keys:
            self._begun[key] = now

    def write(self) -> None:
        """Add what is unwritten to the commit that is being made."""
        begun = self._lasting()
        self._take(begun)
        if self._unsaid:
            self._add(batch.SHARING, (self._me,))
        for key in begun:
            del self._begun[key]
        self._unsaid = False

    def _lasting(self) -> list[str]:
        """Return the keys of backtests that have begun without a lease, and get one now."""
        due = time.monotonic() - (_BRIEF if self.alone else 0.0)
        return [key for key, since in self._begun.items() if since <= due]

    def grant(self, keys: Sequence[str]) -> bool:
        """Lease a backtest in the commit that is being made, unless another process runs it."""
        if self.elsewhere(keys):
            return False
        self._take(keys)
        return True

    def renew(self, keys: Iterable[str], age: float) -> None:
        """Let a backtest's lease count from `age` seconds ago, with the next commit."""
        for key in self._mine.intersection(keys):
            self._add(batch.RENEW, (self._clock() - age, key_column(key), self._me))

    def release(self, keys: Iterable[str]) -> None:
        """End a backtest's lease with the next commit."""
        for key in keys:
            self._begun.pop(key, None)
            if key in self._mine:
                self._mine.remove(key)
                self._add(batch.RELEASE, (key_column(key), self._me))

    def _take(self, keys: Iterable[str]) -> None:
        for key in keys:
            short = key_column(key)
            for lease in self._leases.get(short, ()):
                self._add(batch.VOID, (short, lease.process, lease.taken_at))
            self._add(batch.LEASE, (short, self._me, self._clock()))
            self._mine.add(key)

    def _version(self) -> int:
        row = self._database.row("PRAGMA data_version")
        return row[0] if row else 0

    def _processes(self) -> list[_Process]:
        return [
            _Process(found, run_id, state, patience, outputs_of(outputs), Owner(*owner))
            for found, run_id, state, patience, outputs, *owner in self._database.rows(
                _PROCESSES, (self._me,)
            )
        ]

    def _read(self) -> None:
        """Read who is here, and the leases that can answer this process."""
        self._others = {one.id: one for one in self._processes()}
        # For good: what has been committed meanwhile is not known here.
        self.alone = self.alone and not self._others
        self._leases, before, self._ends = {}, self._ends, {}
        now, wall = time.monotonic(), self._clock()
        for lease in (_Lease(*row) for row in self._database.rows(_LEASES, (self._me,))):
            process = self._others.get(lease.process)
            if process is not None and self.outputs <= process.outputs:
                self._leases.setdefault(lease.key, []).append(lease)
                # Never longer than that from here on, wherever the clock jumps.
                left = min(lease.taken_at + process.patience - wall, process.patience)
                self._ends[lease] = before.get(lease, now + left)

    def _void(self, lease: _Lease) -> bool:
        return time.monotonic() > self._ends[lease] or self._dead(self._others[lease.process])

    def _dead(self, process: _Process) -> bool:
        now = time.monotonic()
        if now < self._alive.get(process.id, 0.0) + _GLANCE:
            return False
        if self._owner is not None and is_dead(process.owner, self._owner):
            return True
        self._alive[process.id] = now
        return False
