"""Score a trial from its backtests, over one or several scenarios."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from leanopt_core.errors import PluginError
from leanopt_core.fitness import (
    FITNESS,
    Backtested,
    Direction,
    Fitness,
    FitnessContext,
    FitnessFunction,
    turned,
)
from leanopt_core.scoring.calling import Call, call_of
from leanopt_core.scoring.constraint import LARGEST
from leanopt_core.shown import shown
from leanopt_core.statistics import Statistics
from leanopt_core.trial import Penalty, Score, Violation
from leanopt_core.work import Category, Failure, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leanopt_core.scoring.constraint import ResultConstraint, SoftConstraint

_NO_CONTEXT: Final = FitnessContext()


@frozen
class Scorer:
    """Scores trials with a fitness function and constraints on results.

    Violated `soft` constraints make the fitness worse, and leave the trial feasible. `label` names
    the function and its distribution in errors; `needs` are those of its specification. `weights`
    are those of scenarios by name, 1 for the others. Raises PluginError if the function takes
    neither one nor two arguments.
    """

    fitness: FitnessFunction
    constraints: Sequence[ResultConstraint] = ()
    label: str = field(kw_only=True)
    needs: frozenset[str] = field(default=frozenset(), kw_only=True)
    soft: Sequence[SoftConstraint] = field(default=(), kw_only=True)
    weights: Mapping[str, float] = field(factory=dict, kw_only=True)
    _call: Call = field(init=False, repr=False, eq=False)
    _rules: Sequence[ResultConstraint] = field(init=False, repr=False, eq=False)

    @_rules.default
    def _all(self) -> Sequence[ResultConstraint]:
        return (*self.constraints, *(one.rule for one in self.soft))

    @_call.default
    def _from_signature(self) -> Call:
        return call_of(self.fitness, self.label)

    @property
    def direction(self) -> Direction:
        """Return whether a higher or a lower fitness is better."""
        return self.fitness.direction

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Return nothing: the directions of objectives, of which there are none."""
        return ()

    @property
    def target(self) -> float | None:
        """Return the fitness at which the search may end, None if there is none."""
        return self.fitness.target

    @property
    def contextual(self) -> bool:
        """Return whether the function takes a context."""
        return self._call is self.fitness

    def __call__(
        self, outcomes: Mapping[str, Outcome], context: FitnessContext = _NO_CONTEXT
    ) -> Score:
        """Return a trial's score from its `outcomes` by scenario, in the scenarios' order.

        After failed backtests the score has the first failure's category, and all messages as
        reasons. If a backtest lacks a statistic that a constraint needs, there is no fitness and no
        violation. Each constraint must hold in each scenario. Raises PluginError if the function
        breaks its contract: it raises, or returns anything but a `Fitness`, NaN, infinity, or a
        violation below 0.
        """
        failed = failures(outcomes)
        if failed:
            reasons = _messages(failed, several=len(outcomes) > 1)
            return Score(reasons=reasons, failure=str(next(iter(failed.values())).category))
        # A tuple: the function must not change what the constraints are about.
        weights = self.weights
        backtests = tuple(
            [
                backtested(name, one, self.needs, weights.get(name, 1.0))
                for name, one in outcomes.items()
            ]
        )
        missing = _missing(backtests, self._rules) if self._rules else ()
        if missing:
            return Score(reasons=missing)
        judged, direction = self._judged(backtests, context)
        violations = _violations(backtests, self.constraints) if self.constraints else ()
        if judged.violation > 0:
            violations = (*violations, Violation("fitness", judged.violation))
        fitness, objective = judged.value, turned(judged.value, direction)
        penalties: tuple[Penalty, ...] = ()
        if objective is not None and self.soft:
            penalties = _penalties(backtests, self.soft)
            objective -= math.fsum(one.amount for one in penalties)
            fitness = turned(objective, direction)
        size = math.fsum(one.size for one in violations) if violations else 0.0
        reasons, values = judged.reasons, judged.values
        return Score(fitness, objective, size, violations, reasons, values, penalties=penalties)

    def _judged(
        self, backtests: Sequence[Backtested], context: FitnessContext
    ) -> tuple[Fitness, Direction]:
        label = self.label
        try:
            judged, direction = self._call(backtests, context), self.fitness.direction
        except (Exception, SystemExit) as error:
            if isinstance(error, PluginError) and str(error).startswith(label):
                raise
            raise PluginError(f"{label} raised {type(error).__name__}: {error}") from error
        if not isinstance(judged, Fitness):
            raise PluginError(f"{label} returned {type(judged).__name__}, not a Fitness")
        if direction not in ("max", "min"):
            raise PluginError(f"{label} has the direction {shown(direction)}, not 'max' or 'min'")
        return _checked(judged, label), direction


