"""What the store did not keep of a trial's backtest: make it again, and compare."""

from __future__ import annotations

from attrs import frozen

from leanopt_core.engines.base import Report
from leanopt_core.errors import DifferenceError, UsageError
from leanopt_core.plugins import Registry
from leanopt_core.report.series import SERIES, Series, series_of
from leanopt_core.report.subject import Selection
from leanopt_core.report.verified import warnings
from leanopt_core.search.calls import Calls
from leanopt_core.search.verification import Compared, Verification
from leanopt_core.search.verify import Stored, verify
from leanopt_core.store.records import StoredTrial
from leanopt_core.store.store import Store


@frozen
class Remaker:
    """Gives the equity curve or closed trades of stored trials, made again if not stored.

    `registry` has the engine and the executor of their runs, `report` gets what the user should
    know, `calls` notes the calls into plugins.
    """

    store: Store
    registry: Registry
    report: Report
    calls: Calls

    def series(self, subject: Selection, scenario: str | None, name: str) -> Series:
        """Return one of `SERIES` of a trial under a scenario, by default its only one.

        Nothing that runs for this is stored. Raises UsageError if the trial has none,
        DifferenceError if its backtest now gives other results.
        """
        trial = subject.trial
        assert trial is not None  # noqa: S101 - the caller has chosen one
        ordinal = _ordinal(subject, scenario)
        _check_completed(subject.name, trial, ordinal)
        kept = self.store.reader.outcomes(trial, frozenset({"returns", name}))[ordinal]
        if (found := series_of(kept, name)) is not None:
            return found
        self.report(f"the store has no {SERIES[name]} of {subject.name}: its backtest runs again")
        stored = Stored(subject.search, trial, {ordinal: kept})
        again = series_of(self._again(subject, stored, name).other.outcome, name)
        if again is None:
            raise UsageError(f"{subject.name}: the strategy reports no {SERIES[name]}")
        return again

    def _again(self, subject: Selection, stored: Stored, name: str) -> Compared:
        said = verify(
            subject.run,
            [stored],
            self.registry,
            self.store.path.absolute().parent.parent,
            against=None,
            tolerance=0.0,
            workers=1,
            hashed=self.store.hash_file,
            report=self.report,
            progress=lambda *_: None,
            calls=self.calls,
            outputs=frozenset({name}),
        )
        (found,) = said.compared
        if not found.equal:
            raise DifferenceError(_differs(subject, said, found))
        return found


def _ordinal(subject: Selection, scenario: str | None) -> int:
    """Return the index of a scenario; raises UsageError if it is not clear which is meant."""
    search = subject.run.searches[subject.search - 1]
    names = [one.name for one in search.every_scenario]
    if scenario is None and len(search.scenarios) == 1:
        return 0
    if scenario in names:
        return names.index(scenario)
    listed = ", ".join(names)
    what = "has several scenarios" if scenario is None else f"has no scenario {scenario!r}"
    raise UsageError(f"run {subject.run.name} {what}; choose with --scenario from: {listed}")


def _check_completed(named: str, trial: StoredTrial, ordinal: int) -> None:
    """Raise UsageError if a trial's backtest under a scenario has no result."""
    found = trial.backtests.get(ordinal)
    if found is None and trial.pruned_at is not None:
        raise UsageError(f"{named} was pruned before this backtest; choose another --scenario")
    if found is None:
        raise UsageError(f"{named} has no finished backtest")
    if found.failure is not None:
        raise UsageError(f"{named} failed: {found.failure}: {found.message}")


def _differs(subject: Selection, said: Verification, found: Compared) -> str:
    """Return how the backtest made again differs, and why as far as that is known."""
    failure = found.other.outcome.failure
    if failure is not None:
        what = f"{failure.category}: {failure.message}"
    else:
        name, (before, now) = next(iter(found.differences.items()), ("fingerprint", ("", "")))
        what = f"{name} was {before!r} and is {now!r}"
    why = "".join(f"\n  {text}" for text in warnings(said))
    return f"{subject.name} gives other results when run again ({what}); nothing is written{why}"
