"""Progress of a run: collects its events, and returns a view of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from shlex import quote
from typing import Any, Final, Literal

from attrs import define, field, frozen

from leanopt_core.cli.grid import GridRow, grid_of
from leanopt_core.cli.leaders import Best, Gain, Improvement, Leaders
from leanopt_core.cli.rows import SearchRow, SearchView
from leanopt_core.pipeline.plan import fitness_name
from leanopt_core.report.figures import counted, number
from leanopt_core.report.remaining import Remaining
from leanopt_core.report.scenarios import Combination
from leanopt_core.report.statistics import main_figures
from leanopt_core.report.time_left import Recent, TimeLeft
from leanopt_core.shown import shortened
from leanopt_core.space import Point
from leanopt_core.store.inactive import Inactive
from leanopt_core.store.records import StoredRun

_MOST_POINTS: Final = 512


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
    """One stage, summed over all searches; `budget` is None if its method decides when to end.

    `left` are the seconds that its remaining trials take, None if unknown.
    """

    name: str
    budget: int | None
    told: int = 0
    phase: Phase = "waiting"
    reason: str = ""
    left: float | None = None


@frozen
class View:
    """A run at one moment; None is unknown. Times are in seconds, `busy` is a fraction.

    `failures` are the failed trials by category, `failure` is the last one's message. `left` is how
    long the run still takes if it uses all its trials; with `at_most` it can end earlier.
    `saved` backtests did not run, since their trials were pruned. `searches` is empty for a run of
    one, `grid` without paths of tests. `best` are the best trials, `improvements` those that were
    better than all before, the newest first.
    """

    run: str
    fitness: str = "fitness"
    elapsed: float = 0.0
    stages: tuple[StageView, ...] = ()
    told: int = 0
    feasible: int = 0
    backtests: int = 0
    cached: int = 0
    saved: int = 0
    failures: tuple[tuple[str, int], ...] = ()
    failure: str = ""
    workers: int = 0
    rate: float | None = None
    busy: float | None = None
    left: float | None = None
    at_most: bool = False
    best: tuple[Best, ...] = ()
    gain: Gain | None = None
    improvements: tuple[Improvement, ...] = ()
    curve: tuple[float, ...] = ()
    searches: tuple[SearchView, ...] = ()
    grid: tuple[GridRow, ...] = ()
    now: str = ""
    warnings: tuple[str, ...] = ()
    hint: str = ""


@define(eq=False)
class _Stage:
    budget: int | None
    searches: int
    told: int = 0
    begun: int = 0
    ended: int = 0
    reason: str = ""

    @property
    def phase(self) -> Phase:
        if self.ended == self.searches:
            return "ended"
        return "running" if self.begun else "waiting"


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
    saved: int = 0
    leaders: Leaders = field(factory=Leaders)
    failures: Counter[str] = field(factory=Counter)
    failure: str = ""
    warnings: list[str] = field(factory=list)
    notes: list[str] = field(factory=list)
    hint: str = ""
    fixed: frozenset[str] = frozenset()
    _stages: dict[str, _Stage] = field(factory=dict)
    _rows: dict[int, SearchRow] = field(factory=dict)
    _grid: tuple[GridRow, ...] = ()
    ahead: int = 0
    _last: float = field(init=False)
    _hits: int = 0
    _told_here: int = 0
    _outcomes: int = 0
    # The scenarios of each search, by its number.
    _scenarios: Mapping[int, frozenset[str]] = field(factory=dict)
    _remaining: Remaining = field(factory=Remaining)
    _times: TimeLeft = field(factory=lambda: TimeLeft(0))
    _pace: Recent = field(factory=Recent)
    _curve: Curve = field(factory=Curve)
    _inactive: Inactive = field(default=Inactive(None))
    _combination: Combination = field(default=Combination("mean", {}))

    def __attrs_post_init__(self) -> None:
        self._last = self.began

    def started(self, run: StoredRun, workers: int) -> None:
        """Take the run, its stages and its number of workers (0: unknown)."""
        plan = json.loads(run.plan)
        self.run, self.workers = run.name, workers
        self.hint = (
            self.hint or f"Ctrl-C stops the run; leanopt resume {quote(run.name)} continues it"
        )
        self.fitness = fitness_name(plan)
        self.fixed = frozenset(plan["space"].get("fixed", ()))
        self._inactive = Inactive.of(run)
        self._combination = Combination.of(run)
        self.now = "starting workers"
        self._remaining, self._times = Remaining.of(run), TimeLeft(workers)
        searches = len(run.searches)
        if searches > 1:
            self._rows = {one.number: SearchRow.of(one) for one in run.searches}
            self._grid = grid_of(run)
        self._scenarios = {
            search.number: frozenset(one.name for one in search.scenarios)
            for search in run.searches
        }
        for stage in run.searches[0].stages:
            budget = None if stage.trials is None else stage.trials * searches
            self._stages[stage.name] = _Stage(budget, searches)

    def stage_started(self, search: int, stage: str, now: float) -> None:
        """Record that a stage has started in one of the searches."""
        self._stages[stage].begun += 1
        if search in self._rows:
            self._rows[search].begun = True
        self._remaining.stage_started(search, stage, now)
        self.now = f"stage {stage}"

    def stage_worked(self, search: int, stage: str, seconds: float) -> None:
        """Take how long a stage of a search has run."""
        self._remaining.stage_worked(search, stage, seconds)

    def stage_ended(self, search: int, stage: str, reason: str, now: float) -> None:
        """Record that a stage has ended in one of the searches."""
        self._stages[stage].ended += 1
        self._stages[stage].reason = reason
        self._remaining.stage_ended(search, stage, now)

    def search_ended(self, search: int) -> None:
        """Record that a search has ended."""
        self._remaining.search_ended(search)
        if search in self._rows:
            self._rows[search].ended = True

    def tested(
        self, search: int, objective: float | None, tests: Mapping[int, float | None]
    ) -> None:
        """Take the objective of a search's chosen trial, and its fitness under tests by index."""
        if search in self._rows:
            self._rows[search].chosen = objective
            self._rows[search].tests.update(tests)

    @property
    def several(self) -> bool:
        """Return whether the run has several searches."""
        return bool(self._rows)

    def row(self, search: int) -> str:
        """Return in one line how far one of several searches is."""
        one = self._rows[search].view()
        best = "" if one.best is None else f", best {number(one.best)}"
        tested = list(dict.fromkeys(map(number, one.tests.values())))
        outside = f", out of sample {' and '.join(tested)}" if tested else ""
        return f"{shortened(one.name)} {one.phase}: {counted(one.told, 'trial')}{best}{outside}"

    def trial(
        self,
        search: int,
        stage: str,
        objective: float | None,
        *,
        backtests: int,
        saved: int = 0,
        failure: str | None = None,
        message: str = "",
        earlier: bool = False,
    ) -> bool:
        """Count a finished trial; return whether `keep` must be told of it, one of the best.

        `objective` is None if the trial is not feasible, or not complete. `saved` is how many of
        its scenarios it did without. `failure` is the category of one that failed, `message` says
        why. `earlier` says that it was finished before this start of the run, or before it was
        watched.
        """
        self.told += 1
        self._told_here += not earlier
        self._outcomes += backtests
        self.saved += saved
        self._stages[stage].told += 1
        self._remaining.told(search, stage)
        if search in self._rows:
            self._rows[search].trial(objective, failed=failure is not None)
        if failure:
            self.failures[failure] += 1
            self.failure = message
        self.feasible += objective is not None
        return self.leaders.admits(objective)

    def keep(self, best: Best, objective: float, now: float | None = None) -> None:
        """Take the last trial, one of the best so far; `now` is None for an earlier one.

        `objective` is its fitness, negated if lower is better.
        """
        self.leaders.add(best, objective, self.told, None if now is None else now - self.began)

    def curve(self) -> None:
        """Add the best fitness so far to the curve."""
        if best := self.leaders.best:
            self._curve.add(best.fitness)

    def backtested(self, now: float, seconds: float, worker: int) -> None:
        """Take a backtest that has ended since this start of the run."""
        self._times.add(now, seconds, worker)
        self._last = max(self._last, now)

    def hit(self, count: int = 1) -> None:
        """Count backtests that were found in the cache."""
        self.cached += count
        # Before the first one that ran, a run repeats what an earlier one did.
        self._hits += count if self._times.ended else 0

    def shown(self, parameters: Mapping[str, Any], where: Point | int) -> dict[str, Any]:
        """Return the parameters that the search varies and that count at a point or grid index."""
        left_out = self.fixed | self._inactive.at(where).keys()
        return {name: value for name, value in parameters.items() if name not in left_out}

    def figures(self, found: Mapping[str, Mapping[str, Any] | None]) -> dict[str, str]:
        """Return a trial's main statistics, given by scenario, and how several are combined."""
        known = {name: one for name, one in found.items() if one is not None}
        figures = main_figures(self._combination.combined(known))
        if len(known) == 1:
            return figures
        how = f"{self._combination.name} of {counted(len(known), 'scenario')}"
        return {"statistics": how, **figures}

    def view(self, now: float) -> View:
        """Return the current view of the run."""
        times = self._times
        if not self._told_here:
            self._pace = Recent()
        self._pace.note(now, self._told_here, times.mean)
        left, at_most = self._left(now)
        busy = times.busy
        return View(
            run=self.run,
            fitness=self.fitness,
            elapsed=now - self.began,
            stages=tuple(self._stage(name, stage, now) for name, stage in self._stages.items()),
            told=self.told,
            feasible=self.feasible,
            backtests=self.backtests,
            cached=self.cached,
            saved=self.saved,
            failures=tuple(self.failures.most_common()),
            failure=self.failure,
            workers=self.workers,
            rate=self._pace.rate or None,
            busy=busy / self.workers if busy is not None and self.workers else None,
            left=left,
            at_most=at_most,
            best=self.leaders.trials,
            gain=self.leaders.gain(self.told),
            improvements=self.leaders.improvements,
            curve=self._curve.points(),
            searches=tuple(row.view() for row in self._rows.values()),
            grid=self._grid,
            now=self._now(now),
            warnings=tuple(self.warnings),
            hint=self.hint,
        )

    def _stage(self, name: str, stage: _Stage, now: float) -> StageView:
        running = stage.phase == "running"
        trials = self._remaining.stage_trials(name) if running else None
        left = None if trials is None else self._times.left(now, self._backtests(trials))
        limit = self._remaining.stage_seconds(name, now) if running else None
        if limit is not None:
            left = limit if left is None else min(left, limit)
        return StageView(name, stage.budget, stage.told, stage.phase, stage.reason, left)

    def _left(self, now: float) -> tuple[float | None, bool]:
        """Return the seconds that the run still takes, and whether it can end earlier."""
        remaining = self._remaining
        trials, limit = remaining.trials, remaining.seconds(now)
        if trials is None:
            return limit, True
        left = self._times.left(now, self._backtests(trials), remaining.drains)
        if left is not None and limit is not None:
            left = min(left, limit)
        return left, remaining.early

    @property
    def _each(self) -> int:
        """Return how many scenarios a trial has, before any trial is there."""
        return max(map(len, self._scenarios.values()), default=1)

    def lacks(self, search: int, judged: Collection[str]) -> int:
        """Return how many of its scenarios a trial lacks that was judged by these."""
        return len(self._scenarios.get(search, frozenset()).difference(judged))

    def _backtests(self, trials: int) -> float:
        """Return how many backtests so many trials still need, without those from the cache."""
        if not trials:
            return 0.0
        each = self._outcomes / self.told if self.told else self._each
        ended = self._times.ended
        fresh = ended / (ended + self._hits) if ended else 1.0
        return max(1.0, (trials * each - self.ahead) * fresh)

    def _now(self, now: float) -> str:
        silent = now - self._last
        if self._times.ended and silent > max(5.0, 3 * self._times.mean):
            return f"{self.now}; no backtest has finished for {silent:.0f} s"
        return self.now


def joined(pairs: Sequence[tuple[str, int]]) -> str:
    """Return counts as `3 timeout, 1 worker died`."""
    return ", ".join(f"{count:,} {name}" for name, count in pairs)
