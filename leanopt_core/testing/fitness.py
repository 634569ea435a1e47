"""The contract of a fitness function: tests."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import permutations

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leanopt_core.fitness import (
    Fitness,
    FitnessContext,
    FitnessFunction,
    Moments,
)
from leanopt_core.outputs import ClosedTrade
from leanopt_core.ranking import rank_key
from leanopt_core.scoring import Scorer
from leanopt_core.scoring.calling import judge_of
from leanopt_core.scoring.score import backtested
from leanopt_core.testing.backtests import (
    GOOD,
    GOOD_SAMPLE,
    Sample,
    curve,
    drifting,
    edges,
    winning,
)
from leanopt_core.work import Outcome

PROFITS = ("Compounding Annual Return", "Net Profit")

#: Values that break divisions, powers or logarithms.
EDGES = (0.0, -0.0, -1.0, 5e-324, -5e-324, 1.7e308, -1.7e308)

figures = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(EDGES)
reported = st.dictionaries(st.sampled_from(sorted(GOOD)), figures | st.none() | st.text(max_size=3))
closed = st.none() | st.integers(0, 10**9)


changes = st.lists(st.floats(-2, 2) | st.sampled_from(EDGES), max_size=6).map(curve)
profits = st.lists(figures | st.none(), max_size=5).map(
    lambda drawn: [ClosedTrade(profit=one, fees=one) for one in drawn]
)
samples = st.builds(Sample, changes | st.none(), profits | st.none())

#: Searches at their start, in the middle, and with values at the edge of floats.
CONTEXTS = (
    FitnessContext(),
    FitnessContext(100, 250, {"fitness": Moments(1, 0.5)}),
    FitnessContext(None, None, {"fitness": Moments(2, 1.0, 0.0)}),
    FitnessContext(1000, 2000, {"fitness": Moments(999, -1.7e308)}),
    FitnessContext(1000, 2000, {"fitness": Moments(999, 0.0, 1.7e308)}),
)


class FitnessContract:
    """Inherit and override `fitness`; set `needs` to those of its specification.

    Override `good` and `good_sample` if yours needs other statistics, another curve or other
    trades. Set `profits_count` to False if a larger profit can be worse, for example for a function
    that looks for small losses.
    """

    #: What the function's specification names: some of `returns`, `equity` and `trades`.
    needs: Collection[str] = ()
    #: Number of random sets of statistics.
    examples = 200
    #: Whether more profit, all else equal, must never be worse.
    profits_count = True

    @pytest.fixture
    def fitness(self) -> FitnessFunction:
        """Override: return the fitness function."""
        raise NotImplementedError("override the fixture `fitness`")

    @pytest.fixture
    def good(self) -> Mapping[str, float]:
        """Return statistics of a backtest that has a value."""
        return GOOD

    @pytest.fixture
    def good_sample(self) -> Sample:
        """Return the equity curve and the trades of a backtest that has a value."""
        return GOOD_SAMPLE

    def test_direction_and_target(self, fitness: FitnessFunction) -> None:
        """The direction is valid and constant; the target is a finite number or None."""
        direction, target = fitness.direction, fitness.target
        assert direction in ("max", "min")
        assert target is None or math.isfinite(target)
        assert (fitness.direction, fitness.target) == (direction, target)

    @pytest.mark.parametrize("scenarios", [1, 2, 3, 5])
    def test_a_good_backtest_has_a_value(
        self,
        fitness: FitnessFunction,
        good: Mapping[str, float],
        good_sample: Sample,
        scenarios: int,
    ) -> None:
        """A good backtest has a finite value, with one scenario or several."""
        one = good_sample.outcome(good)
        judged = self._judge(fitness, [one] * scenarios)
        assert judged.value is not None, judged.reasons
        assert math.isfinite(judged.value)
        assert judged.violation == 0

    def test_the_order_of_scenarios_does_not_count(
        self, fitness: FitnessFunction, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """The scenarios of a step come in any order: the value is the same, up to rounding."""
        others = (Sample(drifting(0.0005), winning(10.0)), Sample(drifting(0.001), winning(-10.0)))
        told = [
            (f"scenario {place}", sample.outcome(_varied(good, place)))
            for place, sample in enumerate((good_sample, *others))
        ]
        first, *rest = (self._judge_named(fitness, dict(order)) for order in permutations(told))
        for judged in rest:
            assert judged.value == pytest.approx(first.value, rel=1e-9), (
                "another order of scenarios"
            )
            assert judged.violation == pytest.approx(first.violation, rel=1e-9)
            assert sorted(judged.reasons) == sorted(first.reasons)

    def test_a_context_never_harms(
        self, fitness: FitnessFunction, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """Whatever trials were told before, the value is finite, or None with reasons."""
        one = good_sample.outcome(good)
        names = self._judge(fitness, [one]).values
        for context in CONTEXTS:
            known = dict.fromkeys(names, context.values.get("fitness", Moments(1, 0.0)))
            for values in (context.values, {**context.values, **known}):
                told = FitnessContext(context.stage_trials, context.search_trials, values)
                _assert_finite(self._judge(fitness, [one], told), f"the context {told}")

    def test_edges_of_each_statistic(
        self, fitness: FitnessFunction, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """With a zero, tiny or huge statistic the value is finite, or None with reasons."""
        for name in good:
            for edge in EDGES:
                one = good_sample.outcome({**good, name: edge})
                _assert_finite(self._judge(fitness, [one]), f"{name} = {edge}")

    def test_edges_of_curves_and_trades(
        self, fitness: FitnessFunction, good: Mapping[str, float]
    ) -> None:
        """With a flat, ruined or empty curve the value is finite, or None with reasons.

        The same holds with no trades, and with trades that only win, only lose, or say nothing.
        """
        for what, sample in edges(self.needs).items():
            _assert_finite(self._judge(fitness, [sample.outcome(good)]), what)

    def test_never_nan_nor_infinite(
        self, fitness: FitnessFunction, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """With any statistics the value is finite, or None with reasons; nothing is raised."""
        whole = reported.map(lambda drawn: {**good, **drawn})
        drawn_samples = st.just(good_sample) | samples if self.needs else st.just(good_sample)

        @settings(
            max_examples=self.examples,
            derandomize=True,
            database=None,
            # A busy machine is no fault of the function.
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        )
        @given(st.lists(st.tuples(whole | reported, closed, drawn_samples), min_size=1, max_size=3))
        def check(drawn: list[tuple[dict[str, float | str | None], int | None, Sample]]) -> None:
            outcomes = [
                evolve(sample.outcome(told), closed_trades=trades) for told, trades, sample in drawn
            ]
            _assert_finite(self._judge(fitness, outcomes), "what was drawn")

        check()

    def test_missing_statistics_give_reasons(
        self, fitness: FitnessFunction, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """Without statistics there is no value; without one, a value or a readable reason."""
        nothing = self._judge(fitness, [Sample().outcome({})])
        assert nothing.value is None
        assert nothing.reasons
        for name in good:
            rest = {other: value for other, value in good.items() if other != name}
            _assert_readable(self._judge(fitness, [good_sample.outcome(rest)]), f"without {name!r}")

    def test_missing_outputs_give_reasons(
        self, fitness: FitnessFunction, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """A backtest can lack its curve or its trades: a value, or a readable reason."""
        for sample in (evolve(good_sample, equity=None), evolve(good_sample, trades=None)):
            judged = self._judge(fitness, [sample.outcome(good)])
            _assert_readable(judged, "without the curve or the trades")

    def test_one_bad_scenario_gives_reasons(
        self, fitness: FitnessFunction, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """With several scenarios, one without statistics, there is a value or reasons."""
        outcomes = [good_sample.outcome(good), Sample().outcome({})]
        for ordered in (outcomes, outcomes[::-1]):
            judged = self._judge(fitness, ordered)
            assert (judged.value is None) == bool(judged.reasons)

    def test_the_same_again(
        self, fitness: FitnessFunction, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """The same backtests give the same fitness again: the function keeps no state."""
        bad = {**good, **dict.fromkeys(PROFITS, -0.5), "Drawdown": 0.9}
        ill = Sample(drifting(-0.001), winning(-100.0)).outcome(bad)
        well, nothing = good_sample.outcome(good), Sample().outcome({})
        judged = [self._judge(fitness, [one]) for one in (ill, well, nothing, ill, well, well, ill)]
        assert judged[0] == judged[3] == judged[6]
        assert judged[1] == judged[4] == judged[5]

    def test_losses_are_ordered(
        self, fitness: FitnessFunction, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """All else equal, a larger loss is never better, nor is a loss better than a profit."""
        self._skip_unless_profits_count()
        for drawdown in (0.1, 0.6, 0.95):
            ranked = [
                {**good, **dict.fromkeys(PROFITS, profit), "Drawdown": drawdown}
                for profit in (0.9, 0.2, 0.01, 0.0, -0.01, -0.1, -0.5, -0.9)
            ]
            self._assert_ranked(
                fitness, map(good_sample.outcome, ranked), "profits, large to small"
            )

    def test_worse_curves_and_trades_are_never_better(
        self, fitness: FitnessFunction, good: Mapping[str, float]
    ) -> None:
        """The same curve with a lower return each day, and trades with lower profits."""
        self._skip_unless_profits_count()
        drifts = (0.002, 0.001, 0.0005, 0.0, -0.0005, -0.001, -0.004)
        shifts = (80.0, 40.0, 0.0, -40.0, -80.0, -120.0, -200.0)
        ranked = [Sample(drifting(d), winning(s)) for d, s in zip(drifts, shifts, strict=True)]
        outcomes = (sample.outcome(good) for sample in ranked)
        self._assert_ranked(fitness, outcomes, "returns and profits, large to small")

    def test_deeper_drawdowns_are_never_better(
        self, fitness: FitnessFunction, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """A deeper drawdown is never better, even with a loss."""
        self._skip_unless_profits_count()
        for profit in (0.5, 0.0, -0.05, -0.4):
            ranked = [
                {**good, **dict.fromkeys(PROFITS, profit), "Drawdown": drawdown}
                for drawdown in (0.0, 0.05, 0.2, 0.5, 0.9)
            ]
            outcomes = map(good_sample.outcome, ranked)
            self._assert_ranked(fitness, outcomes, "drawdowns, small to large")

    def test_what_it_says_can_be_scored(
        self, fitness: FitnessFunction, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """The core scores it: the objective is the value, negated if lower is better."""
        scored = self._scorer(fitness)({"default": good_sample.outcome(good)})
        assert scored.feasible
        assert scored.fitness is not None
        sign = 1 if fitness.direction == "max" else -1
        assert scored.objective == sign * scored.fitness

    def _skip_unless_profits_count(self) -> None:
        if not self.profits_count:
            pytest.skip("profits_count is False")

    def _scorer(self, fitness: FitnessFunction) -> Scorer:
        return Scorer(fitness, label="fitness function", needs=frozenset(self.needs))

    def _judge(
        self,
        fitness: FitnessFunction,
        outcomes: Sequence[Outcome],
        context: FitnessContext = CONTEXTS[0],
    ) -> Fitness:
        named = {f"scenario {place}": one for place, one in enumerate(outcomes)}
        return self._judge_named(fitness, named, context)

    def _judge_named(
        self,
        fitness: FitnessFunction,
        outcomes: Mapping[str, Outcome],
        context: FitnessContext = CONTEXTS[0],
    ) -> Fitness:
        needs = frozenset(self.needs)
        backtests = [backtested(name, one, needs) for name, one in outcomes.items()]
        judged = judge_of(fitness, "fitness function")(backtests, context)
        assert isinstance(judged, Fitness), f"it returned {judged!r}, expected a Fitness"
        return judged

    def _assert_ranked(
        self, fitness: FitnessFunction, outcomes: Iterable[Outcome], what: str
    ) -> None:
        """Assert that each outcome ranks at least as high as the next."""
        scores = [self._scorer(fitness)({"default": one}) for one in outcomes]
        keys = [rank_key(one, 1, 1) for one in scores]
        assert keys == sorted(keys), f"{what}, do not rank in that order: {keys}"


def _varied(good: Mapping[str, float], place: int) -> dict[str, float]:
    """Return statistics that are a little higher and lower, other ones at each place."""
    return {
        name: one * (1 + 0.02 * place * (at % 3 - 1)) for at, (name, one) in enumerate(good.items())
    }


def _assert_finite(judged: Fitness, where: str) -> None:
    """Assert that there is a finite value or a reason, and a violation of 0 or more."""
    if judged.value is None:
        assert judged.reasons, f"no value and no reason with {where}"
    else:
        assert math.isfinite(judged.value), f"{judged.value} with {where}"
    assert math.isfinite(judged.violation), where
    assert judged.violation >= 0, where
    assert all(math.isfinite(value) for value in judged.values.values()), where


def _assert_readable(judged: Fitness, where: str) -> None:
    """Assert that there is either a value or reasons of one line each."""
    assert (judged.value is None) == bool(judged.reasons), where
    assert all(reason.strip() and "\n" not in reason for reason in judged.reasons), where
