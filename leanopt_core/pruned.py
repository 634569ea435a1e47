"""Objectives of told trials on one scale, for methods that learn from pruned trials too."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from math import inf, nextafter

from attrs import define, field


@define
class ComparableObjectives:
    """Brings objectives of feasible trials, in the order of telling, on the scale of complete ones.

    That of a complete trial stays. With `same_scale` (`StageStart.same_scale`) that of a pruned one
    is kept just below the best complete one: by what the trial lacks it could only get worse.

    Otherwise a step has a scale of its own, such as that of fewer days, and only ranks within it
    say something. At most half of a step go on, so a pruned trial gets a value from the lower half
    of the complete ones: those of later steps above those of earlier ones, and within a step by its
    rank among those that were pruned there before it.
    """

    same_scale: bool = True
    _complete: list[float] = field(factory=list, init=False)
    _pruned: dict[int, list[float]] = field(factory=dict, init=False)

    def of(self, objective: float, pruned_at: int | None) -> float | None:
        """Return the objective to learn from, None if no complete trial was told before."""
        if pruned_at is None:
            insort(self._complete, objective)
            return objective
        if not self._complete:
            return None
        below = nextafter(self._complete[-1], -inf)
        return min(objective if self.same_scale else self._likely(objective, pruned_at), below)

    def _likely(self, objective: float, step: int) -> float:
        """Return what the rank of a trial at the step where it was pruned predicts."""
        alike = self._pruned.setdefault(step, [])
        insort(alike, objective)
        rank = (bisect_left(alike, objective) + bisect_right(alike, objective)) / 2
        return _quantile(self._complete, (step + rank / len(alike)) / (max(self._pruned) + 1) / 2)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the quantile of sorted values, interpolated between two of them."""
    at, part = divmod(share * (len(ordered) - 1), 1)
    low, high = ordered[int(at)], ordered[min(int(at) + 1, len(ordered) - 1)]
    return low * (1 - part) + high * part
