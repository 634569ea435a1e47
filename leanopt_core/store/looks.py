"""Looks at holdouts: which points of a strategy were backtested on days or symbols held out.

The backtests of all runs count, and those outside runs. When a run is deleted, its looks are kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from leanopt_core.canonical import canonical_json
from leanopt_core.holdout import Holdout
from leanopt_core.store.columns import storable, utc_text
from leanopt_core.store.database import Database

_DECLARED: Final = "SELECT definition, looks FROM holdouts WHERE strategy = ? ORDER BY id"
_DECLARE: Final = (
    "INSERT INTO holdouts (strategy, definition, declared_at) VALUES (?, ?, ?) "
    "ON CONFLICT DO UPDATE SET looks = NULL"
)
_SUPERSEDE: Final = "UPDATE holdouts SET looks = ? WHERE strategy = ? AND definition = ?"
_FORGET: Final = "DELETE FROM holdouts WHERE strategy = ? AND looks = 0"
_ADD: Final = (
    "INSERT INTO looks (strategy, scenario, parameters, looked_at) {rows} "
    "ON CONFLICT DO UPDATE SET looked_at = min(looked_at, excluded.looked_at)"
)
# The times are written as `utc_text` does.
_OF_TRIALS: Final = """
SELECT runs.strategy, c.definition, t.parameters,
  strftime('%Y-%m-%dT%H:%M:%S+00:00', min(b.finished_at), 'unixepoch') AS looked_at
FROM runs
JOIN searches AS s ON s.run_id = runs.id
JOIN scenarios AS c ON c.search_id = s.id AND c.definition = :scenario
JOIN evaluations AS e ON e.search_id = s.id AND e.ordinal = c.ordinal
JOIN backtests AS b ON b.id = e.backtest_id AND b.statistics IS NOT NULL
JOIN trials AS t ON t.search_id = e.search_id AND t.number = e.number
WHERE {which} GROUP BY runs.strategy, t.parameters"""
_OF_STRATEGY: Final = _OF_TRIALS.format(which="runs.strategy = :strategy")
_KEPT: Final = """
SELECT strategy, scenario, parameters, looked_at FROM looks
WHERE strategy = :strategy AND scenario = :scenario"""
_OF_SINGLES: Final = """
SELECT strategy, scenario, parameters, ran_at FROM single_backtests
WHERE strategy = :strategy AND scenario = :scenario AND NOT failed"""
_SCENARIOS: Final = """
SELECT definition FROM runs
JOIN searches ON searches.run_id = runs.id JOIN scenarios ON scenarios.search_id = searches.id
WHERE strategy = :strategy
UNION SELECT scenario FROM looks WHERE strategy = :strategy
UNION SELECT scenario FROM single_backtests WHERE strategy = :strategy"""
# The looks of runs that were deleted later are kept.
_FORGOTTEN: Final = """
SELECT run, search, scenario, trials FROM tallies WHERE strategy = ? AND NOT EXISTS (
  SELECT 1 FROM looks WHERE looks.strategy = tallies.strategy AND looks.scenario = tallies.scenario
)"""
_KEEP: Final = _ADD.format(rows=_OF_TRIALS.format(which="runs.id = :run"))
_OF_RUN: Final = """
SELECT DISTINCT strategy, definition FROM runs
JOIN searches ON searches.run_id = runs.id JOIN scenarios ON scenarios.search_id = searches.id
WHERE runs.id = ?"""


class Looks:
    """The holdouts of strategies, and the looks at them. `clock` returns seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def holdouts(self, strategy: str) -> dict[Holdout, int | None]:
        """Return the strategy's holdouts: the current one with None, former ones with their looks.

        These are the points that had been looked at when another one took its place.
        """
        return _holdouts(self._database, strategy)

    def declare(self, strategy: str, holdout: Holdout) -> None:
        """Make this the strategy's holdout; a former one that nobody has looked at is forgotten."""
        known = self.holdouts(strategy)
        if holdout in known and known[holdout] is None:
            return
        with self._database.transaction():
            # Read again: another process may have declared one meanwhile.
            known = self.holdouts(strategy)
            for one in (one for one, looks in known.items() if looks is None):
                looks = len(self.at(strategy, one))
                self._database.run(_SUPERSEDE, (looks, strategy, _definition(one)))
            self._database.run(_FORGET, (strategy,))
            now = utc_text(self._clock())
            self._database.run(_DECLARE, (strategy, _definition(holdout), now))

    def at(self, strategy: str, holdout: Holdout) -> dict[str, str]:
        """Return when each point was first looked at, by its parameters as canonical JSON.

        That is when the first of its completed backtests finished: UTC, ISO 8601.
        """
        found: dict[str, str] = {}
        for (scenario,) in self._database.rows(_SCENARIOS, {"strategy": strategy}):
            if not holdout.overlaps(json.loads(scenario)):
                continue
            asked = {"strategy": strategy, "scenario": scenario}
            for query in (_OF_STRATEGY, _OF_SINGLES, _KEPT):
                for _, _, parameters, looked_at in self._database.each(query, asked):
                    found[parameters] = min(looked_at, found.get(parameters, looked_at))
        return found

    def forgotten(self, strategy: str, holdout: Holdout) -> int:
        """Return how many trials of runs that were deleted before it was declared have looked."""
        found: dict[tuple[str, str], int] = {}
        for run, search, scenario, trials in self._database.rows(_FORGOTTEN, (strategy,)):
            if holdout.overlaps(json.loads(scenario)):
                found[run, search] = max(trials, found.get((run, search), 0))
        return sum(found.values())

    def add(self, strategy: str, looks: Mapping[str, Iterable[str]]) -> None:
        """Store that points were looked at now: their parameters by scenario, all as JSON."""
        now = utc_text(self._clock())
        rows = [
            (strategy, storable(scenario), storable(one), now)
            for scenario, parameters in looks.items()
            for one in parameters
        ]
        if rows:
            with self._database.transaction():
                self._database.many(_ADD.format(rows="VALUES (?, ?, ?, ?)"), rows)


def keep_looks(database: Database, run_id: int) -> None:
    """Keep a run's looks at its strategy's holdouts, inside the transaction that deletes it."""
    for strategy, scenario in database.rows(_OF_RUN, (run_id,)):
        settings = json.loads(scenario)
        if any(one.overlaps(settings) for one in _holdouts(database, strategy)):
            database.run(_KEEP, {"run": run_id, "scenario": scenario})


def _holdouts(database: Database, strategy: str) -> dict[Holdout, int | None]:
    return {
        Holdout.from_dict(json.loads(definition)): looks
        for definition, looks in database.rows(_DECLARED, (strategy,))
    }


def _definition(holdout: Holdout) -> str:
    return storable(canonical_json(holdout.to_dict()))
