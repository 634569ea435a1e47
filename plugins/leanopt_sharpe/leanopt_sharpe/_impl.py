"""The fitness function itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from leanopt_core.api import ScenarioFitness, on_returns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leanopt_core.api import ReturnsOptions

#: The smallest standard deviation a year that counts: division by 0 would give infinity.
DEVIATION_FLOOR: Final = 0.001


def sharpe(returns: Sequence[float], annual_rate: float, periods: float) -> float:
    """Return the annual Sharpe ratio of two or more returns, fractions.

    It is the mean return in excess of the risk-free rate over the sample standard deviation, times
    the root of the `periods` a year. Sharpe, The Sharpe ratio, Journal of Portfolio Management 21
    (1994).
    """
    mean = math.fsum(returns) / len(returns)
    squares = math.fsum((change - mean) ** 2 for change in returns)
    deviation = math.sqrt(squares / (len(returns) - 1)) * math.sqrt(periods)
    rate = math.pow(1 + annual_rate, 1 / periods) - 1
    return (mean - rate) * periods / max(deviation, DEVIATION_FLOOR)


def create(options: ReturnsOptions) -> ScenarioFitness:
    """Return the fitness function for `options`."""
    return on_returns(options, sharpe)
