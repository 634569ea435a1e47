"""How many trials a strategy has had, ever: in runs, outside runs, on holdouts, in deleted runs.

Statistics that ask whether a best result is luck need this number.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from attrs import field, frozen

from leanopt_core.store.columns import JUDGING, TOLD
from leanopt_core.store.database import Database
from leanopt_core.store.deleted import DeletedTrials, deleted_trials
from leanopt_core.store.owned import owned_trials

# ruff: noqa: S608 - the queries are made of constants

_SEARCHES: Final = """
SELECT searches.id, runs.name, searches.number, searches.name
FROM runs JOIN searches ON searches.run_id = runs.id
WHERE runs.strategy = ? ORDER BY searches.id"""
# What was looked at outside runs is among the looks, too.
_SINGLES: Final = """
SELECT count(*) FROM single_backtests AS s WHERE strategy = :strategy AND NOT EXISTS (
  SELECT 1 FROM looks AS l WHERE l.strategy = s.strategy AND l.scenario = s.scenario
  AND l.parameters = s.parameters
)"""
# Looks of trials of runs are counted there, also if the run was deleted.
_LOOKS: Final = f"""
SELECT count(DISTINCT parameters) FROM looks AS l WHERE strategy = :strategy AND (
  EXISTS (
    SELECT 1 FROM single_backtests AS s WHERE s.strategy = l.strategy AND s.scenario = l.scenario
    AND s.parameters = l.parameters
  ) OR NOT EXISTS (
    SELECT 1 FROM tallies AS d WHERE d.strategy = l.strategy AND d.scenario = l.scenario
  ) AND NOT EXISTS (
    SELECT 1 FROM runs JOIN searches ON searches.run_id = runs.id
    JOIN scenarios ON scenarios.search_id = searches.id AND definition = l.scenario
    JOIN trials ON trials.search_id = searches.id AND {TOLD} AND trials.parameters = l.parameters
    WHERE runs.strategy = l.strategy AND scenarios.role IN {JUDGING}
  )
)"""


@frozen
class TriedSearch:
    """The trials of one search that count: those with a backtest that no other trial had before.

    `trials` are their numbers, `failed` is how many of them failed; `number` and `name` are the
    search's.
    """

    run: str
    number: int
    name: str
    trials: frozenset[int] = field(repr=lambda numbers: f"{len(numbers)} trials")
    failed: int


@frozen
class Tried:
    """How many trials a strategy (`[strategy] id`) has had, by where they were made.

    `searches` are those of all runs that are there. `single` backtests ran outside runs; `looks`
    are points that were looked at on a holdout outside runs. `deleted` trials were in runs that are
    deleted. Withdrawn trials, tests and verifications do not count.
    """

    strategy: str
    searches: tuple[TriedSearch, ...]
    single: int
    looks: int
    deleted: int

    @property
    def in_runs(self) -> int:
        """Return the number of trials of runs that are there."""
        return sum(len(one.trials) for one in self.searches)

    @property
    def total(self) -> int:
        """Return the number of trials in all."""
        return self.in_runs + self.single + self.looks + self.deleted


def tried(database: Database, strategy: str) -> Tried:
    """Count the trials of a strategy; raises StoreError if SQLite fails."""
    owned, asked = owned_trials(database, strategy), {"strategy": strategy}
    searches = []
    for search_id, run, number, name in database.rows(_SEARCHES, (strategy,)):
        own = owned.get(search_id, {})
        searches.append(TriedSearch(run, number, name, frozenset(own), sum(own.values())))
    return Tried(
        strategy,
        tuple(searches),
        database.rows(_SINGLES, asked)[0][0],
        database.rows(_LOOKS, asked)[0][0],
        _deleted(deleted_trials(database, strategy)),
    )


def _deleted(rows: Iterable[DeletedTrials]) -> int:
    """Return the trials of deleted runs: a search has a row for each of its scenarios."""
    searches = groupby(rows, key=lambda row: (row.run, row.search, row.deleted_at))
    return sum(max(row.trials for row in group) for _, group in searches)
