"""The fitness function itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from leanopt_core.api import ScenarioFitness, on_returns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leanopt_core.api import ReturnsOptions

#: The smallest downside deviation a year that counts: division by 0 would give infinity.
DEVIATION_FLOOR: Final = 0.001


def sortino(returns: Sequence[float], annual_rate: float, periods: float) -> float:
    """Return the annual Sortino ratio of two or more returns, fractions.

    It is the mean return in excess of the risk-free rate over the downside deviation, times the
    root of the `periods` a year. The downside deviation is the root of the mean, over all returns,
    of the squared shortfall below the rate. Sortino, Price, Performance measurement in a downside
    risk framework, Journal of Investing 3 (1994).
    """
    rate = math.pow(1 + annual_rate, 1 / periods) - 1
    excess = math.fsum(change - rate for change in returns) / len(returns)
    squares = math.fsum((change - rate) ** 2 for change in returns if change < rate)
    deviation = math.sqrt(squares / len(returns)) * math.sqrt(periods)
    return excess * periods / max(deviation, DEVIATION_FLOOR)


def create(options: ReturnsOptions) -> ScenarioFitness:
    """Return the fitness function for `options`."""
    return on_returns(options, sortino)
