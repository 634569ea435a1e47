"""The stored trials of a search that is resumed, in the order of their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import field, frozen

from leanopt_core.search.commands import Recorded, Stop
from leanopt_core.trial import Score
from leanopt_core.work import Outcome


@frozen
class ReplayedTrial:
    """A stored trial: its proposal, and the outcomes of its backtests.

    Outcomes are keyed by scenario index, from 0; unfinished backtests are missing. `score` is what
    its method was told, None if it was not.
    """

    number: int
    recorded: Recorded
    score: Score | None = None
    outcomes: Mapping[int, Outcome] = field(factory=dict)


class Replay:
    """Walks through stored trials in the order of their numbers; holds one in memory."""

    def __init__(self, stored: Iterator[ReplayedTrial], stops: Mapping[int, Stop]) -> None:
        self._stored = stored
        self._stops = stops
        self._current = next(stored, None)

    def at(self, number: int) -> ReplayedTrial | None:
        """Return the stored trial with this number, None if there is none; only forwards."""
        while self._current is not None and self._current.number < number:
            self._current = next(self._stored, None)
        current = self._current
        return current if current is not None and current.number == number else None

    def recorded(self, number: int) -> Recorded | None:
        """Return the stored proposal with this number, None if there is none."""
        stored = self.at(number)
        return stored.recorded if stored else None

    def unproposed(self, stage: str) -> int | None:
        """Return the number of the next stored trial if this stage proposed it, else None."""
        current = self._current
        return current.number if current and current.recorded.stage == stage else None

    def stop_after(self, number: int) -> Stop | None:
        """Return the stop stored after this trial, None if there is none."""
        return self._stops.get(number)
