"""Read a few columns of every trial of a run or a search, in one pass."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from leanopt_core.canonical import from_canonical
from leanopt_core.ranking import RANKED
from leanopt_core.store.columns import JUDGES, TOLD
from leanopt_core.store.database import Database
from leanopt_core.store.records import StoredSearch
from leanopt_core.store.trial_columns import (
    Asked,
    TrialColumns,
    columns_of_trials,
    names_of_columns,
)

# ruff: noqa: S608 - the queries are made of constants
_FAILED: Final = """
SELECT searches.number, trials.number, e.ordinal, coalesce(b.failure, trials.failure),
  coalesce(b.message, 'the backtest gave no statistics')
FROM searches JOIN trials ON trials.search_id = searches.id AND trials.failure IS NOT NULL
JOIN evaluations AS e ON e.search_id = searches.id AND e.number = trials.number
JOIN backtests AS b ON b.id = e.backtest_id AND b.statistics IS NULL
WHERE searches.run_id = ? ORDER BY searches.number, trials.number, e.ordinal"""
_MISSED: Final = """
SELECT searches.number, trials.number, fitness, violation, detail
FROM searches JOIN trials ON trials.search_id = searches.id AND trials.state = 'completed'
WHERE searches.run_id = ? AND (violation > 0 OR fitness IS NULL)
ORDER BY searches.number, trials.number"""
_PENALIZED: Final = """
SELECT searches.number, json_extract(detail, '$.penalties')
FROM searches JOIN trials ON trials.search_id = searches.id AND trials.state = 'completed'
WHERE searches.run_id = ? AND json_extract(detail, '$.penalties') IS NOT NULL"""
_SCORES: Final = f"""
SELECT stage_id, number, CASE WHEN violation = 0 AND pruned_at IS NULL THEN fitness END
FROM trials WHERE search_id = ? AND {TOLD} ORDER BY number"""
# Ranked, so that a front keeps the order of the ranking.
_OBJECTIVES: Final = f"""
SELECT number, detail FROM (
  SELECT trials.*, direction FROM trials JOIN searches ON searches.id = trials.search_id
  WHERE search_id = ? AND trials.state = 'completed'
    AND violation = 0 AND fitness IS NOT NULL AND pruned_at IS NULL
) ORDER BY {RANKED}, number"""
_RESULTS: Final = f"""
SELECT t.number, t.parameters, t.fitness, t.violation, sum(length(CAST(b.statistics AS BLOB)))
FROM trials AS t
JOIN evaluations AS e ON e.search_id = t.search_id AND e.number = t.number AND {JUDGES}
JOIN backtests AS b ON b.id = e.backtest_id
WHERE t.search_id = ? AND t.state = 'completed' AND t.pruned_at IS NULL
GROUP BY t.number ORDER BY t.number"""
_STATISTICS: Final = f"""
SELECT e.number, CAST(b.statistics AS BLOB)
FROM evaluations AS e JOIN backtests AS b ON b.id = e.backtest_id
WHERE e.search_id = ? AND e.number IN (SELECT value FROM json_each(?)) AND {JUDGES}
ORDER BY e.number, e.ordinal"""
_PAGE_SIZE: Final = 500


class FailedBacktest(NamedTuple):
    """A failed backtest: where it was, its category and message."""

    search: int
    trial: int
    ordinal: int
    category: str
    message: str


class MissedTrial(NamedTuple):
    """A completed trial that is infeasible or has no fitness; `detail` is JSON."""

    search: int
    trial: int
    fitness: float | None
    violation: float
    detail: str | None


class StageScore(NamedTuple):
    """A told trial; `fitness` is None unless it is feasible and complete."""

    stage_id: int
    number: int
    fitness: float | None


class TrialObjectives(NamedTuple):
    """A feasible, complete trial with several objectives, the higher the better.

    `values` are what its fitness functions gave, by name.
    """

    number: int
    objectives: tuple[float, ...]
    values: Mapping[str, float]


class TrialResult(NamedTuple):
    """A completed trial: JSON of its parameters, its score, and the bytes of its statistics."""

    number: int
    parameters: str
    fitness: float | None
    violation: float
    size: int


class Survey:
    """Reads a run for views of all its trials; rows are read as they are asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def failures(self, run_id: int) -> Iterator[FailedBacktest]:
        """Yield the failed backtests of a run's trials."""
        return self._each(FailedBacktest, _FAILED, run_id)

    def missed(self, run_id: int) -> Iterator[MissedTrial]:
        """Yield a run's completed trials that are infeasible or have no fitness."""
        return self._each(MissedTrial, _MISSED, run_id)

    def penalties(self, run_id: int) -> Iterator[tuple[int, str]]:
        """Yield the search and the penalties, as JSON, of each trial of a run that has some."""
        return self._database.each(_PENALIZED, (run_id,))

    def scores(self, search_id: int) -> Iterator[StageScore]:
        """Yield the told trials of a search."""
        return self._each(StageScore, _SCORES, search_id)

    def objectives(self, search_id: int) -> Iterator[TrialObjectives]:
        """Yield the feasible, complete trials of a search with several objectives, by rank."""
        for number, detail in self._database.each(_OBJECTIVES, (search_id,)):
            found = from_canonical(detail or "{}")
            objectives = tuple(map(float, found.get("objectives", ())))
            yield TrialObjectives(number, objectives, found.get("values", {}))

    def results(self, search_id: int) -> Iterator[TrialResult]:
        """Yield the completed trials of a search that all of its scenarios judged."""
        return self._each(TrialResult, _RESULTS, search_id)

    def statistics(self, search_id: int, numbers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Yield number and statistics of these trials' backtests, by number and scenario."""
        for start in range(0, len(numbers), _PAGE_SIZE):
            page = json.dumps(numbers[start : start + _PAGE_SIZE])
            yield from self._database.rows(_STATISTICS, (search_id, page))

    def columns(self, search_id: int, asked: Asked) -> Iterator[TrialColumns]:
        """Yield the told trials of a search with what is asked for."""
        return columns_of_trials(self._database, search_id, asked)

    def names(self, search: StoredSearch) -> tuple[list[str], list[str]]:
        """Return the names of statistics and of further values that a search's trials have."""
        return names_of_columns(self._database, search.id, search.told)

    def _each(self, kind: Any, query: str, row_id: int) -> Iterator[Any]:
        return map(kind._make, self._database.each(query, (row_id,)))
