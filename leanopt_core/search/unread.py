"""Detect parameters that the strategy never reads, and searches without any fitness."""

from __future__ import annotations

from collections.abc import Iterable

from leanopt_core.errors import StrategyError
from leanopt_core.suggest import nearest
from leanopt_core.trial import Score
from leanopt_core.work import Outcome

#: Number of backtests or trials to check: a name may be read only on some code paths.
ENOUGH = 16


class ReadCheck:
    """Collects the names that the first backtests read, then checks them."""

    def __init__(self, names: Iterable[str], *, allow_unread: bool = False) -> None:
        self._names = tuple(names)
        self._read: set[str] = set()
        self._seen = 0
        self._open = not allow_unread

    def saw(self, outcomes: Iterable[Outcome]) -> None:
        """Take the outcomes of a told trial; raises StrategyError after enough backtests."""
        if not self._open:
            return
        for outcome in outcomes:
            # A failed backtest may have ended before reading everything.
            if outcome.read is not None and outcome.failure is None:
                self._read |= outcome.read
                self._seen += 1
        if self._seen >= ENOUGH:
            self.judge()

    def judge(self) -> None:
        """Check the names read so far; raises StrategyError naming every unread parameter."""
        if not self._open or not self._seen:
            return
        self._open = False
        unread = [name for name in self._names if name not in self._read]
        if unread:
            raise StrategyError(
                "\n".join(self._message(name) for name in unread)
                + "\nto run it anyway, use --allow-unread"
            )

    def _message(self, name: str) -> str:
        close = nearest(name, self._read - set(self._names)) or nearest(name, self._read)
        hint = f"; did you mean {close!r}?" if close else f"; it read: {_listed(self._read)}"
        first = "backtest" if self._seen == 1 else f"{self._seen} backtests"
        return f"the strategy did not read parameter {name!r} in the first {first}{hint}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


class ScoreCheck:
    """Warns if none of the first trials has a fitness."""

    def __init__(self) -> None:
        self._without = 0
        #: Whether it waits for a fitness.
        self.open = True

    def saw(self, score: Score) -> str | None:
        """Take a told trial's score; return a warning, once, if none has a fitness."""
        if not self.open or score.failure is not None:
            return None
        self._without += 1
        if score.objective is not None or self._without == ENOUGH:
            self.open = False
        if self.open or score.objective is not None:
            return None
        reason = f": {score.reasons[0]}" if score.reasons else ""
        return f"none of the first {ENOUGH} completed trials has a fitness{reason}"
