"""Fitness functions made of one figure: of daily returns, or of closed trades."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from leanopt_core.fitness import Backtested, Fitness
from leanopt_core.fitness_options import ReturnsOptions, ScenarioOptions
from leanopt_core.outputs import ClosedTrade
from leanopt_core.scoring.constraint import LARGEST
from leanopt_core.scoring.each import NO_RETURNS, ScenarioFitness, years


def on_returns(
    options: ReturnsOptions, figure: Callable[[Sequence[float], float, float], float]
) -> ScenarioFitness:
    """Return the fitness function that is `figure(returns, annual_rate, periods)`.

    `returns` are two or more daily returns above -1, as fractions; `annual_rate` is the risk-free
    rate a year; `periods` are the returns a year. Values are limited to +-1e100.
    """

    def score(backtest: Backtested) -> Fitness:
        returns = backtest.returns
        if returns is None:
            return Fitness(reasons=(NO_RETURNS,))
        count = len(returns.values)
        if count < 2:  # noqa: PLR2004 - stated in the message
            return Fitness(reasons=(f"daily returns >= 2 needed, found {count}",))
        periods = options.periods_per_year or count / years(returns)
        return Fitness(_limited(figure(returns.values, options.annual_rate, periods)))

    return ScenarioFitness(options, score)


def on_trades(
    options: ScenarioOptions, figure: Callable[[Sequence[float]], float], least: int
) -> ScenarioFitness:
    """Return the fitness function that is `figure(profits)`.

    `profits` are those of the `least` or more closed trades, less fees, in the account's currency,
    in the order of exit. A fee that the engine does not report is 0. Values are limited to +-1e100.
    """

    def score(backtest: Backtested) -> Fitness:
        if backtest.trades is None:
            return Fitness(reasons=("the backtest has no list of closed trades",))
        profits = list(map(_net, backtest.trades))
        known = [profit for profit in profits if profit is not None]
        if len(known) < len(profits):
            unknown = len(profits) - len(known)
            return Fitness(
                reasons=(f"the profit of {unknown} of {len(profits)} trades is unknown",)
            )
        if len(known) < least:
            return Fitness(reasons=(f"closed trades >= {least} needed, found {len(known)}",))
        return Fitness(_limited(figure(known)))

    return ScenarioFitness(options, score)


def _net(trade: ClosedTrade) -> float | None:
    return None if trade.profit is None else _limited(trade.profit - (trade.fees or 0.0))


def _limited(value: float) -> float:
    return min(max(value, -LARGEST), LARGEST)
