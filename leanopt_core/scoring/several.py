"""Score a trial by several fitness functions at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from attrs import evolve, field, frozen

from leanopt_core.fitness import FITNESS, Direction, FitnessContext, Moments, turned
from leanopt_core.scoring.score import Scorer
from leanopt_core.trial import Score, Violation

if TYPE_CHECKING:
    from leanopt_core.space import Formula
    from leanopt_core.work import Outcome

_NO_CONTEXT: Final = FitnessContext()


@frozen
class SeveralScorer:
    """Scores trials by several fitness functions, each a scorer under the name of its objective.

    The first scorer has the constraints on results; none has soft ones. `scalar` is a formula over
    the functions' values by name, the higher the better; it takes the place of the first one's
    value as the fitness. The named values of a trial are the value of each function by its name,
    and each function's own ones after its name and a dot.
    """

    scorers: Mapping[str, Scorer]
    scalar: Formula | None = None
    label: str = field(init=False)
    needs: frozenset[str] = field(init=False)

    @label.default
    def _labels(self) -> str:
        return ", ".join(dict.fromkeys(one.label for one in self.scorers.values()))

    @needs.default
    def _together(self) -> frozenset[str]:
        return frozenset().union(*(one.needs for one in self.scorers.values()))

    @property
    def contextual(self) -> bool:
        """Return whether any of the functions takes a context."""
        return any(one.contextual for one in self.scorers.values())

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Return whether higher or lower is better, for each function."""
        return tuple(one.fitness.direction for one in self.scorers.values())

    @property
    def direction(self) -> Direction:
        """Return whether a higher or a lower fitness is better."""
        return "max" if self.scalar else self.directions[0]

    @property
    def target(self) -> float | None:
        """Return the fitness at which the search may end: the first function's, if it ranks."""
        return None if self.scalar else next(iter(self.scorers.values())).fitness.target

    def __call__(
        self, outcomes: Mapping[str, Outcome], context: FitnessContext = _NO_CONTEXT
    ) -> Score:
        """Return a trial's score from its `outcomes` by scenario, in the scenarios' order.

        Without a value of every function it has no fitness. Reasons and violations of a function
        begin with its name. Raises PluginError as `Scorer` does.
        """
        scores: dict[str, Score] = {}
        for name, scorer in self.scorers.items():
            own = evolve(context, values=dict(_own(context.values, name)))
            scores[name] = score = scorer(outcomes, own)
            if score.failure is not None:
                return score
        objectives = [one.objective for one in scores.values() if one.objective is not None]
        complete = len(objectives) == len(scores)
        values = dict(_values(scores))
        fitness, why = self._fitness(scores, values) if complete else (None, ())
        violations = tuple(_violations(scores))
        return Score(
            fitness=fitness,
            objective=turned(fitness, self.direction),
            violation=math.fsum(one.size for one in violations),
            violations=violations,
            reasons=(*_reasons(scores), *why),
            values=values,
            objectives=() if fitness is None else tuple(objectives),
        )

    def _fitness(
        self, scores: Mapping[str, Score], values: Mapping[str, float]
    ) -> tuple[float | None, tuple[str, ...]]:
        """Return the fitness, or None and why there is none."""
        if self.scalar is None:
            return next(iter(scores.values())).fitness, ()
        try:
            return self.scalar.value(values) + 0.0, ()
        except ArithmeticError as error:
            problem = "divides by zero" if isinstance(error, ZeroDivisionError) else "is too large"
            at = ", ".join(f"{name} = {values[name]:g}" for name in self.scalar.statistics)
            return None, (f"scalar {problem} at {at}",)


def _own(values: Mapping[str, Moments], name: str) -> Iterator[tuple[str, Moments]]:
    """Yield the moments of a function's values, as if it were the only one."""
    for key, moments in values.items():
        if key == name:
            yield FITNESS, moments
        elif key.startswith(f"{name}."):
            yield key[len(name) + 1 :], moments


def _values(scores: Mapping[str, Score]) -> Iterator[tuple[str, float]]:
    for name, score in scores.items():
        if score.fitness is not None:
            yield name, score.fitness
        yield from ((f"{name}.{key}", value) for key, value in score.values.items())


def _violations(scores: Mapping[str, Score]) -> Iterator[Violation]:
    """Yield the violations; those of a function's own requirements have its name."""
    for name, score in scores.items():
        for one in score.violations:
            yield Violation(name, one.size) if one.constraint == FITNESS else one


def _reasons(scores: Mapping[str, Score]) -> Iterator[str]:
    for name, score in scores.items():
        yield from (f"{name}: {reason}" for reason in score.reasons)
