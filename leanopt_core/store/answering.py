"""Which stored backtests answer: the one rule for every lookup."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from leanopt_core.work import LASTING


class Held(StrEnum):
    """Why a stored backtest answers no other run; NULL in the store if nothing holds it.

    Its own run uses it again, but never one that is `changed`.
    """

    UNCHECKED = "unchecked"  #: data and sources have not been checked since it was made
    CHANGED = "changed"  #: data or sources had changed when it was made
    UNCONFIRMED = "unconfirmed"  #: it failed on a worker that had run others before


_LASTING: Final = ", ".join(f"'{category}'" for category in sorted(LASTING))
#: SQL condition on `backtests AS b`: the backtest answers the run `:run`. Another run's timeout or
#: dead worker can be the fault of its machine, so the backtest is run again.
ANSWERS: Final = (
    f"(b.run_id = :run AND b.held IS NOT '{Held.CHANGED}' "
    f"OR b.held IS NULL AND (b.statistics IS NOT NULL OR b.failure IN ({_LASTING})))"
)
