"""Score each scenario's backtest by itself, if it has what the options ask for at least."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from attrs import field, frozen

from leanopt_core.fitness import Backtested, Direction, Fitness
from leanopt_core.fitness_options import ScenarioOptions
from leanopt_core.outputs import DailyReturns
from leanopt_core.scoring.aggregates import score_each
from leanopt_core.scoring.constraint import Operator, ResultConstraint

TRADES: Final = "Total Orders"
NO_RETURNS: Final = "the backtest has no daily returns"
_DAYS_A_YEAR: Final = 365.25


@frozen
class ScenarioFitness:
    """A fitness function that scores each scenario's backtest by itself, then aggregates.

    There is no value after a total loss, even if `score` would give one: such a trial ranks after
    all others. Only daily returns show that loss: without `returns` in `FitnessSpec.needs`, `score`
    alone decides. There is no value below `min_trades` or `min_years` either, and the violation
    says how far the backtest is from each, as a share. Without `trades` of its own, a backtest has
    as many as `trade_count` says.
    """

    options: ScenarioOptions
    score: Callable[[Backtested], Fitness]
    direction: Direction = "max"
    target: float | None = field(default=None, init=False)

    def __call__(self, backtests: Sequence[Backtested]) -> Fitness:
        """Score each scenario; no fitness if one of them has none."""
        options = self.options
        return score_each(
            backtests, self._score, options.aggregate, direction=self.direction, q=options.q
        )

    def _score(self, backtest: Backtested) -> Fitness:
        return _lost(backtest) or _short(backtest, self.options) or self.score(backtest)


def trade_count(backtest: Backtested) -> float | None:
    """Return the closed trades if the engine reports them, or else the orders."""
    statistics = backtest.statistics
    counts = (backtest.closed_trades, statistics.closed_trades, statistics.total_orders)
    return next((float(count) for count in counts if count is not None), None)


def years(returns: DailyReturns) -> float:
    """Return the years from the first return to the last, both included, of 365.25 days each."""
    return (returns.days[-1] - returns.days[0] + 1) / _DAYS_A_YEAR if returns.days else 0.0


def requirement(statistic: str, name: str, operator: Operator, value: float) -> ResultConstraint:
    """Return a requirement on a figure, which messages call `name`."""
    return ResultConstraint(statistic, operator, value, f"{name} {operator.value} {value:g}")


def violated(found: Mapping[ResultConstraint, float]) -> Fitness | None:
    """Return the fitness of a backtest that misses some of these requirements, None if none.

    The violation is the sum of the distances to the bounds, each as a share of its bound.
    """
    sizes = {one: one.size(value) for one, value in found.items()}
    missed = [one for one, size in sizes.items() if size]
    if not missed:
        return None
    reasons = tuple(f"{one.text} needed, found {found[one]:g}" for one in missed)
    return Fitness(reasons=reasons, violation=math.fsum(sizes.values()))


def _lost(backtest: Backtested) -> Fitness | None:
    """Return the fitness of a backtest that lost everything, None for any other."""
    returns = backtest.returns
    if returns is None:
        return None
    reason = returns.ended
    # A loss of nearly everything is rounded to one of everything.
    if (worst := min(returns.values, default=0.0)) <= -1:
        day = date.fromordinal(returns.days[returns.values.index(worst)])
        reason = f"the return was -100% on {day}"
    return Fitness(reasons=(reason,)) if reason else None


def _short(backtest: Backtested, options: ScenarioOptions) -> Fitness | None:
    """Return the fitness of a backtest that is too short or trades too little, else None."""
    figures = dict(_figures(backtest, options))
    missing = tuple(value for value in figures.values() if isinstance(value, str))
    if missing:
        return Fitness(reasons=missing)
    return violated({one: value for one, value in figures.items() if not isinstance(value, str)})


def _figures(
    backtest: Backtested, options: ScenarioOptions
) -> Iterator[tuple[ResultConstraint, float | str]]:
    """Yield what is required with what was found, or why that is unknown."""
    if options.min_trades:
        count = trade_count(backtest)
        at_least = requirement(TRADES, "trades", Operator.GREATER_OR_EQUAL, options.min_trades)
        yield at_least, backtest.statistics.missing(TRADES) if count is None else count
    if options.min_years:
        at_least = requirement("Years", "years", Operator.GREATER_OR_EQUAL, options.min_years)
        yield at_least, NO_RETURNS if backtest.returns is None else years(backtest.returns)
