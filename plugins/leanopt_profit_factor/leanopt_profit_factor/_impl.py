"""The fitness function itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from leanopt_core.api import ScenarioFitness, on_trades

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leanopt_core.api import ScenarioOptions

#: The largest profit factor, also that of trades without a loss: it would be infinite.
MOST: Final = 100.0


def profit_factor(profits: Sequence[float]) -> float:
    """Return the sum of the gains over the sum of the losses, 0 to 100.

    It is 1 if no trade gained or lost anything.
    """
    won = math.fsum(profit for profit in profits if profit > 0)
    lost = -math.fsum(profit for profit in profits if profit < 0)
    if won >= MOST * lost:
        return MOST if won else 1.0
    return won / lost


def create(options: ScenarioOptions) -> ScenarioFitness:
    """Return the fitness function for `options`."""
    return on_trades(options, profit_factor, least=1)
