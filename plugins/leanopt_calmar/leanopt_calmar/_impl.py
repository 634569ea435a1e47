"""The fitness function itself: requirements first, then return over drawdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from attrs import frozen

from leanopt_core.fitness import Backtested, Direction, Fitness
from leanopt_core.scoring import Operator, ResultConstraint, judge_each
from leanopt_core.statistics import Statistics, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leanopt_calmar import CalmarOptions

#: A drawdown below this share of the peak counts as this, so that none at all stays finite.
DRAWDOWN_FLOOR: Final = 0.001
#: Worth at most this in either direction, so that no return, however wild, leads to infinity.
LARGEST: Final = 1e100
#: LEAN's own profit factor where nothing was lost.
PROFIT_FACTOR_WITHOUT_LOSS: Final = 10.0


def reward(profit: float, drawdown: float, weight: float = 1.0) -> float:
    """Return what `profit` at `drawdown` (both fractions) is worth.

    A profit is divided by the drawdown and weighed. A loss is not: the quotient would praise a
    deeper drawdown, and the weight a larger loss with fewer trades. It counts as itself, made worse
    by the drawdown: `profit * (1 + drawdown)`. So more profit is never worse, more drawdown is
    never better, and every loss lies below every profit.
    """
    worth = profit / max(drawdown, DRAWDOWN_FLOOR) * weight
    if profit < 0:
        worth = profit * (1 + drawdown)
    return min(max(worth, -LARGEST), LARGEST)


def trade_weight(trades: float, min_trades: int) -> float:
    """Return `log10(trades / min_trades)`, lean-optimizer's weight.

    `min_trades` below 1 counts as 1. Where the logarithm is 0 or less, half a trade above the
    minimum is taken instead: otherwise all backtests with exactly so many trades would be equal.
    """
    least = max(min_trades, 1)
    return math.log10(max(trades, least + 0.5) / least)


def trade_count(backtest: Backtested) -> float | None:
    """Return the closed trades where the engine reports them, else the orders."""
    statistics = backtest.statistics
    counts = (backtest.closed_trades, statistics.closed_trades, statistics.total_orders)
    return next((float(count) for count in counts if count is not None), None)


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
class Figure:
    """A figure that a backtest is judged by: the statistic it comes from, and its bound if any."""

    statistic: str
    value: float | None
    bound: ResultConstraint | None = None

    @property
    def unmet(self) -> float:
        """Return by how much the bound is missed, 0 where it is met or there is none."""
        return 0.0 if self.bound is None or self.value is None else self.bound.size(self.value)

    def __str__(self) -> str:
        """Return the bound and the value: `trades >= 30 needed, found 12`."""
        return f"{self.bound.text if self.bound else 'nothing'} needed, found {self.value:g}"


def _bound(name: str, operator: Operator, bound: float) -> ResultConstraint:
    return ResultConstraint(name, operator, bound, f"{name} {operator.value} {bound:g}")


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
        return judge_each(backtests, self._judge, self.options.aggregate)

    def _judge(self, backtest: Backtested) -> Fitness:
        figures = list(self._figures(backtest))
        values = [figure.value for figure in figures if figure.value is not None]
        if len(values) < len(figures):
            missing = [figure.statistic for figure in figures if figure.value is None]
            return Fitness(reasons=tuple(map(backtest.statistics.missing, missing)))
        unmet = [figure for figure in figures if figure.unmet]
        if unmet:
            size = math.fsum(figure.unmet for figure in unmet)
            return Fitness(reasons=tuple(map(str, unmet)), violation=size)
        profit, drawdown, trades, *_ = values
        return Fitness(reward(profit, drawdown, self._weight(trades)))

    def _figures(self, backtest: Backtested) -> Iterator[Figure]:
        """Return the profit, the drawdown, the trades, and the profit factor where it matters."""
        statistics, options = backtest.statistics, self.options
        if options.form == "log_trades":
            yield Figure("Net Profit", statistics.net_profit)
        else:
            yield Figure("Compounding Annual Return", statistics.compounding_annual_return)
        drawdown = None if statistics.drawdown is None else abs(statistics.drawdown)
        yield Figure("Drawdown", drawdown, self._drawdown_bound())
        least = _bound("trades", Operator.GREATER_OR_EQUAL, options.min_trades)
        yield Figure("Total Orders", trade_count(backtest), least)
        if options.min_profit_factor is not None:
            least = _bound("profit factor", Operator.GREATER_OR_EQUAL, options.min_profit_factor)
            yield Figure("Profit Factor", profit_factor(statistics), least)

    def _drawdown_bound(self) -> ResultConstraint | None:
        limit = self.options.max_drawdown_limit
        plain = number(limit) if isinstance(limit, str) else limit
        return None if plain is None else _bound("drawdown", Operator.LESS_OR_EQUAL, plain)

    def _weight(self, trades: float) -> float:
        weighed = self.options.form == "log_trades"
        return trade_weight(trades, self.options.min_trades) if weighed else 1.0


def create(options: CalmarOptions) -> Calmar:
    """Return the fitness function for `options`."""
    return Calmar(options)
