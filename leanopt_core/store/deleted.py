"""What the store keeps of a deleted run: how many trials a strategy had, and their Sharpe ratios.

Statistics that ask whether a best result is luck need every trial that was ever made.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from math import fsum, sqrt
from typing import Any, Final

from attrs import frozen

from leanopt_core.outputs import DailyReturns
from leanopt_core.store.database import Database
from leanopt_core.store.owned import owned_trials
from leanopt_core.store.returns import unpack

# ruff: noqa: S608 - the queries are made of constants

_RETURNS: Final = """
SELECT e.number, days, daily, returns.ended FROM evaluations AS e
JOIN returns ON returns.backtest_id = e.backtest_id
JOIN calendars ON calendars.id = returns.calendar_id
WHERE e.search_id = ? AND e.ordinal = ? ORDER BY e.number"""
_SCENARIOS: Final = """
SELECT runs.strategy, runs.name, searches.id, searches.name, scenarios.ordinal, definition
FROM runs JOIN searches ON searches.run_id = runs.id
JOIN scenarios ON scenarios.search_id = searches.id
WHERE runs.id = ? AND role = 'train' ORDER BY searches.number, ordinal"""
_COLUMNS: Final = (
    "strategy, run, search, scenario, trials, failed, sharpes, mean, variance, best, deleted_at"
)
_KEEP: Final = f"INSERT INTO tallies ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_READ: Final = f"""
SELECT {_COLUMNS} FROM tallies WHERE ?1 IS NULL OR strategy = ?1 ORDER BY id"""


@frozen
class DeletedTrials:
    """The trials of one search of a deleted run, with their Sharpe ratios under one scenario.

    `scenario` is its definition as JSON. `trials` counts the told trials with a backtest that no
    other trial had before, `failed` those of them that failed; all scenarios of a search have the
    same. A Sharpe ratio is daily: mean over sample deviation of the daily returns, not annualized,
    without a risk-free rate. `sharpes` is how many trials have one; `mean`, `variance` (divided by
    `sharpes` - 1) and `best` are None where they do not exist.
    """

    strategy: str
    run: str
    search: str
    scenario: str
    trials: int
    failed: int
    sharpes: int
    mean: float | None
    variance: float | None
    best: float | None
    deleted_at: str


def count_trials(database: Database, run_id: int) -> list[tuple[Any, ...]]:
    """Return the rows to keep of a run that is about to be deleted, without the time."""
    rows, owned = [], None
    for strategy, run, search_id, search, ordinal, scenario in database.rows(_SCENARIOS, (run_id,)):
        owned = owned_trials(database, strategy) if owned is None else owned
        own = owned.get(search_id, {})
        sharpes = list(_sharpes(database, search_id, ordinal, own))
        counts = len(own), sum(own.values())
        rows.append((strategy, run, search, scenario, *counts, *_moments(sharpes)))
    return rows


def keep_trials(database: Database, rows: list[tuple[Any, ...]], now: str) -> None:
    """Store the rows of `count_trials`, inside the caller's transaction."""
    database.many(_KEEP, ((*row, now) for row in rows))


def deleted_trials(database: Database, strategy: str | None = None) -> list[DeletedTrials]:
    """Return what is kept of deleted runs, of one strategy or of all, in the order of deletion."""
    return [DeletedTrials(*row) for row in database.rows(_READ, (strategy,))]


def _sharpes(
    database: Database, search_id: int, ordinal: int, own: Container[int]
) -> Iterator[float]:
    for number, *returns in database.each(_RETURNS, (search_id, ordinal)):
        if number in own and (sharpe := daily_sharpe(unpack(*returns))) is not None:
            yield sharpe


def daily_sharpe(returns: DailyReturns) -> float | None:
    """Return the daily Sharpe ratio, None without two returns that differ."""
    mean, variance = _mean_variance(returns.values)
    return mean / sqrt(variance) if mean is not None and variance else None


def _moments(values: list[float]) -> tuple[int, float | None, float | None, float | None]:
    return len(values), *_mean_variance(values), max(values, default=None)


def _mean_variance(values: Any) -> tuple[float | None, float | None]:
    """Return mean and sample variance, None where they do not exist."""
    count = len(values)
    if count == 0:
        return None, None
    mean = fsum(values) / count
    if count == 1:
        return mean, None
    return mean, fsum((value - mean) ** 2 for value in values) / (count - 1)
