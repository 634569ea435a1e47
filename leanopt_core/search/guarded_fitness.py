"""Call fitness functions, and report contract violations as PluginError."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, cast

from leanopt_core.fitness import Direction, Fitness, FitnessFunction
from leanopt_core.search.calls import Calls
from leanopt_core.search.guard import RepeatableGuard
from leanopt_core.shown import shown

_DIRECTIONS = ("max", "min")


class GuardedFitness:
    """A fitness function whose violations are PluginErrors; the scorer checks its answers.

    Its direction and target are read once, since they are the same for the whole run.
    """

    direction: Direction
    target: float | None

    def __init__(self, fitness: FitnessFunction, label: str, calls: Calls | None = None) -> None:
        instead = "a score may depend on the backtests only"
        self._guard = RepeatableGuard(label, (), instead=instead, calls=calls)
        self._guard.needs(fitness, ("__call__",), "being built")
        # The signature of the function itself counts, which `inspect` finds by this name.
        self.__wrapped__ = fitness
        self.direction = cast("Direction", self._attribute("direction"))
        if self.direction not in _DIRECTIONS:
            what = f"it has the direction {shown(self.direction)}, expected 'max' or 'min'"
            raise self._guard.fault("being built", what)
        self.target = self._number(self._attribute("target"))

    def __call__(self, *arguments: Any) -> Fitness:
        """Score a trial."""
        return self._guard.call("scoring a trial", self.__wrapped__, *arguments)

    def _attribute(self, name: str) -> object:
        # An attribute may be a property: code of the plugin's.
        return self._guard.call(f"asked for its {name}", getattr, self.__wrapped__, name)

    def _number(self, target: object) -> float | None:
        if target is None:
            return None
        if isinstance(target, bool) or not isinstance(target, Real) or not math.isfinite(target):
            what = f"it has the target {shown(target)}, expected a finite number or None"
            raise self._guard.fault("being built", what)
        return float(target)
