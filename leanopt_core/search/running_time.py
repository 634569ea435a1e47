"""How long a search has run, and the limits to that."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen

from leanopt_core.search.commands import Stop

#: The stored reason of stages and searches that a time limit has ended.
ENDED: Final = "time"
# Seconds of work that a kill may leave uncounted.
_EVERY: Final = 1.0


@frozen
class TimeLimits:
    """The seconds that a search and each of its stages may run, None for no limit."""

    search: float | None = None
    stages: tuple[float | None, ...] = ()


class RunningTime:
    """The running time in seconds of each stage of one search, over all starts of its run.

    `worked` are those of earlier starts, one for each stage.
    """

    def __init__(
        self,
        limits: TimeLimits,
        worked: Sequence[float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._limited = limits.search is not None or any(one is not None for one in limits.stages)
        self._seconds = list(worked)
        self._clock = clock
        self._stage: int | None = None
        self._since = 0.0
        self._noted = 0.0

    def begin(self, stage: int) -> None:
        """Note that a stage begins to work."""
        self._stage = stage
        self._since = self._noted = self._clock()

    def end(self) -> tuple[int, float] | None:
        """Note that the stage has ended; return it with its seconds, None if none is running."""
        found, self._stage = self._now(), None
        return found

    def due(self) -> tuple[int, float] | None:
        """Return the running stage with its seconds once a second, else None."""
        now = self._clock()
        if now - self._noted < _EVERY:
            return None
        self._noted = now
        return self._now()

    def stop(self) -> Stop | None:
        """Return why search or stage must end now, None if it need not."""
        found = self._now() if self._limited else None
        if found is None:
            return None
        stage, seconds = found
        whole = self._limits.search
        limit = self._limits.stages[stage] if self._limits.stages else None
        if whole is not None and sum(self._seconds) >= whole:
            return Stop(f"search.time: ran for {whole:,.6g} s", ENDED)
        if limit is not None and seconds >= limit:
            return Stop(f"stage.time: ran for {limit:,.6g} s", ENDED, stage_only=True)
        return None

    def _now(self) -> tuple[int, float] | None:
        if self._stage is None:
            return None
        now = self._clock()
        self._seconds[self._stage] += now - self._since
        self._since = now
        return self._stage, self._seconds[self._stage]
