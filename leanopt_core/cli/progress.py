"""Progress of a run: collects its events, measures its rate, and returns a view of it."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from attrs import define, field, frozen

from leanopt_core.store.records import StoredRun

#: The rate is measured over this many seconds if backtests are short,
_WINDOW: Final = 20.0
#: else over this many mean run times.
_RUNS: Final = 10
_FEWEST: Final = 2
_MOST_MARKS: Final = 100
_MOST_POINTS: Final = 512


@define
class Pace:
    """Recent trials per second, and busy worker seconds per second."""

    _marks: deque[tuple[float, int, float]] = field(factory=deque)

    def note(self, now: float, told: int, busy: float, mean: float) -> None:
        """Take the current counts; `mean` is a backtest's mean run time in seconds."""
        window = max(_WINDOW, _RUNS * mean)
        since, apart = now - window, window / _MOST_MARKS
        marks = self._marks
        if len(marks) >= _FEWEST and marks[-1][0] - marks[-2][0] < apart:
            marks.pop()
        marks.append((now, told, busy))
        while len(marks) > _FEWEST and marks[1][0] <= since:
            marks.popleft()

    @property
    def rate(self) -> float | None:
        """Return the trials finished per second, None before the first one."""
        told = self._marks[-1][1] - self._marks[0][1] if self._marks else 0
        return told / self._span if self._span and told else None

    @property
    def busy(self) -> float | None:
        """Return the mean number of busy workers, None if no time has passed."""
        if not self._span:
            return None
        return (self._marks[-1][2] - self._marks[0][2]) / self._span

    @property
    def _span(self) -> float:
        return self._marks[-1][0] - self._marks[0][0] if self._marks else 0.0


@define
class Curve:
    """A series of any length, reduced to at most 512 evenly spaced points."""

    _points: list[float] = field(factory=list)
    _stride: int = 1
    _skipped: int = 0

    def add(self, value: float) -> None:
        """Add a value."""
        self._skipped += 1
        if self._skipped < self._stride:
            return
        self._skipped = 0
        self._points.append(value)
        if len(self._points) >= _MOST_POINTS:
            self._points = self._points[1::2]
            self._stride *= 2

    def points(self) -> tuple[float, ...]:
        """Return the remaining points."""
        return tuple(self._points)


Phase = Literal["waiting", "running", "ended"]


@frozen
class StageView:
    """One stage, summed over all searches; `budget` is None if its method decides when to end."""

    name: str
    budget: int | None
    told: int = 0
    phase: Phase = "waiting"
    reason: str = ""


@frozen
class Best:
    """The best feasible trial so far, with its parameters and figures as shown."""

    trial: int
    fitness: float
    parameters: Mapping[str, str]
    figures: Mapping[str, str]


@frozen
class View:
    """A run at one moment; None is unknown. Times are in seconds, `busy` is a fraction.

    `failures` are the failed trials by category, `failure` is the last one's message.
    """

    run: str
    fitness: str = "fitness"
    elapsed: float = 0.0
    stages: tuple[StageView, ...] = ()
    told: int = 0
    feasible: int = 0
    backtests: int = 0
    cached: int = 0
    failures: tuple[tuple[str, int], ...] = ()
    failure: str = ""
    workers: int = 0
    rate: float | None = None
    busy: float | None = None
    best: Best | None = None
    curve: tuple[float, ...] = ()
    now: str = ""
    warnings: tuple[str, ...] = ()
    hint: str = ""

    def left(self, stage: StageView) -> float | None:
        """Return the seconds left if the stage uses its whole budget at the current rate."""
        if stage.budget is None or not self.rate:
            return None
        return (stage.budget - stage.told) / self.rate

    @property
    def time_left(self) -> float | None:
        """Return the seconds left if all stages use their whole budget at the current rate."""
        left = [self.left(stage) for stage in self.stages if stage.phase != "ended"]
        return None if not left or None in left else sum(one for one in left if one is not None)


@define(eq=False)
class _Stage:
    budget: int | None
    searches: int
    told: int = 0
    begun: int = 0
    ended: int = 0
    reason: str = ""

    def view(self, name: str) -> StageView:
        phase: Phase = "running" if self.begun else "waiting"
        if self.ended == self.searches:
            phase = "ended"
        return StageView(name, self.budget, self.told, phase, self.reason)


