"""The fitness function itself."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from attrs import evolve, field, frozen
from leanopt_evidence import Moments, deflated_sharpe, moments

from leanopt_core.api import Fitness, FitnessContext, ScenarioFitness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leanopt_core.api import Backtested, DailyReturns, Direction
    from leanopt_deflated_sharpe import DeflatedSharpeOptions

#: The variance of fewer told trials is mostly chance.
TOLD: Final = 20
_DAYS_A_YEAR: Final = 365.25
_NO_CONTEXT: Final = FitnessContext()
_NO_TRIALS: Final = (
    "the search has no budget: set trials below [fitness], [search] or each [[stage]]"
)


@frozen
class DeflatedSharpe:
    """Scores each scenario by its Deflated Sharpe Ratio, then aggregates.

    The Sharpe ratio of each scenario, per period, is a named value, so that its variance over told
    trials is known.
    """

    options: DeflatedSharpeOptions
    direction: Direction = field(default="max", init=False)
    target: float | None = field(default=None, init=False)

    def __call__(
        self, backtests: Sequence[Backtested], context: FitnessContext = _NO_CONTEXT
    ) -> Fitness:
        """Score the backtests; no fitness if one of them has none."""
        sharpes: dict[str, float] = {}
        score = partial(self._score, context=context, sharpes=sharpes)
        judged = ScenarioFitness(self.options, score)(backtests)
        return evolve(judged, values=sharpes)

    def _score(
        self, backtest: Backtested, context: FitnessContext, sharpes: dict[str, float]
    ) -> Fitness:
        returns = backtest.returns
        if returns is None:
            return Fitness(reasons=("the backtest has no daily returns",))
        trials = self.options.trials or context.search_trials
        if trials is None:
            return Fitness(reasons=(_NO_TRIALS,))
        periods = self._periods(returns)
        found = moments(np.array(returns.values, np.float64) - self._rate(periods))
        if found.sharpe is None:
            return Fitness(reasons=(f"no Sharpe ratio: {found.reason}",))
        name = f"sharpe {backtest.scenario}"
        sharpes[name] = found.sharpe
        deflated = deflated_sharpe(found, trials, self._variance(found, periods, name, context))
        return Fitness(deflated.value, (deflated.reason,) if deflated.reason else ())

    def _variance(
        self, found: Moments, periods: float, name: str, context: FitnessContext
    ) -> float:
        """Return the variance of the trials' Sharpe ratios per period."""
        if self.options.variance is not None:
            return self.options.variance / periods
        told = context.values.get(name)
        if told is not None and told.count >= TOLD and told.variance is not None:
            return told.variance
        # That of trials without skill whose returns are normal.
        return 1 / (found.n - 1)

    def _periods(self, returns: DailyReturns) -> float:
        """Return the periods a year; 1 without returns."""
        if self.options.periods_per_year is not None or not returns.days:
            return self.options.periods_per_year or 1.0
        return len(returns.days) * _DAYS_A_YEAR / (returns.days[-1] - returns.days[0] + 1)

    def _rate(self, periods: float) -> float:
        return math.pow(1 + self.options.annual_rate, 1 / periods) - 1


def create(options: DeflatedSharpeOptions) -> DeflatedSharpe:
    """Return the fitness function for `options`."""
    return DeflatedSharpe(options)
