"""Which trials of a strategy count as tried: what was asked for again counts once in all."""

from __future__ import annotations

from typing import Final

from leanopt_core.store.columns import JUDGING, TOLD
from leanopt_core.store.database import Database

# ruff: noqa: S608 - the query is made of constants

# Each backtest belongs to one told trial of the strategy: of those that have it, to the first one
# of the search that ran it, else to the first of all. A trial counts if a backtest belongs to it.
# One that ran again on the same files, such as for its equity curve, is the same backtest.
# Backtests that ran outside runs, or in runs that were deleted, are counted there.
_OWNED: Final = f"""
SELECT DISTINCT search_id, number, failed FROM (
  SELECT e.search_id, e.number, trials.failure IS NOT NULL AS failed, row_number() OVER (
    PARTITION BY b.key, b.opened ORDER BY e.search_id IS NOT made.search_id, e.search_id, e.number
  ) AS place
  FROM runs
  JOIN searches ON searches.run_id = runs.id
  JOIN scenarios ON scenarios.search_id = searches.id AND scenarios.role IN {JUDGING}
  JOIN evaluations AS e ON e.search_id = searches.id AND e.ordinal = scenarios.ordinal
  JOIN trials ON trials.search_id = e.search_id AND trials.number = e.number AND {TOLD}
  JOIN backtests AS b ON b.id = e.backtest_id
  LEFT JOIN scenarios AS made ON made.id = b.scenario_id
  WHERE runs.strategy = :strategy AND (b.run_id IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM tallies WHERE strategy = :strategy
    UNION ALL SELECT 1 FROM single_backtests AS s WHERE s.strategy = :strategy AND s.key = b.key
  ))
) WHERE place = 1"""


def owned_trials(database: Database, strategy: str) -> dict[int, dict[int, bool]]:
    """Return the numbers of the trials that count, by the id of their search; true: it failed."""
    found: dict[int, dict[int, bool]] = {}
    for search_id, number, failed in database.each(_OWNED, {"strategy": strategy}):
        found.setdefault(search_id, {})[number] = bool(failed)
    return found
