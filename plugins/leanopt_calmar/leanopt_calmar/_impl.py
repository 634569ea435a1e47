"""The fitness function itself: requirements first, then return over drawdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from attrs import frozen

from leanopt_core.fitness import Backtested, Direction, Fitness
from leanopt_core.scoring import Operator, ResultConstraint, combine
from leanopt_core.statistics import Statistics, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from leanopt_calmar import CalmarOptions

#: A drawdown below this share of the peak counts as this, so that none at all stays finite.
DRAWDOWN_FLOOR: Final = 0.001
#: LEAN's own profit factor where nothing was lost.
PROFIT_FACTOR_WITHOUT_LOSS: Final = 10.0


def reward(profit: float, drawdown: float, weight: float = 1.0) -> float:
    """Return what `profit` at `drawdown` (both fractions) is worth.

    A profit is divided by the drawdown and weighed. A loss is not: the quotient would praise a
    deeper drawdown, and the weight a larger loss with fewer trades. It counts as itself, made worse
    by the drawdown: `profit * (1 + drawdown)`. So more profit is never worse, more drawdown is
    never better, and every loss lies below every profit.
    """
    if profit >= 0:
        return profit / max(drawdown, DRAWDOWN_FLOOR) * weight
    return profit * (1 + drawdown)


def trade_weight(trades: float, min_trades: int) -> float:
    """Return `log10(trades / min_trades)`, lean-optimizer's weight.

    `min_trades` below 1 counts as 1. Where the logarithm is 0 or less, half a trade above the
    minimum is taken instead: otherwise all backtests with exactly so many trades would be equal.
    """
    least = max(min_trades, 1)
    return math.log10(max(trades, least + 0.5) / least)


def trade_count(backtest: Backtested) -> float | None:
    """Return the closed trades where the engine reports them, else the orders."""
    if backtest.closed_trades is not None:
        return float(backtest.closed_trades)
    statistics = backtest.statistics
    return statistics.total_orders if statistics.closed_trades is None else statistics.closed_trades


def profit_factor(statistics: Statistics) -> float | None:
    """Return the profit factor, worked out of win rate and average win and loss where it lacks."""
    reported = statistics.profit_factor
    rate = statistics.win_rate
    win, loss = statistics.get("Average Win"), statistics.get("Average Loss")
    if reported is not None or rate is None or win is None or loss is None:
        return reported
    lost = (1 - rate) * abs(loss)
    if lost > 0:
        return rate * win / lost
    return PROFIT_FACTOR_WITHOUT_LOSS if rate * win > 0 else 0.0


@frozen
class Requirement:
    """What a backtest must reach to be judged: a figure, a bound, and how to say it."""

    constraint: ResultConstraint
    value: float | None

    @property
    def unmet(self) -> float:
        """Return by how much it is missed, 0 where it is met."""
        return 0.0 if self.value is None else self.constraint.size(self.value)

    def __str__(self) -> str:
        """Return the figure and the bound."""
        return f"{self.value:g} where {self.constraint.text} is required"


def _at_least(name: str, bound: float, value: float | None) -> Requirement:
    text = f"{name} >= {bound:g}"
    return Requirement(ResultConstraint(name, Operator.GREATER_OR_EQUAL, bound, text), value)


def _at_most(name: str, bound: float, value: float | None) -> Requirement:
    text = f"{name} <= {bound:g}"
    return Requirement(ResultConstraint(name, Operator.LESS_OR_EQUAL, bound, text), value)


@frozen
class Calmar:
    """Judges by return over drawdown; a backtest below the requirements has no fitness."""

    options: CalmarOptions

    @property
    def direction(self) -> Direction:
        """Return `max`."""
        return "max"

    @property
    def target(self) -> float | None:
        """Return None: there is no value at which to end."""
        return None

    def __call__(self, backtests: Sequence[Backtested]) -> Fitness:
        """Judge each scenario by itself and combine; none where one scenario has none."""
        return combine([self._judge(backtest) for backtest in backtests], self.options.aggregate)

    def _judge(self, backtest: Backtested) -> Fitness:
        statistics = backtest.statistics
        profit, trades = self._profit(statistics), trade_count(backtest)
        drawdown = None if statistics.drawdown is None else abs(statistics.drawdown)
        required = tuple(self._requirements(statistics, trades, drawdown))
        if profit is None or trades is None or drawdown is None or _unknown(required):
            return _without(backtest, self._missing(statistics, trades))
        unmet = [one for one in required if one.unmet > 0]
        if unmet:
            return _without(backtest, map(str, unmet), math.fsum(one.unmet for one in unmet))
        return Fitness(reward(profit, drawdown, self._weight(trades)))

    def _weight(self, trades: float) -> float:
        weighed = self.options.form == "log_trades"
        return trade_weight(trades, self.options.min_trades) if weighed else 1.0

    def _profit(self, statistics: Statistics) -> float | None:
        if self.options.form == "log_trades":
            return statistics.net_profit
        return statistics.compounding_annual_return

    def _requirements(
        self, statistics: Statistics, trades: float | None, drawdown: float | None
    ) -> Iterator[Requirement]:
        yield _at_least("trades", self.options.min_trades, trades)
        if self.options.min_profit_factor is not None:
            factor = profit_factor(statistics)
            yield _at_least("profit factor", self.options.min_profit_factor, factor)
        limit = self.options.max_drawdown_limit
        limit = number(limit) if isinstance(limit, str) else limit
        if limit is not None:
            yield _at_most("drawdown", limit, drawdown)

    def _missing(self, statistics: Statistics, trades: float | None) -> Iterator[str]:
        """Say for each figure that is needed and missing which statistic was looked for."""
        if self._profit(statistics) is None:
            weighed = self.options.form == "log_trades"
            yield statistics.missing("Net Profit" if weighed else "Compounding Annual Return")
        if statistics.drawdown is None:
            yield statistics.missing("Drawdown")
        if trades is None:
            yield statistics.missing("Total Orders")
        if self.options.min_profit_factor is not None and profit_factor(statistics) is None:
            yield statistics.missing("Profit Factor")


def _unknown(required: Iterable[Requirement]) -> bool:
    return any(one.value is None for one in required)


def _without(backtest: Backtested, reasons: Iterable[str], violation: float = 0.0) -> Fitness:
    named = tuple(f"{backtest.scenario}: {reason}" for reason in reasons)
    return Fitness(reasons=named, violation=violation)


def create(options: CalmarOptions) -> Calmar:
    """Return the fitness function for `options`."""
    return Calmar(options)
