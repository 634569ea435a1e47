"""The fitness function itself: requirements first, then return over drawdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from attrs import frozen

from leanopt_core.api import (
    Backtested,
    Direction,
    Fitness,
    Operator,
    ResultConstraint,
    Statistics,
    parse_number,
    requirement,
    score_each,
    trade_count,
    violated,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leanopt_calmar import CalmarOptions

TRADES: Final = "Total Orders"
DRAWDOWN: Final = "Drawdown"
PROFIT_FACTOR: Final = "Profit Factor"

#: The smallest drawdown that counts, as a share of the peak: division by 0 would give infinity.
DRAWDOWN_FLOOR: Final = 0.001
#: The largest absolute reward, so that no return leads to infinity.
LARGEST: Final = 1e100
#: LEAN's profit factor without losses.
PROFIT_FACTOR_WITHOUT_LOSS: Final = 10.0


def reward(profit: float, drawdown: float, weight: float = 1.0) -> float:
    """Return the reward of `profit` at `drawdown` (both fractions).

    A profit is divided by the drawdown and weighted. A loss is not: the quotient would reward a
    deeper drawdown, and the weight a larger loss with fewer trades. A loss counts as
    `profit * (1 + drawdown)`. So more profit is never worse, more drawdown is never better, and
    every loss ranks below every profit.
    """
    worth = profit / max(drawdown, DRAWDOWN_FLOOR) * weight
    if profit < 0:
        worth = profit * (1 + drawdown)
    return min(max(worth, -LARGEST), LARGEST)


def trade_weight(trades: float, min_trades: int) -> float:
    """Return `log10(trades / min_trades)`, lean-optimizer's weight.

    `min_trades` below 1 counts as 1. If the logarithm is 0 or less, the weight is that of half a
    trade above the minimum: otherwise all backtests with exactly that many trades would be equal.
    """
    least = max(min_trades, 1)
    return math.log10(max(trades, least + 0.5) / least)


def profit_factor(statistics: Statistics) -> float | None:
    """Return the profit factor; without it, compute it from win rate, average win and loss."""
    reported = statistics.profit_factor
    rate = statistics.win_rate
    win, loss = statistics.get("Average Win"), statistics.get("Average Loss")
    if reported is not None or rate is None or win is None or loss is None:
        return reported
    lost = (1 - rate) * abs(loss)
    if lost > 0:
        return rate * win / lost
    return PROFIT_FACTOR_WITHOUT_LOSS if rate * win > 0 else 0.0


def requirements(options: CalmarOptions) -> tuple[ResultConstraint, ...]:
    """Return the requirements of a backtest as constraints on its statistics."""
    at_least, at_most = Operator.GREATER_OR_EQUAL, Operator.LESS_OR_EQUAL
    required = [requirement(TRADES, "trades", at_least, options.min_trades)]
    if options.min_profit_factor is not None:
        least = options.min_profit_factor
        required.append(requirement(PROFIT_FACTOR, "profit factor", at_least, least))
    limit = options.max_drawdown_limit
    limit = parse_number(limit) if isinstance(limit, str) else limit
    if limit is not None:
        required.append(requirement(DRAWDOWN, "drawdown", at_most, limit))
    return tuple(required)


@frozen
class Calmar:
    """Return over drawdown as fitness; a backtest below the requirements has none."""

    options: CalmarOptions
    required: tuple[ResultConstraint, ...]

    @property
    def direction(self) -> Direction:
        """Return `max`."""
        return "max"

    @property
    def target(self) -> float | None:
        """Return None: there is no value at which the search ends."""
        return None

    def __call__(self, backtests: Sequence[Backtested]) -> Fitness:
        """Judge each scenario and combine the values; no fitness if one scenario has none."""
        options = self.options
        return score_each(
            backtests, self._score, options.aggregate, direction=self.direction, q=options.q
        )

    def _score(self, backtest: Backtested) -> Fitness:
        figures = self._figures(backtest)
        known = {name: value for name, value in figures.items() if value is not None}
        if len(known) < len(figures):
            missing = (name for name in figures if name not in known)
            return Fitness(reasons=tuple(map(backtest.statistics.missing, missing)))
        missed = violated({one: known[one.statistic] for one in self.required})
        weight = self._weight(known[TRADES])
        return missed or Fitness(reward(known[self._profit], known[DRAWDOWN], weight))

    def _figures(self, backtest: Backtested) -> dict[str, float | None]:
        """Return the figures that score this backtest, under LEAN's names of statistics."""
        statistics = backtest.statistics
        figures = {
            self._profit: self._earned(statistics),
            DRAWDOWN: None if statistics.drawdown is None else abs(statistics.drawdown),
            TRADES: trade_count(backtest),
        }
        if self.options.min_profit_factor is not None:
            figures[PROFIT_FACTOR] = profit_factor(statistics)
        return figures

    @property
    def _profit(self) -> str:
        return "Net Profit" if self.options.form == "log_trades" else "Compounding Annual Return"

    def _earned(self, statistics: Statistics) -> float | None:
        if self.options.form == "log_trades":
            return statistics.net_profit
        return statistics.compounding_annual_return

    def _weight(self, trades: float) -> float:
        weighed = self.options.form == "log_trades"
        return trade_weight(trades, self.options.min_trades) if weighed else 1.0


def create(options: CalmarOptions) -> Calmar:
    """Return the fitness function for `options`."""
    return Calmar(options, requirements(options))