def failures(outcomes: Mapping[str, Outcome]) -> dict[str, Failure]:
    """Return why backtests failed, by scenario; completed ones are left out."""
    return {
        name: _failure(outcome)
        for name, outcome in outcomes.items()
        if outcome.failure is not None or outcome.statistics is None
    }


def _failure(outcome: Outcome) -> Failure:
    if outcome.failure is None:
        return Failure(Category.NO_RESULT, "the backtest gave no statistics")
    # The store does not keep the rest.
    return Failure(outcome.failure.category, outcome.failure.message)


def _messages(failures: Mapping[str, Failure], *, several: bool) -> tuple[str, ...]:
    return tuple(
        f"{name}: {failure.message}" if several else failure.message
        for name, failure in failures.items()
    )


def backtested(
    name: str, outcome: Outcome, needs: frozenset[str], weight: float = 1.0
) -> Backtested:
    """Return a completed backtest as a fitness function with these needs sees it."""
    statistics = outcome.statistics or Statistics()
    trades = outcome.trades if "trades" in needs else None
    # Trades that were not needed do not count: a cached backtest may lack them.
    closed = statistics.closed_trades
    if closed is None:
        closed = outcome.closed_trades
    if closed is None and trades is not None:
        closed = len(trades)
    return Backtested(
        name,
        statistics,
        None if closed is None else int(closed),
        outcome.returns if "returns" in needs else None,
        outcome.equity if "equity" in needs else None,
        trades,
        weight,
    )


def _where(backtest: Backtested, backtests: Sequence[Backtested]) -> str:
    return f" [{backtest.scenario}]" if len(backtests) > 1 else ""


def _missing(
    backtests: Sequence[Backtested], constraints: Sequence[ResultConstraint]
) -> tuple[str, ...]:
    return tuple(
        f"{constraint.text}{_where(backtest, backtests)}: "
        + backtest.statistics.missing(constraint.statistic)
        for constraint in constraints
        for backtest in backtests
        if constraint.violation(backtest.statistics) is None
    )


def _violations(
    backtests: Sequence[Backtested], constraints: Sequence[ResultConstraint]
) -> tuple[Violation, ...]:
    return tuple(
        Violation(constraint.text + _where(backtest, backtests), size)
        for constraint in constraints
        for backtest in backtests
        if (size := constraint.violation(backtest.statistics))
    )


def _penalties(
    backtests: Sequence[Backtested], soft: Sequence[SoftConstraint]
) -> tuple[Penalty, ...]:
    return tuple(
        Penalty(violation.constraint, one.weight * violation.size)
        for one in soft
        for violation in _violations(backtests, (one.rule,))
    )


def _checked(judged: Fitness, label: str) -> Fitness:
    """Return `judged` as plain floats and texts, the violation at most `LARGEST`."""
    if _plain(judged):
        return judged
    violation = _number(judged.violation, "violation", label)
    if violation < 0:
        raise PluginError(f"{label} returned the violation {violation}, below 0")
    value = None if judged.value is None else _number(judged.value, "value", label)
    reasons = _reasons(judged.reasons, label)
    if value is None and not reasons:
        reasons = (f"{label} gave no value and no reason",)
    if not isinstance(judged.values, Mapping):
        raise PluginError(f"{label} returned the values {shown(judged.values)}, not named numbers")
    values = {str(name): _number(one, str(name), label) for name, one in judged.values.items()}
    if FITNESS in values:
        raise PluginError(
            f"{label} returned a value named {FITNESS!r}, which is reserved for the fitness itself"
        )
    return Fitness(value, reasons, min(violation, LARGEST), values)


def _plain(judged: Fitness) -> bool:
    """Return whether `judged` is just a usable value, the usual case: nothing else to check."""
    value = judged.value
    return (
        (type(value) is float and math.isfinite(value) and value != 0)
        and (type(judged.violation) is float and judged.violation == 0)
        and judged.reasons == ()
        and judged.values == {}
    )


def _reasons(given: object, label: str) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Iterable):
        raise PluginError(f"{label} returned the reasons {shown(given)}, not texts")
    return tuple(map(str, given))


def _number(value: object, name: str, label: str) -> float:
    if type(value) is float and math.isfinite(value):
        return value + 0.0  # no -0.0
    if isinstance(value, bool) or not isinstance(value, Real):
        raise PluginError(f"{label} returned the {name} {shown(value)}, not a number")
    try:
        plain = float(value)
    except OverflowError:
        plain = math.inf
    if not math.isfinite(plain):
        raise PluginError(f"{label} returned the {name} {plain}; return None for no {name}")
    return plain + 0.0  # no -0.0
