"""Notice during a run that workers wait for a method; nothing is decided by it."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Final

from leanopt_core.executors.jobs import Finished
from leanopt_core.pipeline import StageSettings
from leanopt_core.search.asks import Rates, advice
from leanopt_core.search.commands import Propose, SearchCommand, Tell

#: A look takes so many seconds at least, and so many backtests.
_SECONDS: Final = 2.0
_BACKTESTS: Final = 10
#: The least shares of the time in which methods think, and for which workers idle.
_THINKING: Final = 0.5
_IDLE: Final = 0.2


class AskWatch:
    """How long methods think and how long workers work, in one look after the other.

    The first look begins with the first backtest that ends. It does not count, since workers still
    start then and methods load their code.
    """

    def __init__(
        self,
        stages: Sequence[StageSettings],
        workers: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the stages of every search, and the number of workers."""
        self._stages = stages
        self._workers = workers
        self._clock = clock
        self._looks = 0
        self._said = not stages
        self._begin()

    def _begin(self) -> None:
        self._since = self._clock()
        self._worked, self._ended = 0.0, 0
        # By the index of the stage.
        self._thought: defaultdict[int, float] = defaultdict(float)
        self._asked: Counter[int] = Counter()

    def timed(
        self, advance: Callable[..., SearchCommand | None], *arguments: object
    ) -> SearchCommand | None:
        """Return the next command of a search, and count the time until it is there."""
        if self._said:
            return advance(*arguments)
        since = self._clock()
        command = advance(*arguments)
        if isinstance(command, Propose):
            self._thought[command.index] += self._clock() - since
            self._asked[command.index] += 1
        elif isinstance(command, Tell):
            self._thought[command.index] += self._clock() - since
        return command

    def ended(self, finished: Sequence[Finished[int]]) -> str | None:
        """Take backtests that have ended; return a warning, once, if workers wait for a method."""
        if self._said or not finished:
            return None
        if not self._looks:
            self._looks = 1
            self._begin()
            return None
        for one in finished:
            self._worked += one.seconds
        self._ended += len(finished)
        seconds = self._clock() - self._since
        if seconds < _SECONDS or self._ended < max(_BACKTESTS, self._workers):
            return None
        warning = self._warning(seconds) if self._looks > 1 else None
        self._said = warning is not None
        self._looks += 1
        self._begin()
        return warning

    def _warning(self, seconds: float) -> str | None:
        idle = 1 - self._worked / (self._workers * seconds)
        if sum(self._thought.values()) < _THINKING * seconds or idle < _IDLE or not self._worked:
            return None
        slowest = max(self._thought, key=self._thought.__getitem__)
        if not (asked := self._asked[slowest]):
            return None
        rates = Rates(asked * self._workers / self._worked, asked / self._thought[slowest])
        return advice(self._stages, slowest, rates, self._workers)
