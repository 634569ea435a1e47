"""Choose the trials of a search that are backtested under its tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from attrs import frozen

from leanopt_core.stage import History, Told

#: Returns the trials to test, of all told trials.
Choose: TypeAlias = Callable[[History], Sequence[Told]]


@frozen
class Best:
    """Chooses the `tested` best trials; only complete, feasible ones."""

    tested: int = 1

    def __call__(self, history: History) -> tuple[Told, ...]:
        """Return the trials, best first; none if no trial is complete and feasible."""
        return tuple(told for told in history.best(self.tested) if told.complete and told.feasible)
