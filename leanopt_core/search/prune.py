"""Decide whether a trial needs its other scenarios, or is decided by those that have judged it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from attrs import frozen

from leanopt_core.fitness import FITNESS
from leanopt_core.trial import Score

#: Says whether a trial ends at the rung that it has reached. It gets the trial's scores by rung,
#: and the best objective of the complete, feasible trials told when it was proposed.
Prune: TypeAlias = Callable[[Sequence[Score], float | None], bool]


@frozen
class Bound:
    """Ends a trial that its other scenarios cannot make the best.

    `each` says that the fitness function scores each scenario by itself: what one of them lacks,
    the trial lacks. `worst` says that the lowest of these values counts, so that more scenarios
    never improve it.
    """

    each: bool = False
    worst: bool = False

    def __call__(self, scores: Sequence[Score], best: float | None) -> bool:
        """Return whether the trial is decided: it failed, is not feasible, or cannot be better."""
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
