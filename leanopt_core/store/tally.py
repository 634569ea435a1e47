"""Count a run's trials by result and stage, and its backtests."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from leanopt_core.store.columns import JUDGES, TOLD
from leanopt_core.store.database import Database

# ruff: noqa: S608 - the statements are made of constants
_STAGES: Final = """
SELECT searches.number, stages.name, stages.method, stages.trials,
  count(CASE WHEN trials.state = 'completed' THEN 1 END),
  count(CASE WHEN trials.state = 'failed' THEN 1 END),
  count(CASE WHEN trials.state = 'withdrawn' THEN 1 END),
  stages.ended
FROM searches
JOIN stages ON stages.search_id = searches.id
LEFT JOIN trials ON trials.search_id = searches.id AND trials.stage_id = stages.id
WHERE searches.run_id = ?
GROUP BY stages.id ORDER BY searches.number, stages.position"""
_KINDS: Final = f"""
SELECT
  count(CASE WHEN violation = 0 AND fitness IS NOT NULL AND pruned_at IS NULL THEN 1 END),
  count(CASE WHEN violation > 0 THEN 1 END),
  count(CASE WHEN violation = 0 AND fitness IS NULL AND trials.failure IS NULL THEN 1 END),
  count(CASE WHEN violation = 0 AND fitness IS NOT NULL AND pruned_at IS NOT NULL THEN 1 END)
FROM searches JOIN trials ON trials.search_id = searches.id AND {TOLD}
WHERE searches.run_id = ?"""
_FAILURES: Final = """
SELECT trials.failure, count(*)
FROM searches JOIN trials ON trials.search_id = searches.id
WHERE searches.run_id = ? AND trials.failure IS NOT NULL
GROUP BY trials.failure ORDER BY count(*) DESC, trials.failure"""
# Searches of a run share backtests: one that ran answers the others.
_ANSWERED: Final = """
SELECT count(DISTINCT CASE WHEN backtests.run_id = :run THEN backtests.id END), count(*)
FROM searches
JOIN evaluations ON evaluations.search_id = searches.id
JOIN backtests ON backtests.id = evaluations.backtest_id
WHERE searches.run_id = :run"""

# What pruned trials lack of their scenarios.
_SAVED: Final = f"""
SELECT coalesce(sum(
  (SELECT count(*) FROM scenarios WHERE search_id = trials.search_id AND role = 'train')
  - (SELECT count(*) FROM evaluations AS e
     WHERE e.search_id = trials.search_id AND e.number = trials.number AND {JUDGES})
), 0)
FROM searches JOIN trials ON trials.search_id = searches.id AND pruned_at IS NOT NULL
WHERE run_id = ?"""


@frozen
class StageTally:
    """One stage: its budget, its trials by state, and why it ended."""

    search: int
    name: str
    method: str
    trials: int | None
    completed: int
    failed: int
    withdrawn: int
    ended: str | None


@frozen
class Tally:
    """Completed trials by kind, failures by category, and backtests.

    Each completed trial has one kind; `pruned` ones would be feasible, but not all scenarios have
    judged them. `fresh` backtests ran in this run; `cached` ones came from the cache; `saved` ones
    did not run, since their trials were pruned, of any kind.
    """

    stages: tuple[StageTally, ...]
    feasible: int
    infeasible: int
    unscored: int
    failures: dict[str, int]
    fresh: int
    cached: int
    pruned: int = 0
    saved: int = 0

    @property
    def told(self) -> int:
        """Return the number of trials whose method was told a result, completed or failed."""
        return self.completed + self.failed

    @property
    def completed(self) -> int:
        """Return the number of trials whose backtests all completed."""
        return sum(stage.completed for stage in self.stages)

    @property
    def failed(self) -> int:
        """Return the number of trials with a failed backtest."""
        return sum(stage.failed for stage in self.stages)

    @property
    def withdrawn(self) -> int:
        """Return the number of trials that were proposed but never told."""
        return sum(stage.withdrawn for stage in self.stages)


def tally(database: Database, run_id: int) -> Tally:
    """Count a run's trials and backtests; raises StoreError if SQLite fails."""
    stages = tuple(StageTally(*row) for row in database.rows(_STAGES, (run_id,)))
    feasible, infeasible, unscored, pruned = database.rows(_KINDS, (run_id,))[0]
    fresh, answered = database.rows(_ANSWERED, {"run": run_id})[0]
    return Tally(
        stages,
        feasible,
        infeasible,
        unscored,
        failures(database, run_id),
        fresh,
        answered - fresh,
        pruned,
        database.rows(_SAVED, (run_id,))[0][0],
    )


def failures(database: Database, run_id: int) -> dict[str, int]:
    """Count a run's failed trials by category, the most frequent first."""
    return dict(database.rows(_FAILURES, (run_id,)))
