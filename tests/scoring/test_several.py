"""Several fitness functions at once, each against itself alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import frozen

from leanopt_core.errors import PluginError
from leanopt_core.fitness import Backtested, Direction, Fitness, FitnessContext, Moments
from leanopt_core.scoring import ResultConstraint, Scorer, SeveralScorer
from leanopt_core.space import Formula
from leanopt_core.statistics import Statistics
from leanopt_core.trial import Violation
from leanopt_core.work import Category, Failure, Outcome


@frozen
class Reads:
    """The value of a statistic, and the number of trials told before as a further value."""

    statistic: str
    direction: Direction = "max"
    target: float | None = None
    least: float = 0.0

    def __call__(self, backtests: Sequence[Backtested], context: FitnessContext) -> Fitness:
        """Return it; below `least` there is none, and a violation."""
        value = backtests[0].statistics.get(self.statistic)
        if value is None:
            return Fitness(reasons=(f"no {self.statistic}",))
        if value < self.least:
            return Fitness(None, (f"below {self.least:g}",), self.least - value)
        known = context.values.get("fitness")
        more = {"told": float(known.count)} if known else {}
        return Fitness(value, values=more | {"twice": 2 * value})


def outcome(**values: float) -> dict[str, Outcome]:
    """Return a completed backtest with these statistics."""
    return {"SPY": Outcome(Statistics(values))}


def several(*functions: Reads, scalar: str | None = None, **more: object) -> SeveralScorer:
    """Return a scorer of these functions, named by their statistics in small letters."""
    scorers = {
        one.statistic.lower(): Scorer(
            one,
            [ResultConstraint.parse("C <= 5")] if at == 0 else (),
            label=f"fitness function {one.statistic!r}",
            **more,  # type: ignore[arg-type]
        )
        for at, one in enumerate(functions)
    }
    return SeveralScorer(scorers, Formula.parse(scalar) if scalar else None)


PAIR = (Reads("A", "max", 9.0), Reads("B", "min"))


def test_the_first_ranks_and_all_are_kept() -> None:
    """The higher the better, for both directions; values by name."""
    scorer = several(*PAIR)
    score = scorer(outcome(A=1.5, B=0.25, C=1))
    assert (score.fitness, score.objective, score.objectives) == (1.5, 1.5, (1.5, -0.25))
    assert dict(score.values) == {"a": 1.5, "a.twice": 3.0, "b": 0.25, "b.twice": 0.5}
    assert score.feasible
    assert (scorer.direction, scorer.target) == ("max", 9.0)
    turned = several(*reversed(PAIR))
    score = turned(outcome(A=1.5, B=0.25, C=1))
    assert (score.fitness, score.objective, score.objectives) == (0.25, -0.25, (-0.25, 1.5))
    assert (turned.direction, turned.target) == ("min", None)


def test_a_formula_ranks() -> None:
    """It reads the functions' own values, not turned, and the higher the better."""
    scorer = several(*PAIR, scalar="[a] - 2 * [b]")
    score = scorer(outcome(A=1.5, B=0.25, C=1))
    assert (score.fitness, score.objective, score.objectives) == (1.0, 1.0, (1.5, -0.25))
    assert (scorer.direction, scorer.target) == ("max", None)


def test_a_formula_without_a_value() -> None:
    """Then there is no fitness, and no objective: with the numbers that made it so."""
    score = several(*PAIR, scalar="[a] / [b]")(outcome(A=1.5, B=0, C=1))
    assert (score.fitness, score.objectives) == (None, ())
    assert score.reasons == ("scalar divides by zero at a = 1.5, b = 0",)
    assert score.values["a"] == 1.5


def test_a_trial_lacks_one_of_them() -> None:
    """No objective is compared with one that is missing; reasons say whose."""
    score = several(*PAIR)(outcome(A=1.5, C=1))
    assert (score.fitness, score.objectives, score.violation) == (None, (), 0.0)
    assert score.reasons == ("b: no B",)
    assert dict(score.values) == {"a": 1.5, "a.twice": 3.0}


def test_violations_add_up() -> None:
    """Of constraints once, and of each function's requirements by its name."""
    score = several(Reads("A", least=3.0), Reads("B", least=1.0))(outcome(A=1, B=0.5, C=10))
    assert score.violations == (
        Violation("C <= 5", 1.0),
        Violation("a", 2.0),
        Violation("b", 0.5),
    )
    assert score.violation == 3.5
    assert not score.feasible
    broken = several(*PAIR)(outcome(A=1, B=1, C=10))
    assert (broken.objectives, broken.violation, broken.feasible) == ((1.0, -1.0), 1.0, False)


def test_a_failed_backtest() -> None:
    """Is a failed trial, as with one function."""
    failed = {"SPY": Outcome(failure=Failure(Category.TIMEOUT, "too slow"))}
    assert several(*PAIR)(failed) == several(*PAIR).scorers["a"](failed)


def test_each_function_sees_a_context_of_its_own() -> None:
    """As if it were the only one: its value is `fitness`, its values have their own names."""
    values = {"fitness": 7, "a": 3, "a.twice": 4, "b": 5, "ab": 6}
    context = FitnessContext(values={name: Moments(n, 0.0) for name, n in values.items()})
    score = several(*PAIR)(outcome(A=1, B=1, C=1), context)
    assert (score.values["a.told"], score.values["b.told"]) == (3.0, 5.0)

    @frozen
    class Sees(Reads):
        def __call__(self, backtests: Sequence[Backtested], context: FitnessContext) -> Fitness:
            assert sorted(context.values) == ["fitness", "twice"]
            return Fitness(1.0)

    several(Sees("A"), Reads("B"))(outcome(B=1, C=1), context)


def test_needs_and_labels_of_all() -> None:
    """An error names the function that broke its contract."""

    @frozen
    class Broken(Reads):
        def __call__(self, backtests: Sequence[Backtested], context: FitnessContext) -> Fitness:
            return Fitness(float("nan"))

    scorer = several(Reads("A"), Broken("B"), needs=frozenset({"returns"}))
    assert scorer.needs == {"returns"}
    assert scorer.contextual
    assert scorer.label == "fitness function 'A', fitness function 'B'"
    with pytest.raises(PluginError, match="fitness function 'B' returned the value nan"):
        scorer(outcome(A=1, C=1))
