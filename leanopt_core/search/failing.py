"""Notice that a search is hopeless: its first trials all fail alike, or lack a statistic."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from attrs import define

from leanopt_core.trial import Trial

#: Why stage and search end then: the key that says after how many trials.
FAILING: Final = "search.stop_when_failing"

# What two messages of one kind may differ in: quoted text (no apostrophe opens it) and numbers.
_OWN: Final = re.compile(
    r"""(?<!\w)'[^']*'|"[^"]*"|`[^`]*`|0x[0-9a-f]+|[+-]?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?""",
    re.IGNORECASE,
)


@define
class FailingStart:
    """Counts the first told trials of a search while all of them fail alike.

    They fail alike with one category and one message, apart from numbers and quoted text. `most`
    is how many are too many, 0 for never.
    """

    most: int
    _kind: tuple[str, str] | None = None
    _count: int = 0
    _over: bool = False

    def told(self, trial: Trial) -> bool:
        """Take a told trial; return whether it is the one too many."""
        if self._over or not self.most:
            return False
        kind = _kind(trial)
        self._over = kind is None or self._kind not in (None, kind)
        self._kind, self._count = kind, self._count + 1
        return not self._over and self._count == self.most


def _kind(trial: Trial) -> tuple[str, str] | None:
    """Return category and message of a trial's first failure, None if all backtests completed."""
    first = next(iter(trial.failures.values()), None)
    return None if first is None else (first.category.value, alike(first.message))


def alike(message: str) -> str:
    """Return what messages of one kind have in common: numbers and quoted text become `#`."""
    return _OWN.sub("#", message)


class Lacking:
    """Counts completed trials in a row without a statistic that no backtest has reported so far.

    Only those without a fitness count: the function may do without the statistic. Failed trials do
    not count, and do not interrupt the row. `most` are too many, 0 for never.
    """

    def __init__(self, names: Iterable[str], most: int) -> None:
        self._most = most
        self._counts = dict.fromkeys(names, 0) if most else {}

    def told(self, trial: Trial) -> bool:
        """Take a told trial; return whether it is the one too many."""
        if not self._counts:
            return False
        reported = [one for one in trial.statistics.values() if one is not None]
        for name in [name for name in self._counts if any(one.has(name) for one in reported)]:
            del self._counts[name]
        if trial.score.failure is None:
            lacking = trial.score.fitness is None
            self._counts = {name: lacking * (n + 1) for name, n in self._counts.items()}
        return self._most in self._counts.values()
