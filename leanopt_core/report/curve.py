"""A curve of daily returns, joined of several backtests, and what it amounts to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property
from itertools import accumulate
from operator import mul
from typing import Any

from attrs import frozen

from leanopt_core.outputs import DailyReturns
from leanopt_core.report.known import Known
from leanopt_core.scoring.each import years
from leanopt_core.store.returns import is_ruin

#: A standard deviation below this share of the largest return is that of equal numbers.
_EQUAL = 1e-12


@frozen(slots=False)
class Curve:
    """Daily returns in date order: the windows that gave them, by index, days and fractions.

    `years` are those of its pieces, without the days between them. `ended` is the reason if a piece
    stops before its days are over: nothing is joined after it. After an equity of 0 all is lost.
    """

    windows: Sequence[int] = ()
    days: Sequence[int] = ()
    values: Sequence[float] = ()
    years: float = 0.0
    ended: str | None = None

    @cached_property
    def equity(self) -> list[float]:
        """Return the equity at the end of each day, of 1 before the first."""
        return list(accumulate((1 + value for value in self.values), mul))

    @property
    def lost(self) -> bool:
        """Return whether it ends at an equity of 0 or below."""
        return self.ended is not None and is_ruin(self.ended)

    @property
    def total_return(self) -> Known:
        """Return the gain over all days, as a fraction."""
        if self.lost:
            return Known(-1.0)
        unknown = self._unknown()
        return Known(self.equity[-1] - 1) if unknown is None else unknown

    @property
    def annual_return(self) -> Known:
        """Return the compound gain a year, as a fraction."""
        if self.lost:
            return Known(-1.0)
        if (unknown := self._unknown()) is not None:
            return unknown
        growth = self.equity[-1]
        if growth <= 0:
            return Known(-1.0)
        # Over a few days it can be more than a float holds.
        exponent = math.log(growth) / self.years
        if exponent > _LARGEST:
            return Known(why=f"{len(self.days)} days are too few for a return a year")
        return Known(math.expm1(exponent))

    @property
    def drawdown(self) -> Known:
        """Return the deepest fall below an earlier value, as a fraction, 0 or above."""
        if self.lost:
            return Known(1.0)
        if (unknown := self._unknown()) is not None:
            return unknown
        highest, deepest = 1.0, 0.0
        for value in self.equity:
            highest = max(highest, value)
            deepest = max(deepest, 1 - value / highest)
        return Known(deepest)

    @property
    def sharpe(self) -> Known:
        """Return the annual Sharpe ratio: mean over sample deviation, without a risk-free rate."""
        if (unknown := self._unknown()) is not None:
            return unknown
        values, count = self.values, len(self.values)
        if count < 2:  # noqa: PLR2004 - stated in the message
            return Known(why="daily returns >= 2 needed, found 1")
        mean = math.fsum(values) / count
        deviation = math.sqrt(math.fsum((one - mean) ** 2 for one in values) / (count - 1))
        if deviation <= _EQUAL * max(map(abs, values)):
            return Known(why="the daily returns do not vary")
        return Known(mean / deviation * math.sqrt(count / self.years))

    def _unknown(self) -> Known | None:
        """Return why the curve has no figures, None if it has."""
        if self.ended is not None:
            return Known(why=f"the curve ends early: {self.ended}")
        if not self.days:
            return Known(why="no window has daily returns")
        # Once infinite, it stays so or becomes no number.
        return None if math.isfinite(self.equity[-1]) else Known(why="the equity is too large")

    def to_dict(self) -> dict[str, Any]:
        """Return what it amounts to as JSON values, without its days."""
        first, last = (
            (date.fromordinal(self.days[at]).isoformat() for at in (0, -1))
            if self.days
            else (None, None)
        )
        return {
            "days": len(self.days),
            "first_day": first,
            "last_day": last,
            "ended": self.ended,
            "return": self.total_return.to_dict(),
            "annual_return": self.annual_return.to_dict(),
            "drawdown": self.drawdown.to_dict(),
            "sharpe": self.sharpe.to_dict(),
        }


#: The largest argument of `exp` that is used.
_LARGEST = 230.0


def joined(pieces: Iterable[tuple[int, DailyReturns]]) -> Curve:
    """Return the curve of daily returns, given with the index of their window, in date order."""
    windows: list[int] = []
    days: list[int] = []
    values: list[float] = []
    length, ended = 0.0, None
    for window, returns in pieces:
        count = len(returns.values)
        windows += [window] * count
        days += returns.days
        values += returns.values
        length += years(returns)
        if (ended := returns.ended) is not None:
            break
    return Curve(windows, days, values, length, ended)


def gain(returns: DailyReturns) -> float:
    """Return the profit of a backtest as a fraction of what it began with."""
    if returns.ended is not None and is_ruin(returns.ended):
        return -1.0
    return math.prod(1 + value for value in returns.values) - 1


def efficiency(pairs: Iterator[tuple[Sequence[DailyReturns], DailyReturns]]) -> Known:
    """Return the walk-forward efficiency, given the returns in and out of sample of each window.

    It is the profit per day out of sample over that in sample: Pardo, The Evaluation and
    Optimization of Trading Strategies (2008). A profit is a share of what its backtest began with.
    """
    profits, days = [0.0, 0.0], [0, 0]
    for inside, outside in pairs:
        for one in (*inside, outside):
            if one.ended is not None and not is_ruin(one.ended):
                return Known(why=f"a curve ends early: {one.ended}")
            at = one is outside
            profits[at] += gain(one)
            days[at] += len(one.values)
    if not (days[0] and days[1]):
        return Known(why="no window has daily returns both in and out of sample")
    if profits[0] <= 0:
        return Known(why="the chosen trials earn nothing in sample")
    found = (profits[1] / days[1]) / (profits[0] / days[0])
    return Known(found) if math.isfinite(found) else Known(why="the profits are too large")
