"""The values that a sampler is told, also of trials that violate a constraint or are pruned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define, field

from leanopt_core.api import ComparableObjectives

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leanopt_core.api import Score, Told

#: Objectives are clipped to these limits: Gaussian processes square them.
LIMIT: Final = 1e30


@define
class Values:
    """Makes a trial's values, one for each of `count` objectives, higher being better.

    A single one is what ranks trials. `constrained` says whether the sampler is told violations,
    too, `same_scale` is that of `StageStart`. `_worst` is that of each objective so far, empty at
    first.
    """

    count: int
    constrained: bool
    same_scale: bool = True
    _worst: Sequence[float] = field(default=(), init=False)
    _comparable: Sequence[ComparableObjectives] = field(init=False)

    @_comparable.default
    def _each(self) -> Sequence[ComparableObjectives]:
        return tuple(ComparableObjectives(self.same_scale) for _ in range(self.count))

    def of(self, told: Score | Told) -> Sequence[float] | None:
        """Return a trial's values, None if it failed or was pruned before any was complete.

        A violation without an objective counts too: its values are the worst so far. For samplers
        without constraints, a violated trial is worse than the worst.
        """
        violation = told.violation
        own = self._objectives(told)
        if own and violation == 0:
            own = self._on_scale(own, told.pruned_at)
        if own:
            self._worst = tuple(map(min, own, self._worst or own))
        worst = self._worst or (0.0,) * self.count
        if violation > 0 and not self.constrained:
            return tuple(value - violation for value in worst)
        return own or (worst if violation > 0 else None)

    def _objectives(self, told: Score | Told) -> Sequence[float]:
        if told.objective is None:
            return ()
        own = (told.objective,) if self.count == 1 else told.objectives
        return tuple(max(-LIMIT, min(value, LIMIT)) for value in own)

    def _on_scale(self, own: Sequence[float], pruned_at: int | None) -> Sequence[float]:
        """Return a feasible trial's objectives; those of a pruned one are below the best so far.

        Nothing if none was complete so far: a short window may give any value.
        """
        known = [rule.of(one, pruned_at) for rule, one in zip(self._comparable, own, strict=True)]
        return tuple(value for value in known if value is not None)
