"""Choose backtests to make again on a fresh worker, and compare what they give.

A worker runs thousands of backtests in one process. If one of them gives something else in a
process that has run nothing, results depend on what ran before, or on chance.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable

from attrs import define, field, frozen

from leanopt_core.executors.pool import Finished
from leanopt_core.search.ledger import BacktestJob
from leanopt_core.statistics import Figure
from leanopt_core.work import LASTING, Backtest, Failure, Outcome

#: A check waits for an idle worker until it could be made this many times.
_PATIENCE = 2.0
# A fresh worker may take so many times as long as a start and the backtest took before, and
# these seconds more.
_SLOWER, _LONGER = 10, 60.0
# How many kinds of failures are confirmed at most in a run.
_KINDS = 100
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@frozen
class WarmBacktest:
    """A backtest of a worker that had run others: of which trial, where it ran, what it gave."""

    search: int
    trial: int
    scenario: int
    backtest: Backtest
    place: int
    seconds: float
    outcome: Outcome
    fingerprint: str | None


@frozen
class Difference:
    """What differs first between a backtest and the same on a fresh worker: name and values."""

    what: str
    warm: Figure
    fresh: Figure

    def __str__(self) -> str:
        return f"{self.what} is {_said(self.fresh)} there, was {_said(self.warm)}"


@define(eq=False)
class _Kind:
    """Failures of one kind that no fresh worker has given yet: an example, and all their ids."""

    example: WarmBacktest | None = None
    ids: list[int] = field(factory=list)


class WarmCheck:
    """Decides what is made again, at most for a `share` of the time of all workers.

    Failures come first, one of each kind: messages that differ in numbers only are of one kind. Of
    the others, the one with the smallest key since the last check: any, spread over the run. A
    fresh worker that takes `longer` seconds more than is likely is given up.
    """

    def __init__(self, share: float, workers: int, *, longer: float = _LONGER) -> None:
        self._share = share
        self._workers = workers
        self._longer = longer
        self._began = time.monotonic()
        self._spent = 0.0
        # Whether any was made again, and whether a failure was.
        self._made = self._failure_made = False
        self._under_way: WarmBacktest | None = None
        self._until = math.inf
        self._chosen: WarmBacktest | None = None
        self._unconfirmed: dict[tuple[str, str], _Kind] = {}
        self._confirmed: set[tuple[str, str]] = set()

    def saw(self, job: BacktestJob, finished: Finished[int], outcome: Outcome, place: int) -> bool:
        """Take note of a backtest; return whether a fresh worker must confirm its failure."""
        lasting = _lasting(outcome)
        if finished.fresh:
            if lasting is not None:
                self._confirmed.add(_kind(lasting))
            return False
        unconfirmed = lasting is not None and _kind(lasting) not in self._confirmed
        if not self._share or not job.waiting or not (outcome.statistics or lasting):
            return unconfirmed
        pending, scenario = job.waiting[0]
        known = self._unconfirmed.get(_kind(lasting)) if lasting is not None else None
        first = unconfirmed and known is None and len(self._unconfirmed) < _KINDS
        chosen = self._chosen
        if first or (not lasting and (not chosen or job.backtest.key < chosen.backtest.key)):
            one = WarmBacktest(
                *(pending.search, pending.number, scenario, job.backtest, place),
                *(finished.seconds, outcome, job.fingerprint),
            )
            if lasting is None:
                self._chosen = one
            else:
                self._unconfirmed.setdefault(_kind(lasting), _Kind()).example = one
        return unconfirmed

    def holds(self, outcome: Outcome, backtest_id: int) -> None:
        """Note the id of a stored failure that a fresh worker must confirm."""
        if outcome.failure and (kind := self._unconfirmed.get(_kind(outcome.failure))):
            kind.ids.append(backtest_id)

    def next(
        self, *, idle: bool, start_seconds: float, left: Callable[[], float], last: bool
    ) -> WarmBacktest | None:
        """Return a backtest to make again now, None if it is not time or there is none.

        `idle` says that a worker has nothing to do, `last` that the run waits for nothing else:
        then only what it must not lack is made: one of the failures, if there are any. If there was
        none before, one begins in the second half of the run, once the trials that are `left`, for
        each one told, take about as long as it.
        """
        if not self._share or self._under_way is not None:
            return None
        kinds = self._unconfirmed
        kind = next((k for k, one in kinds.items() if one.example), None) if kinds else None
        one = self._chosen if kind is None else kinds[kind].example
        if one is None or (last and self._made and kind is None):
            return None
        cost, now = start_seconds + one.seconds, time.monotonic()
        passed = now - self._began
        allowed = self._share * self._workers * passed - self._spent
        must = not self._made and left() <= min(1.0, _PATIENCE * cost / passed)
        must |= last and kind is not None and not self._failure_made
        if not must and allowed < (cost if idle else _PATIENCE * cost):
            return None
        if kind is None:
            self._chosen = None
        else:
            kinds[kind].example = None
            self._failure_made = True
        self._made = True
        # Until it is known better, so that another one does not begin meanwhile.
        self._spent += start_seconds
        self._under_way, self._until = one, now + _SLOWER * cost + self._longer
        return one

    @property
    def patience(self) -> float:
        """How many seconds the backtest under way may still take; infinity if there is none."""
        return self._until - time.monotonic()

    def ended(self, seconds: float) -> None:
        """Note that the backtest under way has ended, or is given up, after so many seconds."""
        self._spent += seconds
        self._under_way, self._until = None, math.inf

    def reproduced(self, outcome: Outcome) -> list[int]:
        """Note what a fresh worker gave; return the ids of the failures of this kind."""
        if (failure := _lasting(outcome)) is None:
            return []
        self._confirmed.add(_kind(failure))
        kind = self._unconfirmed.pop(_kind(failure), None)
        return kind.ids if kind is not None else []


def difference(warm: WarmBacktest, fresh: Outcome, fingerprint: str | None) -> Difference | None:
    """Return what differs on a fresh worker, None if nothing does or that is not known.

    A time limit, a dead worker and an error of the engine say nothing about the strategy.
    """
    if fresh.statistics is None and _lasting(fresh) is None:
        return None
    before, now = _figures(warm.outcome), _figures(fresh)
    for name in sorted({*before, *now}):
        one, two = before.get(name), now.get(name)
        if one != two:
            return Difference(name, one, two)
    if None not in (warm.fingerprint, fingerprint) and warm.fingerprint != fingerprint:
        return Difference("the fingerprint of its orders", warm.fingerprint, fingerprint)
    return None


def _figures(outcome: Outcome) -> dict[str, Figure]:
    if outcome.statistics is not None:
        return dict(outcome.statistics.values)
    failure = _lasting(outcome)
    return {} if failure is None else {"the failure": failure.message}


def _lasting(outcome: Outcome) -> Failure | None:
    failure = outcome.failure
    return failure if failure is not None and failure.category in LASTING else None


def _kind(failure: Failure) -> tuple[str, str]:
    return failure.category.value, _NUMBER.sub("#", failure.message)


def _said(value: Figure) -> str:
    return "absent" if value is None else str(value)
