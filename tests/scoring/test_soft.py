"""Soft constraints: what a violation costs, in both directions; the trial stays feasible."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.fitness import Backtested, Direction, Fitness
from leanopt_core.ranking import rank_key
from leanopt_core.scoring import ResultConstraint, Scorer, SoftConstraint
from leanopt_core.statistics import Statistics
from leanopt_core.trial import Penalty, Score
from leanopt_core.work import Outcome

numbers = st.floats(-1e6, 1e6)


@frozen
class Profit:
    """The mean profit, None if a backtest has none."""

    direction: Direction = "max"
    target: float | None = None

    def __call__(self, backtests: Sequence[Backtested]) -> Fitness:
        """Return it."""
        found = [one.statistics.get("Profit") for one in backtests]
        known = [one for one in found if one is not None]
        if len(known) < len(found):
            return Fitness(reasons=("no profit",))
        return Fitness(fsum(known) / len(known))


def soft(text: str, weight: float = 1.0) -> SoftConstraint:
    """Return a parsed one."""
    return SoftConstraint(ResultConstraint.parse(text), weight)


def score(
    *statistics: dict[str, float],
    rules: Sequence[SoftConstraint],
    direction: Direction = "max",
    hard: Sequence[str] = (),
) -> Score:
    """Return the score of a trial with a scenario for each of `statistics`."""
    outcomes = {f"s{n}": Outcome(Statistics(one)) for n, one in enumerate(statistics)}
    scorer = Scorer(
        Profit(direction), [ResultConstraint.parse(one) for one in hard], label="p", soft=rules
    )
    return scorer(outcomes)


@pytest.mark.parametrize(("direction", "fitness"), [("max", 0.8), ("min", 1.8)])
def test_weight_times_the_size_is_taken_off(direction: Direction, fitness: float) -> None:
    """25% where 20% are allowed is a quarter of the bound; a fitness to minimize goes up."""
    rules = [soft("Drawdown <= 20%", 2.0)]
    found = score({"Profit": 1.3, "Drawdown": 0.25}, rules=rules, direction=direction)
    assert found.fitness == pytest.approx(fitness)
    assert found.fitness is not None
    assert found.objective == (found.fitness if direction == "max" else -found.fitness)
    [penalty] = found.penalties
    assert penalty.constraint == "Drawdown <= 20%"
    assert penalty.amount == pytest.approx(0.5)
    assert found.feasible
    assert (found.violation, found.violations) == (0.0, ())


def test_what_holds_costs_nothing() -> None:
    """The score is that without soft constraints, to the bit."""
    rules = [soft("Drawdown <= 20%", 2.0)]
    held = score({"Profit": 1.3, "Drawdown": 0.2}, rules=rules)
    assert held == score({"Profit": 1.3, "Drawdown": 0.2}, rules=())


def test_each_scenario_counts() -> None:
    """Each violation is named with its scenario."""
    rules = [soft("Drawdown <= 20%"), soft("Orders >= 10", 3.0)]
    both = (
        {"Profit": 1.0, "Drawdown": 0.3, "Orders": 5},
        {"Profit": 3.0, "Drawdown": 0.1, "Orders": 0},
    )
    found = score(*both, rules=rules)
    assert [one.constraint for one in found.penalties] == [
        "Drawdown <= 20% [s0]",
        "Orders >= 10 [s0]",
        "Orders >= 10 [s1]",
    ]
    assert found.fitness == pytest.approx(2.0 - 0.5 - 1.5 - 3.0)


def test_beside_a_constraint() -> None:
    """A violated constraint makes it infeasible all the same; its fitness has the penalty, too."""
    found = score({"Profit": 1.0, "Orders": 5}, rules=[soft("Orders >= 10")], hard=["Orders > 9"])
    assert not found.feasible
    assert found.fitness == 0.5


def test_a_missing_statistic() -> None:
    """There is no fitness, as for a constraint; without a fitness there is no penalty."""
    found = score({"Profit": 1.0}, rules=[soft("Drawdwn <= 20%")])
    assert found == Score(reasons=("Drawdwn <= 20%: no statistic 'Drawdwn': choose from: Profit",))
    none = score({"Drawdown": 0.5}, rules=[soft("Drawdown <= 20%")])
    assert none == Score(reasons=("no profit",))


@given(st.sampled_from(["max", "min"]), numbers, numbers, numbers, st.floats(1e-3, 1e3))
def test_a_larger_violation_never_ranks_better(
    direction: Direction, profit: float, one: float, other: float, weight: float
) -> None:
    """In both directions, for the same fitness before."""
    rules = [soft("Drawdown <= 20%", weight)]
    low, high = sorted((one, other))
    near, far = (
        score({"Profit": profit, "Drawdown": drawdown}, rules=rules, direction=direction)
        for drawdown in (low, high)
    )
    assert rank_key(near, 1, 1) <= rank_key(far, 1, 1)
    assert near.feasible
    assert far.feasible


def test_penalties_are_values() -> None:
    """Equal ones are equal; they are part of the score."""
    assert Score(1.0, 1.0, penalties=(Penalty("a", 1.0),)) != Score(1.0, 1.0)
