"""Call a fitness function for its kit, and check every answer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Final

from attrs import field, frozen

from leanopt_core.fitness import Backtested, Fitness, FitnessContext, FitnessFunction, Moments
from leanopt_core.ranking import rank_key
from leanopt_core.scoring import Scorer
from leanopt_core.scoring.calling import Call, call_of
from leanopt_core.scoring.score import backtested
from leanopt_core.testing import fitness_rules as rules
from leanopt_core.trial import Score
from leanopt_core.work import Outcome

_LABEL: Final = "the fitness function"

#: Searches at their start, in the middle, and with values at the edge of floats.
CONTEXTS: Final = (
    FitnessContext(),
    FitnessContext(100, 250, {"fitness": Moments(1, 0.5)}),
    FitnessContext(None, None, {"fitness": Moments(2, 1.0, 0.0)}),
    FitnessContext(1000, 2000, {"fitness": Moments(999, -1.7e308)}),
    FitnessContext(1000, 2000, {"fitness": Moments(999, 0.0, 1.7e308)}),
)


@frozen
class Judging:
    """A fitness function under test, with the needs of its specification."""

    function: FitnessFunction
    needs: frozenset[str]
    _judge: Call = field(init=False, repr=False, eq=False)

    @_judge.default
    def _from_signature(self) -> Call:
        return call_of(self.function, _LABEL)

    def __call__(
        self, outcomes: Sequence[Outcome], where: str, context: FitnessContext = CONTEXTS[0]
    ) -> Fitness:
        """Return the fitness of a trial's `outcomes`, in this order; `where` is for messages."""
        named = {f"scenario {place}": one for place, one in enumerate(outcomes)}
        return self.judge(self.seen(named), where, context)

    def seen(self, outcomes: Mapping[str, Outcome]) -> tuple[Backtested, ...]:
        """Return the backtests as the function sees them."""
        return tuple(backtested(name, one, self.needs) for name, one in outcomes.items())

    def judge(
        self, backtests: Sequence[Backtested], where: str, context: FitnessContext = CONTEXTS[0]
    ) -> Fitness:
        """Return the fitness; fail if the function raises, or answers what it must not."""
        try:
            judged = self._judge(backtests, context)
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            raise AssertionError(f"{rules.RAISES}; with {where} it raised {told}") from error
        check_fitness(judged, where)
        assert isinstance(judged, Fitness), rules.RESULT
        return judged

    def score(self, outcome: Outcome, where: str) -> Score:
        """Return the core's score of a trial with one scenario."""
        self([outcome], where)
        scorer = Scorer(self.function, label=_LABEL, needs=self.needs)
        return scorer({"default": outcome})

    def check_ranks(self, outcomes: Iterable[Outcome], what: str, rule: str) -> None:
        """Fail unless each outcome ranks at least as high as the next."""
        scores = [self.score(one, what) for one in outcomes]
        keys = [rank_key(one, 1, 1) for one in scores]
        found = [one.fitness if one.feasible else one.reasons for one in scores]
        assert keys == sorted(keys), f"{rule}; with {what}, it gave {found}"


def check_direction(function: FitnessFunction) -> None:
    """Fail unless the direction and the target are valid."""
    direction, target = function.direction, function.target
    assert direction in ("max", "min"), f"direction: {rules.DIRECTION}; it is {direction!r}"
    valid = target is None or is_number(target)
    assert valid, f"target: {rules.TARGET}; it is {target!r}, expected a finite number"


def check_fitness(judged: object, where: str) -> None:
    """Fail unless `judged` is a fitness with a value or reasons, and nothing that is not finite."""
    given = f"it returned {judged!r}"
    assert isinstance(judged, Fitness), f"{rules.RESULT}; with {where} {given}"
    value, reasons = judged.value, judged.reasons
    valid = value is None or is_number(value)
    assert valid, f"value: {rules.VALUE}. {rules.NUMBERS}; with {where} it is {value!r}"
    assert (value is None) == bool(reasons), f"{rules.RESULT}; with {where} {given}"
    lines = type(reasons) is tuple and all(map(_is_line, reasons))
    assert lines, f"reasons: {rules.REASONS}; with {where} they are {reasons!r}"
    violation = judged.violation
    valid = is_number(violation) and violation >= 0
    assert valid, f"violation: {rules.VIOLATION}; with {where} it is {violation!r}"
    assert isinstance(judged.values, Mapping), f"values: {rules.VALUES}; with {where} {given}"
    valid = all(map(is_number, judged.values.values()))
    assert valid, f"values: {rules.VALUES}. {rules.NUMBERS}; with {where} {given}"
    assert "fitness" not in judged.values, f"values: {rules.RESERVED}; with {where} {given}"


def is_number(value: object) -> bool:
    """Return whether a value is a finite number."""
    return type(value) is not bool and isinstance(value, Real) and math.isfinite(value)


def _is_line(reason: object) -> bool:
    return isinstance(reason, str) and bool(reason.strip()) and "\n" not in reason
