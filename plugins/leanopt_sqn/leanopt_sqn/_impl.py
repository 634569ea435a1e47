"""The fitness function itself."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Final

from leanopt_core.api import ScenarioFitness, on_trades

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leanopt_sqn import SqnOptions

#: The smallest standard deviation that counts, as a share of the mean size of a profit or loss:
#: division by 0 would give infinity.
DEVIATION_FLOOR: Final = 0.01


def sqn(profits: Sequence[float], trade_cap: int = 0) -> float:
    """Return the system quality number of two or more profits.

    It is the mean profit over the sample standard deviation, times the root of the number of trades
    or of `trade_cap`, if that is smaller and not 0. It is 0 if no trade gained or lost anything.
    Tharp, Definitive guide to position sizing (2008).
    """
    largest = max(map(abs, profits))
    if not largest:
        return 0.0
    count, shares = len(profits), [profit / largest for profit in profits]
    mean, size = math.fsum(shares) / count, math.fsum(map(abs, shares)) / count
    squares = math.fsum((share - mean) ** 2 for share in shares)
    deviation = max(math.sqrt(squares / (count - 1)), DEVIATION_FLOOR * size)
    return math.sqrt(min(count, trade_cap or count)) * mean / deviation


def create(options: SqnOptions) -> ScenarioFitness:
    """Return the fitness function for `options`."""
    return on_trades(options, partial(sqn, trade_cap=options.trade_cap), least=2)
