"""The fitness function itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from leanopt_core.api import Backtested, Direction, Fitness, parse_number, score_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leanopt_statistic import StatisticOptions


@frozen
class StatisticFitness:
    """Takes one statistic of each backtest, and combines the values of several scenarios."""

    options: StatisticOptions

    @property
    def direction(self) -> Direction:
        """Return the direction that the options name."""
        return self.options.direction

    @property
    def target(self) -> float | None:
        """Return the target as a plain number."""
        target = self.options.target
        return parse_number(target) if isinstance(target, str) else target

    def __call__(self, backtests: Sequence[Backtested]) -> Fitness:
        """Return the statistic; without it, no fitness and the nearest name."""
        options = self.options
        return score_each(
            backtests, self._score, options.aggregate, direction=options.direction, q=options.q
        )

    def _score(self, backtest: Backtested) -> Fitness:
        value = backtest.statistics.get(self.options.statistic)
        if value is not None:
            return Fitness(value)
        return Fitness(reasons=(backtest.statistics.missing(self.options.statistic),))


def create(options: StatisticOptions) -> StatisticFitness:
    """Return the fitness function for `options`."""
    return StatisticFitness(options)
