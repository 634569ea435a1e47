"""leanopt from Python: run a pipeline and read its results."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from leanopt_core.closing import Closing
from leanopt_core.errors import UsageError
from leanopt_core.outputs import DailyReturns
from leanopt_core.pipeline import load_pipeline
from leanopt_core.pipeline.toml import toml_value
from leanopt_core.plugins import discover
from leanopt_core.project_files import STORE
from leanopt_core.report.best import BestTable, best_table
from leanopt_core.report.chosen import chosen_trials
from leanopt_core.report.curve import Curve
from leanopt_core.report.documents import VIEWS
from leanopt_core.report.front import fronts_of
from leanopt_core.report.matrix import ReturnsMatrix, dates, returns_matrix
from leanopt_core.report.pieces import Piece, curve_of, pieces_of
from leanopt_core.report.run import TOP, Report, report
from leanopt_core.report.subject import find_trial
from leanopt_core.search.events import Noted, RunEvent, StillScreen, Warned
from leanopt_core.search.run import run_pipeline
from leanopt_core.search.wanted import Wanted
from leanopt_core.store.daily import NOT_STORED, ended_early, missing
from leanopt_core.store.deleted import DeletedTrials
from leanopt_core.store.records import (
    RankedTrial,
    RunSummary,
    StoredRun,
    StoredSearch,
    StoredTrial,
)
from leanopt_core.store.single import SingleBacktest
from leanopt_core.store.store import Store
from leanopt_core.store.store import open_store as open_file
from leanopt_core.store.tried import Tried
from leanopt_core.suggest import did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def run(
    pipeline: str | os.PathLike[str],
    overrides: Mapping[str, object] | None = None,
    *,
    resume: bool = False,
    again: bool = False,
    name: str | None = None,
) -> StoredRun:
    """Run a pipeline until it ends, as `leanopt run` does, and return the run.

    `overrides` are values by pipeline key, such as `{"executor.workers": 8}`. If the newest run of
    the same plan is unfinished, it continues; if it has finished, it is returned. A Python warning
    says so. `again` begins a new run, and with `resume` it is an error if there is none to
    continue. With `name` only the run of that name counts, and a new one gets it. Warnings are
    Python warnings; one says why a run has no completed trial. Ctrl-C stops the run: its `state` is
    then `interrupted`, and what has finished is stored. Raises errors of `leanopt_core.errors`.
    """
    if resume and again:
        raise UsageError("give resume or again, not both")
    old, new = (name, None) if resume else (None, name)
    wanted = Wanted(resume, again, run=old, name=new)
    registry = discover()
    for problem in registry.problems:
        _warn(str(problem))
    if not isinstance(overrides, Mapping | None):
        raise UsageError(f"overrides: found {overrides!r}, expected a mapping of keys to values")
    sets = [f"{key}={toml_value(value)}" for key, value in (overrides or {}).items()]
    loaded = load_pipeline(Path(pipeline), registry, sets=sets)
    found = run_pipeline(loaded, registry, _Quiet(), wanted=wanted)
    with open_store(loaded.folder) as store:
        said = store.report(found)
    if why := said.hopeless or said.some_failed:
        _warn(why)
    return found


def open_store(path: str | os.PathLike[str]) -> OpenStore:
    """Open the store of a project read-only; a context manager.

    `path` is the project's folder, its pipeline, or the store's file. Raises UsageError if there is
    no store, StoreError if it cannot be read.
    """
    given = Path(path)
    if not given.exists():
        raise UsageError(f"{given} does not exist; give the folder of a pipeline that has run")
    folder = given if given.is_dir() else given.parent
    file = given if given.suffix == STORE.suffix else folder / STORE
    if not file.is_file():
        raise UsageError(
            f"there are no runs in {folder.resolve()} (no {STORE}); "
            "give the folder of a pipeline that has run"
        )
    return OpenStore(open_file(file, read_only=True))


@frozen(eq=False)
class EquityByDay:
    """Equity at the end of each day, starting from 1: datetime64[D] and float64."""

    days: NDArray[np.datetime64]
    values: NDArray[np.float64]


class OpenStore(Closing):
    """A project's runs and trials. Use it in one thread only; a run may be in progress."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def runs(self) -> list[RunSummary]:
        """Return a summary of every run, the newest first."""
        return self._store.runs.summaries()

    def run(self, name: str | None = None) -> StoredRun:
        """Return the run with this name or unique prefix; None means the newest.

        Raises UsageError if no run or several runs match.
        """
        return self._store.runs.find(name)

    def deleted(self, strategy: str | None = None) -> list[DeletedTrials]:
        """Return how many trials deleted runs had, of one strategy (`[strategy] id`) or of all."""
        return self._store.runs.deleted(strategy)

    def single_backtests(self, strategy: str | None = None) -> list[SingleBacktest]:
        """Return the backtests that ran outside runs, of one strategy or of all."""
        return self._store.single_backtests(strategy)

    def tried(self, strategy: str) -> Tried:
        """Return how many trials a strategy (`[strategy] id`) has had, by where they were made."""
        return self._store.tried(strategy)

    def report(self, run: StoredRun, top: int = TOP) -> Report:
        """Return the report that `leanopt show` prints: counts, best trials, warnings."""
        return report(self._store, run, top)

    def document(
        self, run: StoredRun, view: str = "run", *, search: int | None = None
    ) -> dict[str, Any]:
        """Return what `leanopt show --json` prints, of one search (by number) or of all.

        Other views are `failed`, `constraints`, `stages`, `front` and `manifest`, as with these
        options.
        """
        if view not in VIEWS:
            raise UsageError(f"no view is called {view!r} ({did_you_mean(view, VIEWS)})")
        number = None if search is None else _search(run, search).number
        return VIEWS[view](self._store, run, number)

    def best_table(
        self, run: StoredRun, top: int = TOP, *, search: int | None = None
    ) -> BestTable | None:
        """Return the table of the best trials that `leanopt show` prints, None without trials."""
        number = None if search is None else _search(run, search).number
        found = report(self._store, run, top, number)
        return best_table(run, found.merged, found.plateaus) if found.merged else None

    def best(self, run: StoredRun, top: int = TOP) -> list[RankedTrial]:
        """Return the `top` (1 or more) best trials of all searches of a run, by rank."""
        if top < 1:
            raise UsageError(f"top: found {top}, expected 1 or more")
        return self._store.reader.ranked(run, top)

    def chosen(self, run: StoredRun, *, search: int = 1) -> StoredTrial | None:
        """Return the trial of a search that `[choose]` chooses, None if none is feasible.

        Without `[choose]` it is the best one. Raises UsageError if the run has no such search.
        """
        found = chosen_trials(self._store, run, search=_search(run, search).number)
        return found[0].trial if found else None

    def front(self, run: StoredRun, *, search: int = 1) -> list[StoredTrial]:
        """Return the Pareto front of a search with several objectives: trials by rank.

        Raises UsageError if the run has one fitness function, or no such search.
        """
        fronts = fronts_of(self._store, run, _search(run, search).number)
        return [one.trial for one in fronts.trials(self._store)]

    def trials(self, run: StoredRun, *, search: int = 1) -> Iterator[StoredTrial]:
        """Return the trials of one search, sorted by number.

        Raises UsageError if the run has no such search.
        """
        return self._store.reader.trials(_search(run, search).id)

    def paths(self, run: StoredRun) -> dict[str, tuple[Piece, ...]]:
        """Return the paths of a run by name: its tests out of sample, joined in date order.

        A run has paths if it has windows. Each piece has the search, the test, the chosen trial,
        and its daily returns in and out of sample, or the reason for having none.
        """
        return dict(pieces_of(self._store, run))

    def curves(self, run: StoredRun) -> dict[str, Curve]:
        """Return the daily returns out of sample of each path of a run, joined in date order."""
        return {name: curve_of(pieces) for name, pieces in self.paths(run).items()}

    def returns_matrix(
        self, run: StoredRun, *, search: int = 1, scenario: str | None = None
    ) -> ReturnsMatrix:
        """Return the daily returns of all completed trials under one scenario. Needs NumPy.

        `scenario` is its name, optional if there is only one. Raises UsageError if the search or
        the scenario does not exist.
        """
        one = _search(run, search)
        return returns_matrix(self._store.reader, one.id, _ordinal(one, scenario))

    def equity(
        self, run: StoredRun, trial: int, *, search: int = 1, scenario: str | None = None
    ) -> EquityByDay:
        """Return a trial's equity by day under one scenario, from its daily returns. Needs NumPy.

        Raises UsageError, with the reason, if there is no such trial or it has no daily returns.
        """
        import numpy as np

        ordinal = _ordinal(_search(run, search), scenario)
        returns = self._returns(find_trial(self._store, run, search, trial), ordinal)
        if isinstance(returns, str):
            raise UsageError(f"trial {trial} of run {run.name}: {returns}")
        growth = np.cumprod(1 + np.array(returns.values, dtype=float))
        return EquityByDay(dates(np.array(returns.days, dtype=int)), growth)

    def _returns(self, trial: StoredTrial, ordinal: int) -> DailyReturns | str:
        """Return a trial's daily returns under a scenario, or the reason for having none."""
        one = trial.backtests.get(ordinal)
        known = (None, None, None) if one is None else (one.id, one.failure, one.message)
        if why := missing(*known, pruned=trial.pruned_at is not None):
            return why
        returns = None if one is None else self._store.reader.returns(one.id)
        if returns is None:
            return NOT_STORED
        return returns if returns.ended is None else ended_early(returns.ended)

    def close(self) -> None:
        """Close the store."""
        self._store.close()


def _search(run: StoredRun, number: int) -> StoredSearch:
    for search in run.searches:
        if search.number == number:
            return search
    raise UsageError(f"run {run.name} has no search {number}; it has {len(run.searches)}")


def _ordinal(search: StoredSearch, name: str | None) -> int:
    """Return a scenario's index in its search."""
    names = [one.name for one in search.every_scenario]
    if name is None and len(search.scenarios) > 1:
        raise UsageError(f"search {search.number} has several scenarios: {', '.join(names)}")
    if name is not None and name not in names:
        hint = did_you_mean(name, names)
        raise UsageError(f"search {search.number} has no scenario {name!r} ({hint})")
    return names.index(name) if name is not None else 0


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=3)


class _Quiet(StillScreen):
    """Show only warnings and remarks."""

    def observe(self, event: RunEvent) -> None:
        """Issue a Python warning if the event is a warning or a remark."""
        if isinstance(event, Warned | Noted):
            _warn(event.message)
