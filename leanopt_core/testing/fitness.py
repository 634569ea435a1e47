"""The contract of a fitness function: tests."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leanopt_core.fitness import (
    Backtested,
    Fitness,
    FitnessContext,
    FitnessFunction,
    Moments,
)
from leanopt_core.ranking import rank_key
from leanopt_core.scoring import score
from leanopt_core.statistics import Statistics
from leanopt_core.trial import Score
from leanopt_core.work import Outcome

#: A good backtest as LEAN reports it, as plain numbers.
GOOD: Mapping[str, float] = {
    "Total Orders": 240.0,
    "Average Win": 0.012,
    "Average Loss": -0.006,
    "Compounding Annual Return": 0.18,
    "Drawdown": 0.12,
    "Expectancy": 0.5,
    "Start Equity": 100_000.0,
    "End Equity": 228_000.0,
    "Net Profit": 1.28,
    "Sharpe Ratio": 1.1,
    "Sortino Ratio": 1.4,
    "Probabilistic Sharpe Ratio": 0.61,
    "Loss Rate": 0.4,
    "Win Rate": 0.6,
    "Profit-Loss Ratio": 2.0,
    "Alpha": 0.03,
    "Beta": 0.7,
    "Annual Standard Deviation": 0.14,
    "Annual Variance": 0.0196,
    "Information Ratio": 0.2,
    "Tracking Error": 0.1,
    "Treynor Ratio": 0.2,
    "Total Fees": 480.0,
    "Portfolio Turnover": 0.05,
    "totalPerformance.tradeStatistics.totalNumberOfTrades": 120.0,
    "totalPerformance.tradeStatistics.profitFactor": 1.9,
}
PROFITS = ("Compounding Annual Return", "Net Profit")

#: Values that break divisions, powers or logarithms.
EDGES = (0.0, -0.0, -1.0, 5e-324, -5e-324, 1.7e308, -1.7e308)

figures = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(EDGES)
reported = st.dictionaries(st.sampled_from(sorted(GOOD)), figures | st.none() | st.text(max_size=3))
closed = st.none() | st.integers(0, 10**9)


class FitnessContract:
    """Inherit and override `fitness`; override `good` if yours needs other statistics.

    Set `profits_count` to False if a larger profit can be worse, for example for a function that
    looks for small losses.
    """

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

    def test_direction_and_target(self, fitness: FitnessFunction) -> None:
        """The direction is valid and constant; the target is a finite number or None."""
        direction, target = fitness.direction, fitness.target
        assert direction in ("max", "min")
        assert target is None or math.isfinite(target)
        assert (fitness.direction, fitness.target) == (direction, target)

    @pytest.mark.parametrize("scenarios", [1, 3])
    def test_a_good_backtest_has_a_value(
        self, fitness: FitnessFunction, good: Mapping[str, float], scenarios: int
    ) -> None:
        """A good backtest has a finite value, with one scenario or several."""
        judged = fitness([_backtest(good, f"scenario {n}") for n in range(scenarios)])
        assert judged.value is not None, judged.reasons
        assert math.isfinite(judged.value)
        assert judged.violation == 0

    def test_edges_of_each_statistic(
        self, fitness: FitnessFunction, good: Mapping[str, float]
    ) -> None:
        """With a zero, tiny or huge statistic the value is finite, or None with reasons."""
        for name in good:
            for edge in EDGES:
                _assert_finite(fitness([_backtest({**good, name: edge})]), f"{name} = {edge}")

    def test_never_nan_nor_infinite(
        self, fitness: FitnessFunction, good: Mapping[str, float]
    ) -> None:
        """With any statistics the value is finite, or None with reasons; nothing is raised."""
        whole = reported.map(lambda drawn: {**good, **drawn})

        @settings(
            max_examples=self.examples,
            derandomize=True,
            database=None,
            # A busy machine is no fault of the function.
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        )
        @given(st.lists(st.tuples(whole | reported, closed), min_size=1, max_size=3))
        def check(drawn: list[tuple[dict[str, float | str | None], int | None]]) -> None:
            backtests = [
                Backtested(f"s{number}", Statistics(told), trades)
                for number, (told, trades) in enumerate(drawn)
            ]
            _assert_finite(fitness(backtests), "what was drawn")

        check()

    def test_missing_statistics_give_reasons(
        self, fitness: FitnessFunction, good: Mapping[str, float]
    ) -> None:
        """Without statistics there is no value; without one, a value or a readable reason."""
        nothing = fitness([Backtested("default", Statistics())])
        assert nothing.value is None
        assert nothing.reasons
        for name in good:
            rest = {other: value for other, value in good.items() if other != name}
            judged = fitness([Backtested("default", Statistics(rest))])
            assert (judged.value is None) == bool(judged.reasons), f"without {name!r}"
            assert all(reason.strip() and "\n" not in reason for reason in judged.reasons)

    def test_one_bad_scenario_gives_reasons(
        self, fitness: FitnessFunction, good: Mapping[str, float]
    ) -> None:
        """With several scenarios, one without statistics, there is a value or reasons."""
        backtests = [_backtest(good, "one"), Backtested("other", Statistics())]
        for ordered in (backtests, backtests[::-1]):
            judged = fitness(ordered)
            assert (judged.value is None) == bool(judged.reasons)

    def test_the_same_again(self, fitness: FitnessFunction, good: Mapping[str, float]) -> None:
        """The same backtests give the same fitness again: the function keeps no state."""
        bad = {**good, **dict.fromkeys(PROFITS, -0.5), "Drawdown": 0.9}
        told = [[_backtest(one)] for one in (bad, good, {}, bad, good, good, bad)]
        judged = [fitness(backtests) for backtests in told]
        assert judged[0] == judged[3] == judged[6]
        assert judged[1] == judged[4] == judged[5]

    def test_losses_are_ordered(self, fitness: FitnessFunction, good: Mapping[str, float]) -> None:
        """All else equal, a larger loss is never better, nor is a loss better than a profit."""
        if not self.profits_count:
            pytest.skip("profits_count is False")
        for drawdown in (0.1, 0.6, 0.95):
            ranked = [
                self._score(fitness, {**good, **dict.fromkeys(PROFITS, p), "Drawdown": drawdown})
                for p in (0.9, 0.2, 0.01, 0.0, -0.01, -0.1, -0.5, -0.9)
            ]
            _assert_ranked(ranked, "profits from large to small")

    def test_deeper_drawdowns_are_never_better(
        self, fitness: FitnessFunction, good: Mapping[str, float]
    ) -> None:
        """A deeper drawdown is never better, even with a loss."""
        if not self.profits_count:
            pytest.skip("profits_count is False")
        for profit in (0.5, 0.0, -0.05, -0.4):
            ranked = [
                self._score(fitness, {**good, **dict.fromkeys(PROFITS, profit), "Drawdown": d})
                for d in (0.0, 0.05, 0.2, 0.5, 0.9)
            ]
            _assert_ranked(ranked, "drawdowns from small to large")

    def test_what_it_says_can_be_scored(
        self, fitness: FitnessFunction, good: Mapping[str, float]
    ) -> None:
        """The core scores it: the objective is the value, negated if lower is better."""
        scored = self._score(fitness, good)
        assert scored.feasible
        assert scored.fitness is not None
        sign = 1 if fitness.direction == "max" else -1
        assert scored.objective == sign * scored.fitness

    def _score(self, fitness: FitnessFunction, statistics: Mapping[str, float]) -> Score:
        return score(
            {"default": Outcome(Statistics(dict(statistics)))}, fitness, label="fitness function"
        )


def _backtest(statistics: Mapping[str, float], scenario: str = "default") -> Backtested:
    return Backtested(scenario, Statistics(dict(statistics)))


def _assert_finite(judged: Fitness, where: str) -> None:
    """Assert that there is a finite value or a reason, and a violation of 0 or more."""
    if judged.value is None:
        assert judged.reasons, f"no value and no reason with {where}"
    else:
        assert math.isfinite(judged.value), f"{judged.value} with {where}"
    assert math.isfinite(judged.violation), where
    assert judged.violation >= 0, where
    assert all(math.isfinite(value) for value in judged.values.values()), where


def _assert_ranked(scores: list[Score], what: str) -> None:
    """Assert that each score ranks at least as high as the next."""
    keys = [rank_key(one, 1, 1) for one in scores]
    assert keys == sorted(keys), f"{what} do not rank in that order: {keys}"
