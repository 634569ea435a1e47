"""Scoring a trial: failures, constraints over scenarios, fitness, and what is contained."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, get_args

import numpy as np
import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import PluginError
from leanopt_core.fitness import Backtested, Direction, Fitness, FitnessFunction
from leanopt_core.outputs import ClosedTrade
from leanopt_core.scoring import Aggregate, ResultConstraint, Scorer, aggregate, score_each
from leanopt_core.statistics import Statistics
from leanopt_core.trial import Score, Violation
from leanopt_core.work import Category, Failure, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LABEL = "fitness function 'sharpe' of leanopt-sharpe 1.0"


@frozen
class Sharpe:
    """The mean Sharpe ratio, either way."""

    direction: Direction = "max"
    target: float | None = None

    def __call__(self, backtests: Sequence[Backtested]) -> Fitness:
        """Return the mean."""
        values = [backtest.statistics.sharpe_ratio for backtest in backtests]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return Fitness(reasons=("no Sharpe ratio",))
        return Fitness(math.fsum(known) / len(known), values={"lowest": min(known)})


@frozen
class Returning:
    """Returns whatever it was given."""

    answer: object
    direction: Direction = "max"
    target: float | None = None

    def __call__(self, backtests: Sequence[Backtested]) -> Fitness:
        """Return it, or raise it."""
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[return-value]  # the contract broken on purpose


def completed(**values: float) -> Outcome:
    """Return a completed backtest; `sharpe`, `drawdown`, `orders`."""
    names = {"sharpe": "Sharpe Ratio", "drawdown": "Drawdown", "orders": "Total Orders"}
    return Outcome(Statistics({names[name]: value for name, value in values.items()}))


def failed(category: Category = Category.STRATEGY, message: str = "it broke") -> Outcome:
    """Return a failed backtest."""
    return Outcome(failure=Failure(category, message))


def score(
    outcomes: Mapping[str, Outcome],
    fitness: FitnessFunction,
    constraints: Sequence[ResultConstraint] = (),
    *,
    needs: frozenset[str] = frozenset(),
) -> Score:
    """Return a trial's score, by a scorer of its own."""
    return Scorer(fitness, constraints, label=LABEL, needs=needs)(outcomes)


def constraints(*texts: str) -> list[ResultConstraint]:
    """Return parsed constraints."""
    return [ResultConstraint.parse(text) for text in texts]


def test_a_feasible_trial() -> None:
    """Constraints hold: a fitness, the objective the same, nothing violated."""
    given_constraints = constraints("Drawdown <= 25%", "Total Orders >= 30")
    outcome = completed(sharpe=1.5, drawdown=0.2, orders=30)
    scored = score({"SPY": outcome}, Sharpe(), given_constraints)
    assert scored == Score(1.5, 1.5, values={"lowest": 1.5})
    assert scored.feasible


def test_smaller_is_better() -> None:
    """Where the fitness function says `min`, the objective is turned; no negative zero."""
    scored = score({"SPY": completed(sharpe=1.5)}, Sharpe("min"))
    assert (scored.fitness, scored.objective) == (1.5, -1.5)
    zero = score({"SPY": completed(sharpe=0.0)}, Sharpe("min"))
    assert str(zero.objective) == "0.0"


def test_a_violated_constraint_has_its_size() -> None:
    """The fitness stays; the violation is the sum of the sizes."""
    given_constraints = constraints("Drawdown <= 25%", "Total Orders >= 30")
    outcome = completed(sharpe=1.5, drawdown=0.5, orders=15)
    scored = score({"SPY": outcome}, Sharpe(), given_constraints)
    assert scored.violations == (
        Violation("Drawdown <= 25%", 1.0),
        Violation("Total Orders >= 30", 0.5),
    )
    assert (scored.fitness, scored.violation, scored.feasible) == (1.5, 1.5, False)


def test_constraints_hold_in_each_scenario() -> None:
    """With several scenarios each is judged, and named where it violates."""
    outcomes = {
        "SPY": completed(sharpe=2, drawdown=0.1),
        "QQQ": completed(sharpe=1, drawdown=0.3),
    }
    scored = score(outcomes, Sharpe(), constraints("Drawdown <= 0.25"))
    (violation,) = scored.violations
    assert violation.constraint == "Drawdown <= 0.25 [QQQ]"
    assert scored.violation == pytest.approx(0.2)
    assert scored.fitness == 1.5


def test_a_missing_statistic_gives_no_fitness() -> None:
    """A constraint on what is not there: no fitness, the reason with the nearest name."""
    outcomes = {"SPY": completed(sharpe=2, drawdown=0.9), "QQQ": completed(sharpe=1, drawdown=0.1)}
    given_constraints = constraints("Drawdown <= 25%", "Drawdon <= 25%")
    scored = score(outcomes, Sharpe(), given_constraints)
    assert scored == Score(
        reasons=(
            "Drawdon <= 25% [SPY]: no statistic 'Drawdon': did you mean 'Drawdown'?",
            "Drawdon <= 25% [QQQ]: no statistic 'Drawdon': did you mean 'Drawdown'?",
        )
    )


