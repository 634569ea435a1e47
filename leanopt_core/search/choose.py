"""Choose the trials of a search that are tested, and which of its tests score them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

from leanopt_core.pareto import pareto_front, spread
from leanopt_core.search.plateau import Plateau
from leanopt_core.space import Space
from leanopt_core.stage import History, Told

if TYPE_CHECKING:
    from leanopt_core.pipeline.tables import ChooseTable
    from leanopt_core.work import Scenario

#: Returns the trials to test, of all told trials.
Choose: TypeAlias = Callable[[History], Sequence[Told]]


@frozen
class Best:
    """Chooses the `tested` best trials; only complete, feasible ones."""

    tested: int = 1

    def __call__(self, history: History) -> tuple[Told, ...]:
        """Return the trials, best first; none if no trial is complete and feasible."""
        return tuple(told for told in history.best(self.tested) if told.complete and told.feasible)


@frozen
class Front:
    """Chooses up to `tested` trials of the Pareto front, spread over it."""

    tested: int = 1

    def __call__(self, history: History) -> tuple[Told, ...]:
        """Return the trials by objective, best first; none if no trial is complete and feasible."""
        feasible = [told for told in history if told.complete and told.feasible]
        ranked = sorted(feasible, key=lambda told: (-(told.objective or 0.0), told.number))
        front = pareto_front([told.objectives for told in ranked])
        return tuple(ranked[place] for place in spread(front, self.tested))


def choose_of(table: ChooseTable, space: Space) -> Best | Front | Plateau:
    """Return what chooses the trials of a search in this space."""
    if table.use == "best":
        return Best(table.tested)
    if table.use == "front":
        return Front(table.tested)
    return Plateau(space, table.radius, table.statistic, table.tested)


def by_days(tests: Sequence[Scenario], *, first: int = 0) -> tuple[tuple[int, ...], ...]:
    """Return the indexes of tests, counted from `first`, with those of the same days together.

    They score a trial together, as the scenarios of a search do.
    """
    found: dict[tuple[date | None, date | None], list[int]] = {}
    for at, test in enumerate(tests, first):
        found.setdefault((test.start, test.end), []).append(at)
    return tuple(map(tuple, found.values()))
