"""Hands a resumed search what it did before, one stored trial at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import field, frozen

from leanopt_core.search.machine import Recorded
from leanopt_core.work import Outcome


@frozen
class StoredTrial:
    """A trial as the store kept it: its proposal, and the outcomes of its backtests by scenario.

    Outcomes are keyed by the scenario's place in the search, from 0; what never finished is absent.
    `told` says that its method was told it.
    """

    number: int
    recorded: Recorded
    told: bool = False
    outcomes: Mapping[int, Outcome] = field(factory=dict)


class Replay:
    """Walks through stored trials in number order, holding one."""

    def __init__(self, stored: Iterator[StoredTrial], stops: Mapping[int, str]) -> None:
        self._stored = stored
        self._stops = stops
        self._current = next(stored, None)

    def at(self, number: int) -> StoredTrial | None:
        """Return the stored trial of this number, None where there is none; never goes back."""
        while self._current is not None and self._current.number < number:
            self._current = next(self._stored, None)
        current = self._current
        return current if current is not None and current.number == number else None

    def recorded(self, number: int) -> Recorded | None:
        """Return the stored proposal of this number, None where there is none."""
        stored = self.at(number)
        return stored.recorded if stored else None

    def stop_after(self, number: int) -> str | None:
        """Return the reason of the stop recorded after this told trial, None where none is."""
        return self._stops.get(number)