def test_a_failed_backtest_fails_the_trial() -> None:
    """The first failure's category, every message, and the fitness function is not asked."""
    outcomes = {
        "SPY": completed(sharpe=2),
        "QQQ": failed(Category.TIMEOUT, "after 120 s"),
        "IWM": failed(),
    }
    scored = score(outcomes, Returning(ValueError("not asked")))
    assert scored == Score(reasons=("QQQ: after 120 s", "IWM: it broke"), failure="timeout")
    assert score({"SPY": failed()}, Sharpe()).reasons == ("it broke",)


def test_a_backtest_without_anything_is_no_result() -> None:
    """An outcome without statistics or failure does not count as success."""
    assert score({"SPY": Outcome()}, Sharpe()).failure == "no result"


def test_no_fitness_keeps_its_reasons_and_size() -> None:
    """What is missing to a fitness counts as violation beside the constraints'."""
    fitness = Returning(Fitness(reasons=("few trades",), violation=0.5))
    outcome = completed(drawdown=0.5)
    scored = score({"SPY": outcome}, fitness, constraints("Drawdown <= 0.25"))
    assert scored.violations == (Violation("Drawdown <= 0.25", 1.0), Violation("fitness", 0.5))
    assert (scored.objective, scored.violation, scored.reasons) == (None, 1.5, ("few trades",))
    silent = score({"SPY": outcome}, Returning(Fitness()))
    assert silent.reasons == (f"{LABEL} gave no value and no reason",)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (ZeroDivisionError("division by zero"), "raised ZeroDivisionError: division by zero"),
        (SystemExit(3), "raised SystemExit: 3"),
        (None, "returned NoneType, not a Fitness"),
        (1.5, "returned float, not a Fitness"),
        (Fitness(math.nan), "returned the value nan; return None for no value"),
        (Fitness(-math.inf), "returned the value -inf; return None for no value"),
        (Fitness("1.5"), "returned the value '1.5', not a number"),  # type: ignore[arg-type]
        (Fitness(value=True), "returned the value True, not a number"),
        (
            Fitness(1.0, violation=math.inf),
            "returned the violation inf; return None for no violation",
        ),
        (Fitness(violation=-1.0), "returned the violation -1.0, below 0"),
        (Fitness(10**400), "returned the value inf; return None for no value"),
        (Fitness(Decimal(1)), "returned the value Decimal('1'), not a number"),  # type: ignore[arg-type]
        (Fitness(1.0, values={"b": math.nan}), "returned the b nan; return None for no b"),
        (Fitness(1.0, values=[2.0]), "returned the values [2.0], not named numbers"),  # type: ignore[arg-type]
        (Fitness(reasons=3), "returned the reasons 3, not texts"),  # type: ignore[arg-type]
    ],
)
def test_a_broken_fitness_function_is_named(answer: object, message: str) -> None:
    """Whatever it does wrong, the error names the function and its distribution."""
    with pytest.raises(PluginError) as raised:
        score({"SPY": completed(sharpe=1)}, Returning(answer))
    assert str(raised.value) == f"{LABEL} {message}"


def test_what_can_be_understood_is_taken() -> None:
    """A reason without its tuple, NumPy's numbers, a miss beyond all bounds: nothing is lost."""
    outcome = {"SPY": completed(sharpe=1)}
    one = Returning(Fitness(reasons="too few", violation=1.7e308))  # type: ignore[arg-type]
    scored = score(outcome, one, constraints("Sharpe Ratio >= 2"))
    assert scored.reasons == ("too few",)
    assert (scored.violation, scored.violations[1]) == (1e100, Violation("fitness", 1e100))
    scored = score(outcome, Returning(Fitness(np.float32(0.5))))  # type: ignore[arg-type]
    assert type(scored.fitness) is float
    assert scored.fitness == 0.5


def test_an_unknown_direction_is_named() -> None:
    """So is a direction that is none."""
    fitness = Returning(Fitness(1.0), direction="up")  # type: ignore[arg-type]  # no direction
    with pytest.raises(PluginError, match="has the direction 'up', not 'max' or 'min'"):
        score({"SPY": completed()}, fitness)


def test_closed_trades_come_from_the_statistic_first() -> None:
    """What a fitness function counts does not depend on what others asked an engine for."""
    seen: list[int | None] = []

    @frozen
    class Counting(Sharpe):
        def __call__(self, backtests: Sequence[Backtested]) -> Fitness:
            seen.append(backtests[0].closed_trades)
            return Fitness(1.0)

    reported = Statistics({"totalPerformance.tradeStatistics.totalNumberOfTrades": 5.0})
    trades = [ClosedTrade(profit=1.0), ClosedTrade(profit=2.0)]
    for outcome in (
        Outcome(reported, trades=trades, closed_trades=3),
        Outcome(Statistics(), trades=trades, closed_trades=3),
        Outcome(Statistics(), trades=trades),
        Outcome(Statistics()),
    ):
        score({"SPY": outcome}, Counting())
        score({"SPY": outcome}, Counting(), needs=frozenset({"trades"}))
    assert seen == [5, 5, 3, 3, None, 2, None, None]


