"""Decide which trials end before the last rung: those that cannot win or are not the best."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeAlias

from attrs import define, field

from leanopt_core.fitness import FITNESS
from leanopt_core.ranking import merit
from leanopt_core.trial import Score

#: Says whether a trial ends at the rung that it has reached, from its scores by rung.
Ends: TypeAlias = Callable[[Sequence[Score]], bool]


class Prune(Protocol):
    """Decides where the trials of one search end."""

    def told(self, scores: Sequence[Score]) -> None:
        """Learn the scores of a told trial at the rungs that it reached."""
        ...

    def proposed(self) -> Ends:
        """Return what decides about the next trial; trials that are told later change nothing."""
        ...


@define
class Bound:
    """Ends a trial that its other scenarios cannot make the best.

    `each` says that the fitness function scores each scenario by itself: what one of them lacks,
    the trial lacks. `worst` says that the lowest of these values counts, so that more scenarios
    never improve it.
    """

    each: bool = False
    worst: bool = False
    _best: float | None = field(default=None, init=False)

    def told(self, scores: Sequence[Score]) -> None:
        """Keep the best objective of the complete, feasible trials."""
        score = scores[-1]
        if score.complete and score.feasible and score.objective is not None:
            best = score.objective if self._best is None else self._best
            self._best = max(score.objective, best)

    def proposed(self) -> Ends:
        """Return whether a trial is decided: it failed, is not feasible, or cannot be better."""
        return partial(self._ends, self._best)

    def _ends(self, best: float | None, scores: Sequence[Score]) -> bool:
        score = scores[-1]
        # A constraint must hold in each scenario; a violation of the function's own may end later.
        if score.failure is not None or any(v.constraint != FITNESS for v in score.violations):
            return True
        if self.each and not score.feasible:
            return True
        if not self.worst or best is None or score.objective is None:
            return False
        # Of equal trials the first ranks first.
        return score.objective <= best


class Halving:
    """Ends trials that are not among the best 1/`reduction` of their rung, by rank.

    A trial is compared with those told when it was proposed: how good it must be at each rung is
    noted then, so that no score of a told trial is needed later. The best one of a rung always
    goes on, as in Optuna's `SuccessiveHalvingPruner`; so does a trial without rivals.
    """

    def __init__(self, rungs: int, reduction: int) -> None:
        self._reduction = reduction
        #: The sort keys of the told trials at each rung but the last, best first.
        self._merits: list[list[tuple[int, float]]] = [[] for _ in range(rungs - 1)]

    def told(self, scores: Sequence[Score]) -> None:
        """Add a trial to the rungs that it reached."""
        for merits, score in zip(self._merits, scores, strict=False):
            insort(merits, merit(score.objective, score.violation))

    def proposed(self) -> Ends:
        """Return whether a trial failed, or is not among the best of the rung that it reached."""
        return partial(_beaten, tuple(map(self._bar, self._merits)))

    def _bar(self, merits: Sequence[tuple[int, float]]) -> tuple[int, float] | None:
        """Return the sort key that a trial must be below at a rung, None without rivals."""
        places = max(1, (len(merits) + 1) // self._reduction)
        return merits[places - 1] if merits else None


def _beaten(bars: Sequence[tuple[int, float] | None], scores: Sequence[Score]) -> bool:
    score, bar = scores[-1], bars[len(scores) - 1]
    if score.failure is not None:
        return True
    # Of equal trials the first ranks first.
    return bar is not None and merit(score.objective, score.violation) >= bar
