"""The fitness function itself."""

from __future__ import annotations

import math
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING, Final

from leanopt_core.api import ScenarioFitness, on_returns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leanopt_core.api import ReturnsOptions

#: The smallest ulcer index that counts: division by 0 would give infinity.
INDEX_FLOOR: Final = 0.001
#: The largest wealth, as a multiple of the start, so that no curve leads to infinity.
LARGEST: Final = 1e100


def ulcer_index(wealth: Sequence[float]) -> float:
    """Return the root of the mean squared drawdown from the peak so far, a fraction."""
    peak, squares = 0.0, []
    for now in wealth:
        if now < peak:
            squares.append((1 - now / peak) ** 2)
        else:
            peak = min(now, LARGEST)
    return math.sqrt(math.fsum(squares) / len(wealth))


def ulcer(returns: Sequence[float], annual_rate: float, periods: float) -> float:
    """Return the ulcer performance index (Martin ratio) of two or more returns, fractions.

    It is the compound annual return less the risk-free rate over the ulcer index of the curve, its
    start included. A loss is not divided, since a deeper drawdown would make it smaller: it counts
    as `loss * (1 + index)`. Martin, McCann, The investor's guide to Fidelity funds (1989).
    """
    wealth = list(accumulate((1 + change for change in returns), mul, initial=1.0))
    index = ulcer_index(wealth)
    try:
        growth = math.pow(min(wealth[-1], LARGEST), periods / len(returns))
    except OverflowError:
        growth = LARGEST
    excess = growth - 1 - annual_rate
    return excess * (1 + index) if excess < 0 else excess / max(index, INDEX_FLOOR)


def create(options: ReturnsOptions) -> ScenarioFitness:
    """Return the fitness function for `options`."""
    return on_returns(options, ulcer)