@given(
    st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=6),
    st.sampled_from(get_args(Aggregate)),
    st.sampled_from(["max", "min"]),
    st.floats(0, 1),
)
def test_combining_lies_between_the_extremes(
    values: list[float], how: Aggregate, direction: Direction, q: float
) -> None:
    """One value out of several: between the lowest and the highest, whatever the way."""
    fitnesses = [Fitness(value, values={"v": value}) for value in values]
    combined = aggregate(fitnesses, how, direction=direction, q=q)
    assert combined.value is not None
    assert min(values) <= combined.value + 1e-6
    assert combined.value - 1e-6 <= max(values)
    assert combined.values == {"v": combined.value}


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6), st.data())
def test_combining_agrees_with_numpy(values: list[float], data: st.DataObject) -> None:
    """The quantile is numpy's, the weighted mean its average, the worst depends on direction."""
    q = data.draw(st.floats(0, 1))
    weights = data.draw(st.lists(st.floats(0.01, 100), min_size=len(values), max_size=len(values)))
    fitnesses = [Fitness(value) for value in values]
    found = aggregate(fitnesses, "quantile", q=q).value
    assert found == pytest.approx(np.quantile(values, q), rel=1e-9, abs=1e-6)
    found = aggregate(fitnesses, "weighted", weights=weights).value
    assert found == pytest.approx(np.average(values, weights=weights), rel=1e-9, abs=1e-6)
    assert aggregate(fitnesses, "worst").value == min(values)
    assert aggregate(fitnesses, "worst", direction="min").value == max(values)


@given(st.permutations([0.1, 0.7, -3.0, 1e9, 5e-324]), st.sampled_from(get_args(Aggregate)))
def test_the_order_of_scenarios_does_not_count(values: list[float], how: Aggregate) -> None:
    """To the last digit, as each value brings its weight."""
    weights = [1.0 + abs(value) % 7 for value in values]
    fitnesses = [Fitness(value) for value in values]
    pairs = sorted(zip(values, weights, strict=True))
    ordered = [Fitness(value) for value, _ in pairs]
    found = aggregate(fitnesses, how, q=0.3, weights=weights).value
    assert found == aggregate(ordered, how, q=0.3, weights=[weight for _, weight in pairs]).value


def test_combining_with_one_that_has_none() -> None:
    """One scenario without a fitness: none, all reasons once, all violations."""
    combined = aggregate(
        [Fitness(1.0), Fitness(None, ("few",), 0.5), Fitness(None, ("few", "deep"), 0.25)]
    )
    assert combined == Fitness(None, ("few", "deep"), 0.75)


def test_judging_each_scenario_by_itself() -> None:
    """Reasons begin with the scenario where there are several, and only there."""

    def judge(backtest: Backtested) -> Fitness:
        drawdown = backtest.statistics.drawdown
        return Fitness(drawdown, () if drawdown else (backtest.statistics.missing("Drawdown"),))

    spy, qqq = (Backtested(name, Statistics({"Drawdown": 0.5})) for name in ("SPY", "QQQ"))
    none = Backtested("IWM", Statistics())
    reason = "no statistic 'Drawdown': the backtest reported none"
    assert score_each([spy, qqq], judge) == Fitness(0.5)
    assert score_each([none], judge) == Fitness(None, (reason,))
    assert score_each([spy, none], judge) == Fitness(None, (f"IWM: {reason}",))


def test_combining_nothing_or_no_known_way() -> None:
    """Both are the caller's mistakes."""
    with pytest.raises(ValueError, match="no fitness to aggregate"):
        aggregate([])
    with pytest.raises(ValueError, match="cannot aggregate by 'avg'; choose from: mean"):
        aggregate([Fitness(1.0)], "avg")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected q from 0 to 1 for 'quantile', found None"):
        aggregate([Fitness(1.0)], "quantile")
    with pytest.raises(ValueError, match="expected weights above 0"):
        aggregate([Fitness(1.0), Fitness(2.0)], "weighted", weights=[1.0, 0.0])


def test_weights_of_scenarios_reach_the_fitness_function() -> None:
    """The scorer's weights by name; a scenario without one counts 1."""

    class Weighted:
        direction: Direction = "max"
        target = None

        def __call__(self, backtests: Sequence[Backtested]) -> Fitness:
            return score_each(backtests, lambda one: Fitness(one.statistics.get("x")), "weighted")

    outcomes = {name: Outcome(Statistics({"x": x})) for name, x in (("SPY", 1.0), ("QQQ", 5.0))}
    assert Scorer(Weighted(), label="w")(outcomes).fitness == 3.0
    assert Scorer(Weighted(), label="w", weights={"SPY": 3.0})(outcomes).fitness == 2.0