@define(eq=False)
class Progress:
    """Collect the events of one run; `began` and every `now` are seconds of the same clock."""

    began: float
    run: str = ""
    fitness: str = "fitness"
    now: str = "preparing the strategy"
    workers: int = 0
    told: int = 0
    feasible: int = 0
    backtests: int = 0
    cached: int = 0
    best: Best | None = None
    failures: Counter[str] = field(factory=Counter)
    failure: str = ""
    warnings: list[str] = field(factory=list)
    notes: list[str] = field(factory=list)
    hint: str = "Ctrl-C stops the run and keeps what has finished; leanopt resume continues it"
    fixed: frozenset[str] = frozenset()
    _stages: dict[str, _Stage] = field(factory=dict)
    _objective: float | None = None
    _busy: float = 0.0
    _last: float = field(init=False)
    _pace: Pace = field(factory=Pace)
    _curve: Curve = field(factory=Curve)

    def __attrs_post_init__(self) -> None:
        self._last = self.began

    def started(self, run: StoredRun, workers: int) -> None:
        """Take the run, its stages and its number of workers (0: unknown)."""
        plan = json.loads(run.plan)
        self.run, self.workers = run.name, workers
        self.fitness = plan["scoring"]["fitness"]["name"]
        self.fixed = frozenset(plan["space"].get("fixed", ()))
        self.now = "starting workers"
        searches = len(run.searches)
        for stage in run.searches[0].stages:
            budget = None if stage.trials is None else stage.trials * searches
            self._stages[stage.name] = _Stage(budget, searches)

    def stage_started(self, stage: str) -> None:
        """Record that a stage has started in one of the searches."""
        self._stages[stage].begun += 1
        self.now = f"stage {stage}"

    def stage_ended(self, stage: str, reason: str) -> None:
        """Record that a stage has ended in one of the searches."""
        self._stages[stage].ended += 1
        self._stages[stage].reason = reason

    def trial(
        self, stage: str, objective: float | None, failure: str | None, message: str = ""
    ) -> bool:
        """Count a finished trial; return whether it is the best feasible one so far.

        `objective` is None if the trial is not feasible. `failure` is the category of one that
        failed, `message` says why.
        """
        self.told += 1
        self._stages[stage].told += 1
        if failure:
            self.failures[failure] += 1
            self.failure = message
        better = False
        if objective is not None:
            self.feasible += 1
            better = self._objective is None or objective > self._objective
        if better:
            self._objective = objective
        return better

    def keep(self, best: Best) -> None:
        """Take the best trial so far."""
        self.best = best

    def curve(self) -> None:
        """Add the best fitness so far to the curve."""
        if self.best is not None:
            self._curve.add(self.best.fitness)

    def backtested(self, now: float, seconds: float, count: int = 1) -> None:
        """Count backtests that have ended; `seconds` is their total run time."""
        self.backtests += count
        self._busy += seconds
        self._last = now

    def settle(self, now: float) -> None:
        """Measure the rate from now on: earlier trials were replayed."""
        self._pace = Pace()
        self.view(now)

    def shown(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters that the search varies."""
        return {name: value for name, value in parameters.items() if name not in self.fixed}

    def view(self, now: float) -> View:
        """Return the current view of the run."""
        mean = self._busy / self.backtests if self.backtests else 0.0
        self._pace.note(now, self.told, self._busy, mean)
        busy = self._pace.busy
        return View(
            run=self.run,
            fitness=self.fitness,
            elapsed=now - self.began,
            stages=tuple(stage.view(name) for name, stage in self._stages.items()),
            told=self.told,
            feasible=self.feasible,
            backtests=self.backtests,
            cached=self.cached,
            failures=tuple(self.failures.most_common()),
            failure=self.failure,
            workers=self.workers,
            rate=self._pace.rate,
            busy=min(1.0, busy / self.workers) if busy is not None and self.workers else None,
            best=self.best,
            curve=self._curve.points(),
            now=self._now(now, mean),
            warnings=tuple(self.warnings),
            hint=self.hint,
        )

    def _now(self, now: float, mean: float) -> str:
        silent = now - self._last
        if self.backtests and silent > max(5.0, 3 * mean):
            return f"{self.now}; no backtest has finished for {silent:.0f} s"
        return self.now


def joined(pairs: Sequence[tuple[str, int]]) -> str:
    """Return counts as `3 timeout, 1 worker died`."""
    return ", ".join(f"{count:,} {name}" for name, count in pairs)
