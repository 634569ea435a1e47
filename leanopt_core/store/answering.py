"""Which stored backtests answer: the one rule for every lookup."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from leanopt_core.work import LASTING


class Held(StrEnum):
    """Why a stored backtest does not answer every run; NULL in the store if nothing holds it.

    Its own run uses it again, but never one that is `changed`.
    """

    UNCHECKED = "unchecked"  #: data and sources have not been checked since it was made
    CHANGED = "changed"  #: data or sources had changed when it was made
    UNCONFIRMED = "unconfirmed"  #: it failed on a worker that had run others before
    REPEATED = "repeated"  #: another backtest with its key and outputs answers


_LASTING: Final = ", ".join(f"'{category}'" for category in sorted(LASTING))
#: SQL condition on `backtests AS b`: its outcome would be the same elsewhere. Another run's timeout
#: or dead worker can be the fault of its machine: it is run again.
LASTS: Final = f"(b.statistics IS NOT NULL OR b.failure IN ({_LASTING}))"
#: SQL condition on an unchecked backtest `b` of another run than one which last found its data and
#: sources unchanged in a check that began at `:known_at`, in seconds since 1970. Such a check says
#: as much of a backtest that had finished before, since both have the same key. What a process
#: beside this one has made since counts too: the next check will say as much of it.
SEEN: Final = "(b.finished_at < :known_at OR b.run_id IN (SELECT run_id FROM processes))"
#: SQL condition on `backtests AS b`: the backtest answers the run `:run`, checked at `:known_at`.
ANSWERS: Final = f"""(
  b.run_id = :run AND b.held IS NOT '{Held.CHANGED}'
  OR (b.held IS NULL OR b.held = '{Held.UNCHECKED}' AND {SEEN}) AND {LASTS}
)"""
