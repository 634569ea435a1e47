"""`leanopt watch`: watch a run from another terminal."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import evolve

from leanopt_core.cli.common import chosen_screen, open_project, project_option, run_names
from leanopt_core.cli.leaders import Best
from leanopt_core.cli.progress import Progress
from leanopt_core.report.figures import values_shown
from leanopt_core.report.scenarios import by_scenario
from leanopt_core.store.records import StoredRun, StoredSearch, TrialSummary
from leanopt_core.store.store import Store

if TYPE_CHECKING:
    from leanopt_core.cli.screen import ProgressScreen


class Follower:
    """Follow one run; `update` reads only what is new.

    `began` is when its process started, in seconds since 1970: only backtests since then say how
    fast it is.
    """

    def __init__(self, store: Store, run: StoredRun, progress: Progress, began: float) -> None:
        self._store = store
        self._run_id = run.id
        self._progress = progress
        self._told = {search.id: 0 for search in run.searches}
        self._tested = set[int]()
        self._backtest = 0
        self._phases: set[tuple[int, str, bool]] = set()
        # Backtests end in whole seconds, and those of an earlier start must not count.
        self._since = int(began) + 1
        self._looked: float | None = None
        # By search, the first trial that had a backtest run since then.
        self._first: dict[int, int] = {}
        progress.started(run, int(json.loads(run.execution).get("workers") or 0))

    def update(self, now: float) -> StoredRun:
        """Record what is new, and return the run."""
        run = self._store.runs.get(self._run_id)
        self._backtests(run, now)
        ahead = 0
        for search in run.searches:
            self._search(run, search, now)
            ahead += self._store.reader.ahead(search.id, after=self._told[search.id])
        self._progress.ahead = ahead
        self._looked = now
        return run

    def _backtests(self, run: StoredRun, now: float) -> None:
        reader, progress, after = self._store.reader, self._progress, self._backtest
        last, count = reader.run_here(run, after=after)
        if not count:
            return
        self._backtest = last
        progress.backtests += count
        wall = time.time()
        for seconds, worker, finished_at in reader.newest(run, after=after, since=self._since):
            # Stored in whole seconds; it cannot have been stored before the last look.
            ended = now - (wall - finished_at - _HALF)
            progress.backtested(min(now, max(ended, self._looked or ended)), seconds, worker)
        if any(search.id not in self._first for search in run.searches):
            # Searches open one after the other, and the first trial of one stays the same.
            self._first = {**reader.first_trials(run, since=self._since), **self._first}

    def _search(self, run: StoredRun, search: StoredSearch, now: float) -> None:
        failed = None
        for told in self._store.reader.told(search.id, after=self._told[search.id]):
            self._told[search.id] = told.number
            self._phase(search, told.stage, now, ended=False)
            self._count(search, told, now)
            failed = told.number if told.failure else failed
        self._complete(run, search)
        if failed is not None and (trial := self._store.reader.trial(run, search.number, failed)):
            self._progress.failure = next(iter(trial.details.get("reasons", ())), "")
        for stage in search.stages:
            self._progress.stage_worked(search.number, stage.name, stage.seconds)
            if stage.ended is not None:
                self._phase(search, stage.name, now, ended=True, reason=stage.ended)
        if search.scores and search.id not in self._tested:
            self._tested.add(search.id)
            trial = self._store.reader.trial(run, search.number, search.chosen or 0)
            score = None if trial is None else trial.score
            objective = None if score is None else score.objective
            tests = {one.ordinal: one.fitness for one in search.scores}
            self._progress.tested(search.number, objective, tests)
        if search.ended is not None:
            self._progress.search_ended(search.number)

    def _count(self, search: StoredSearch, told: TrialSummary, now: float) -> None:
        """Count a trial, and keep it if it is one of the best."""
        progress, fitness = self._progress, told.fitness
        if told.number >= self._first.get(search.id, math.inf):
            progress.hit(told.cached)
        else:
            progress.cached += told.cached
        objective = None
        complete = told.pruned_at is None
        if complete and fitness is not None and not told.violation:
            objective = -fitness if search.direction == "min" else fitness
        one_of_the_best = progress.trial(
            search.number,
            told.stage,
            objective,
            backtests=told.backtests,
            saved=0 if complete else len(search.scenarios) - told.whole,
            failure=told.failure,
            earlier=self._looked is None,
        )
        if one_of_the_best and objective is not None and fitness is not None:
            best = Best(told.number, fitness, {}, {}, search.number)
            progress.keep(best, objective, None if self._looked is None else now)
        progress.curve()

    def _complete(self, run: StoredRun, search: StoredSearch) -> None:
        """Read parameters and figures of the best trials that are new."""
        for best in self._progress.leaders.trials:
            if best.search != search.number or best.parameters:
                continue
            trial = self._store.reader.trial(run, search.number, best.trial)
            if trial is None:
                continue
            values = json.loads(trial.parameters, parse_float=str)
            shown = values_shown(self._progress.shown(values, trial.grid_index))
            figures = self._progress.figures(by_scenario(search, trial))
            more = evolve(best, parameters=shown, figures=figures)
            self._progress.leaders.complete(more)

    def _phase(
        self, search: StoredSearch, stage: str, now: float, *, ended: bool, reason: str = ""
    ) -> None:
        """Record once that a stage of a search has started or ended."""
        if (search.id, stage, ended) in self._phases:
            return
        self._phases.add((search.id, stage, ended))
        if ended:
            self._phase(search, stage, now, ended=False)
            self._progress.stage_ended(search.number, stage, reason, now)
        else:
            self._progress.stage_started(search.number, stage, now)


#: Seconds between two reads of the store.
_EVERY = 0.5
#: The mean of what is lost of a time that is stored in whole seconds.
_HALF = 0.5


@click.command("watch")
@click.argument("run", required=False, shell_complete=run_names)
@project_option
def command(run: str | None, project: Path) -> None:
    """Watch RUN (name or unique prefix; default: the newest) until it ends.

    Works in any terminal on the same machine. Ctrl-C stops watching; the run continues. If the run
    has already ended, its result is shown.

    Example: leanopt watch
    """
    from leanopt_core.cli.summary import print_report
    from leanopt_core.report.run import report
    from leanopt_core.report.subject import process_of, state_of

    with open_project(project) as store:
        found = store.runs.find(run)
        if process_of(store, found) is not None:
            screen = chosen_screen()
            screen.progress.now = "reading the store"
            try:
                with screen:
                    follow(store, found, screen)
            except KeyboardInterrupt:
                return
        found = store.runs.get(found.id)
        print_report(report(store, found), state_of(store, found))


def follow(store: Store, run: StoredRun, screen: ProgressScreen) -> None:
    """Show a run of another process on `screen` until that process ends."""
    from leanopt_core.report.subject import process_of, process_started

    progress = screen.progress
    began = process_started(store, run)
    progress.began -= max(0.0, time.time() - began)
    progress.hint = "Ctrl-C stops watching; the run continues"
    follower = Follower(store, run, progress, began)
    follower.update(time.monotonic())
    screen.show(progress.view(time.monotonic()))
    while process_of(store, run) is not None:
        follower.update(time.monotonic())
        screen.tick()
        time.sleep(min(_EVERY, screen.patience() or _EVERY))
