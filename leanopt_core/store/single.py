"""Backtests outside runs: stored so that they answer, and counted as trials of their strategy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from leanopt_core.canonical import canonical_json
from leanopt_core.store import batch
from leanopt_core.store.batch import Batch
from leanopt_core.store.columns import key_column, storable, utc_text
from leanopt_core.store.database import Database
from leanopt_core.store.deleted import daily_sharpe
from leanopt_core.store.recording import Recording
from leanopt_core.store.returns import daily_returns, returns_on
from leanopt_core.work import Backtest, Outcome

_READ: Final = """
SELECT strategy, scenario, parameters, failed, sharpe, ran_at FROM single_backtests
WHERE ?1 IS NULL OR strategy = ?1 ORDER BY id"""


@frozen
class SingleBacktest:
    """A backtest that ran outside a run, which counts as a trial of its strategy.

    `scenario` and `parameters` are JSON. `sharpe` is the Sharpe ratio as in `DeletedTrials`, None
    if it does not exist. `ran_at` is when it first ran, UTC, ISO 8601.
    """

    strategy: str
    scenario: str
    parameters: str
    failed: bool
    sharpe: float | None
    ran_at: str


class SingleWriter(Recording):
    """Records single backtests of a strategy; nothing is written before `commit`."""

    def __init__(
        self,
        database: Database,
        strategy: str,
        clock: Callable[[], float],
        *,
        needs: frozenset[str],
        holds: Callable[[int], bool],
    ) -> None:
        """Take the strategy's id; the others are those of `Recording`."""
        super().__init__(database, None, clock, needs=needs, holds=holds)
        self._strategy = strategy

    def count(self, backtest: Backtest, outcome: Outcome) -> None:
        """Record that a backtest has run as a trial, once for its content key."""
        sharpe = None
        if outcome.equity is not None:
            sharpe = daily_sharpe(returns_on(*daily_returns(outcome.equity)))
        row = (
            *(storable(self._strategy), key_column(backtest.key)),
            *(_text(backtest.scenario.to_dict()), _text(backtest.parameters)),
            *(outcome.statistics is None, sharpe, utc_text(self._clock())),
        )
        self._batch.add(batch.SINGLE, row)

    @property
    def misled(self) -> bool:
        """Return whether a run has disowned backtests that have answered here."""
        return self._lookup.misled

    def drop(self) -> None:
        """Forget what was recorded since the last commit."""
        self._batch, self._recorded = Batch(), {}

    def commit(self) -> None:
        """Write all records in one transaction; raises StoreError if SQLite fails.

        A backtest that another process has stored meanwhile is stored once.
        """
        if not self._batch:
            return
        with self._database.transaction():
            self._replace()
            self._batch.write(self._database)
        self.drop()


def single_backtests(database: Database, strategy: str | None = None) -> list[SingleBacktest]:
    """Return the single backtests of one strategy or of all, in the order they first ran."""
    rows = database.rows(_READ, (strategy,))
    return [
        SingleBacktest(own, scenario, parameters, bool(failed), sharpe, ran_at)
        for own, scenario, parameters, failed, sharpe, ran_at in rows
    ]


def _text(values: Mapping[str, object]) -> str:
    return storable(canonical_json(dict(values)))
