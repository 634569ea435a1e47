"""The contract of a fitness function: tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from itertools import combinations, permutations

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings

from leanopt_core.fitness import Fitness, FitnessContext, FitnessFunction, Moments
from leanopt_core.statistics import Statistics
from leanopt_core.testing import fitness_rules as rules
from leanopt_core.testing.backtests import (
    GOOD,
    GOOD_SAMPLE,
    Sample,
    drifting,
    edges,
    winning,
)
from leanopt_core.testing.drawn import EDGES, outcomes
from leanopt_core.testing.judging import CONTEXTS, Judging, check_direction
from leanopt_core.testing.limits import LimitedKit
from leanopt_core.testing.surroundings import put_clocks_on, seeded, states
from leanopt_core.work import Outcome

PROFITS = ("Compounding Annual Return", "Net Profit")
NOTHING = Sample().outcome({})


class FitnessContract(LimitedKit):
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

    @pytest.fixture
    def judging(self, fitness: FitnessFunction) -> Judging:
        """Return the function with its calls limited and its answers checked."""
        limits = self.limits({})
        return Judging(limits.of(fitness), frozenset(self.needs))

    @pytest.fixture
    def trials(
        self, good: Mapping[str, float], good_sample: Sample
    ) -> Mapping[str, Sequence[Outcome]]:
        """Return different trials by what they are: good, bad, and without statistics.

        In this order, a function that remembers the best one, or the worst, changes its mind.
        """
        bad = {**good, **dict.fromkeys(PROFITS, -0.5), "Drawdown": 0.9}
        ill = Sample(drifting(-0.001), winning(-100.0)).outcome(bad)
        well = good_sample.outcome(good)
        higher, lower = ({name: one * by for name, one in good.items()} for by in (1.05, 0.95))
        return {
            "a bad backtest": [ill],
            "a good backtest": [well],
            "higher figures": [Sample(drifting(0.0012), winning(20.0)).outcome(higher)],
            "lower figures": [Sample(drifting(0.0005), winning(-10.0)).outcome(lower)],
            "no statistics": [NOTHING],
            "a good and a bad backtest": [well, ill],
        }

    def test_direction_and_target(
        self, judging: Judging, trials: Mapping[str, Sequence[Outcome]]
    ) -> None:
        """The direction is valid and constant; the target is a finite number or None."""
        function = judging.function
        check_direction(function)
        kept = function.direction, function.target
        for what, trial in trials.items():
            judging(trial, what)
            found = function.direction, function.target
            told = f"after {what} they are {found}, before it {kept}"
            assert found == kept, f"direction and target: {rules.DIRECTION}; {told}"

    @pytest.mark.parametrize("scenarios", [1, 2, 3, 5])
    def test_a_good_backtest_has_a_value(
        self, judging: Judging, good: Mapping[str, float], good_sample: Sample, scenarios: int
    ) -> None:
        """A good backtest has a finite value, with one scenario or several."""
        where = f"a good backtest in {scenarios} of {scenarios} scenarios"
        judged = judging([good_sample.outcome(good)] * scenarios, where)
        told = f"with {where} the reasons are {judged.reasons}"
        hint = "override `good` and `good_sample` if yours needs others"
        assert judged.value is not None, f"{rules.RESULT}; {told} ({hint})"
        assert judged.violation == 0, f"violation: {rules.VIOLATION}; with {where} it is not 0"

    def test_backtests_are_told_apart(
        self, judging: Judging, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """Backtests that differ in everything do not all have the same value."""
        judged = [judging([one], "a good backtest") for one in _different(good, good_sample)]
        found = [one.value for one in judged]
        assert len(set(found)) > 1, f"{rules.APART}; all of four have {found[0]}"

    def test_the_order_of_scenarios_does_not_count(
        self, judging: Judging, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """The scenarios of a step come in any order: the value is the same, up to rounding."""
        told = {
            f"scenario {place}": one for place, one in enumerate(_different(good, good_sample)[:3])
        }
        backtests = permutations(judging.seen(told))
        first, *rest = (judging.judge(order, "three scenarios") for order in backtests)
        for judged in rest:
            same = f"backtests: {rules.SCENARIOS}; in another order it gave {judged}, not {first}"
            assert judged.value == pytest.approx(first.value, rel=1e-9), same
            assert judged.violation == pytest.approx(first.violation, rel=1e-9), same
            assert sorted(judged.reasons) == sorted(first.reasons), same

    def test_a_context_never_harms(
        self, judging: Judging, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """Whatever trials were told before, the value is finite, or None with reasons."""
        one = good_sample.outcome(good)
        names = judging([one], "a good backtest").values
        for context in CONTEXTS:
            known = dict.fromkeys(names, context.values.get("fitness", Moments(1, 0.0)))
            for values in (context.values, {**context.values, **known}):
                told = FitnessContext(context.stage_trials, context.search_trials, values)
                judging([one], f"the context {told}", told)

    def test_edges_of_each_statistic(
        self, judging: Judging, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """With zero, tiny or huge statistics the value is finite, or None with reasons."""
        one = good_sample.outcome(good)
        huge = max(EDGES)
        changes: list[dict[str, float]] = [{name: edge} for name in good for edge in EDGES]
        changes += [{low: -huge, high: huge} for low, high in permutations(good, 2)]
        changes += [{name: huge, other: huge} for name, other in combinations(good, 2)]
        for change in changes:
            judging([evolve(one, statistics=Statistics({**good, **change}))], f"{change}")

    def test_edges_of_curves_and_trades(self, judging: Judging, good: Mapping[str, float]) -> None:
        """With a flat, ruined or empty curve the value is finite, or None with reasons.

        The same holds with no trades, and with trades that only win, only lose, or say nothing.
        """
        for what, sample in edges(self.needs).items():
            judging([sample.outcome(good)], what)

    def test_missing_statistics_give_reasons(
        self, judging: Judging, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """Without statistics there is no value; without one, a value or a readable reason.

        A missing statistic does not count as zero.
        """
        nothing = judging([NOTHING], "no statistics")
        given = f"without statistics the value is {nothing.value}"
        assert nothing.value is None, f"{rules.LACKING}; {given}"
        full = judging([good_sample.outcome(good)], "a good backtest").value
        for name in good:
            rest = {other: value for other, value in good.items() if other != name}
            found = judging([good_sample.outcome(rest)], f"no statistic {name!r}").value
            zero = judging([good_sample.outcome({**good, name: 0.0})], f"{name} = 0.0").value
            told = f"without the statistic {name!r} the value is {found}, as if that were 0"
            assert found is None or found == full or found != zero, f"{rules.UNKNOWN}; {told}"

    def test_missing_outputs_give_reasons(
        self, judging: Judging, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """A backtest can lack its curve or its trades: a value, or a readable reason."""
        judging([evolve(good_sample, equity=None).outcome(good)], "no equity curve")
        judging([evolve(good_sample, trades=None).outcome(good)], "no closed trades")

    def test_one_bad_scenario_gives_reasons(
        self, judging: Judging, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """With several scenarios, one of them with nothing in it, there is no value."""
        both = [good_sample.outcome(good), NOTHING]
        for trial in (both, both[::-1]):
            judged = judging(trial, "two scenarios, one without statistics")
            given = f"one of two scenarios has no statistics, but the value is {judged.value}"
            assert judged.value is None, f"{rules.LACKING}; {given}"

    def test_the_same_again(
        self, judging: Judging, trials: Mapping[str, Sequence[Outcome]]
    ) -> None:
        """The same backtests give the same fitness again: the function keeps no state."""
        kept: dict[str, Fitness] = {}
        for what in [*trials, *trials, *reversed(list(trials)), *trials]:
            judged = judging(trials[what], what)
            first = kept.setdefault(what, judged)
            told = f"with {what} it gave {first}, and later {judged}"
            assert judged == first, f"{rules.GIVEN}; {told}"

    def test_nothing_else_is_used(
        self,
        judging: Judging,
        trials: Mapping[str, Sequence[Outcome]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The fitness depends on no clock, nor on the global generators, nor changes these."""
        kept = {what: judging(trial, what) for what, trial in trials.items()}
        for seed in (3, 4):
            with seeded(seed):
                before = states()
                drawn = {what: judging(trial, what) for what, trial in trials.items()}
                untouched = states()[: len(before)] == before
            assert untouched, f"{rules.GIVEN}; it uses a global random generator"
            assert drawn == kept, f"{rules.GIVEN}; with another global seed the fitness differs"
        put_clocks_on(monkeypatch)
        later = {what: judging(trial, what) for what, trial in trials.items()}
        assert later == kept, f"{rules.GIVEN}; a day later the fitness differs"

    def test_what_it_is_told_is_left_alone(
        self, judging: Judging, trials: Mapping[str, Sequence[Outcome]]
    ) -> None:
        """The function changes neither the list of backtests nor anything in it."""
        for what, trial in trials.items():
            told = judging.seen({f"scenario {place}": one for place, one in enumerate(trial)})
            kept = deepcopy(told)
            judging.judge(told, what)
            assert told == kept, f"{rules.FROZEN}; it changed {what}"

    def test_losses_are_ordered(
        self, judging: Judging, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """All else equal, a larger loss is never better, nor is a loss better than a profit."""
        self._skip_unless_profits_count()
        for drawdown in (0.1, 0.6, 0.95):
            profits = (0.9, 0.2, 0.01, 0.0, -0.01, -0.1, -0.5, -0.9)
            ranked = [
                {**good, **dict.fromkeys(PROFITS, profit), "Drawdown": drawdown}
                for profit in profits
            ]
            what = f"profits of {profits}"
            judging.check_ranks(map(good_sample.outcome, ranked), what, rules.PROFITS)

    def test_worse_curves_and_trades_are_never_better(
        self, judging: Judging, good: Mapping[str, float]
    ) -> None:
        """The same curve with a lower return each day, and trades with lower profits."""
        self._skip_unless_profits_count()
        # The first have no loss, the last no profit.
        drifts = (0.02, 0.002, 0.001, 0.0005, 0.0, -0.0005, -0.001, -0.004, -0.02)
        shifts = (400.0, 80.0, 40.0, 0.0, -40.0, -80.0, -120.0, -200.0, -400.0)
        ranked = [Sample(drifting(d), winning(s)) for d, s in zip(drifts, shifts, strict=True)]
        what = "returns and profits from large to small"
        judging.check_ranks((one.outcome(good) for one in ranked), what, rules.PROFITS)

    def test_deeper_drawdowns_are_never_better(
        self, judging: Judging, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """A deeper drawdown is never better, even with a loss."""
        self._skip_unless_profits_count()
        drawdowns = (0.0, 0.05, 0.2, 0.5, 0.9)
        for profit in (0.5, 0.0, -0.05, -0.4):
            ranked = [
                {**good, **dict.fromkeys(PROFITS, profit), "Drawdown": drawdown}
                for drawdown in drawdowns
            ]
            what = f"a profit of {profit} and drawdowns of {drawdowns}"
            judging.check_ranks(map(good_sample.outcome, ranked), what, rules.DRAWDOWNS)

    def test_what_it_says_can_be_scored(
        self, judging: Judging, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """The core scores it: the objective is the value, negated if lower is better."""
        scored = judging.score(good_sample.outcome(good), "a good backtest")
        sign = 1 if judging.function.direction == "max" else -1
        told = f"the core scores a good backtest as {scored}"
        assert scored.fitness is not None, f"{rules.RESULT}; {told}"
        assert scored.feasible, f"violation: {rules.VIOLATION}; {told}"
        assert scored.objective == sign * scored.fitness, f"{rules.DIRECTION}; {told}"

    def test_never_nan_nor_infinite(
        self, judging: Judging, good: Mapping[str, float], good_sample: Sample
    ) -> None:
        """With any statistics the value is finite, or None with reasons; nothing is raised."""

        @settings(
            max_examples=self.examples,
            derandomize=True,
            database=None,
            # A busy machine is no fault of the function.
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        )
        @given(outcomes(good, good_sample, samples=bool(self.needs)))
        def check(drawn: Sequence[Outcome]) -> None:
            judging(drawn, f"{[one.statistics for one in drawn]}")

        check()

    def _skip_unless_profits_count(self) -> None:
        if not self.profits_count:
            pytest.skip("profits_count is False")


def _different(good: Mapping[str, float], good_sample: Sample) -> list[Outcome]:
    """Return four good backtests, of which each statistic, day and trade is different."""
    samples = (
        good_sample,
        Sample(drifting(0.0005), winning(10.0)),
        Sample(drifting(0.001), winning(-10.0)),
        Sample(drifting(0.0015), winning(20.0)),
    )
    return [sample.outcome(_varied(good, place)) for place, sample in enumerate(samples)]


def _varied(good: Mapping[str, float], place: int) -> dict[str, float]:
    """Return statistics that are a little higher or lower, different at each place."""
    changes = (-0.02 * place, 0.01 * place, 0.02 * place)
    return {name: one * (1 + changes[at % 3]) for at, (name, one) in enumerate(good.items())}
