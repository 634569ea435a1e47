"""What fitness functions share that judge each scenario by a figure: options and minimums."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.fitness import Backtested, Fitness
from leanopt_core.fitness_options import ReturnsOptions, ScenarioOptions
from leanopt_core.outputs import ClosedTrade
from leanopt_core.pipeline.problems import ValidationError
from leanopt_core.pipeline.structure import make_reader, structure_table
from leanopt_core.scoring import ScenarioFitness, on_returns, on_trades
from leanopt_core.statistics import Statistics
from tests.backtests import FIRST, TOTAL_LOSS, daily, with_profits, with_returns

YEAR = with_returns([0.001] * 366)


def one(_: Backtested) -> Fitness:
    """Judge any backtest the same."""
    return Fitness(1.0)


def judge(*backtests: Backtested, **options: object) -> Fitness:
    """Judge backtests of value 1 with these options."""
    return ScenarioFitness(ScenarioOptions(**options), one)(backtests)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "reasons", "violation"),
    [
        ({"min_trades": 100}, (), 0.0),
        ({"min_trades": 101}, ("trades >= 101 needed, found 100",), 1 / 101),
        ({"min_years": 1.002}, (), 0.0),
        ({"min_years": 2}, ("years >= 2 needed, found 1.00205",), 1 - 366 / 365.25 / 2),
        (
            {"min_years": 4.0, "min_trades": 200},
            ("trades >= 200 needed, found 100", "years >= 4 needed, found 1.00205"),
            0.5 + 1 - 366 / 365.25 / 4,
        ),
    ],
)
def test_minimums(options: dict[str, float], reasons: tuple[str, ...], violation: float) -> None:
    """A minimum is met exactly; what is missed is named, with a size to climb by."""
    judged = judge(YEAR, **options)
    assert judged.reasons == reasons
    assert judged.violation == pytest.approx(violation, rel=1e-12)
    assert (judged.value is None) is bool(reasons)


def test_trades_are_counted_as_engines_report_them() -> None:
    """Closed trades first, then their statistic, then orders; without any, that is the reason."""
    path = "totalPerformance.tradeStatistics.totalNumberOfTrades"
    orders = Backtested("SPY", Statistics({"Total Orders": 29.0}))
    closed = Backtested("SPY", Statistics({"Total Orders": 90.0, path: 28.0}))
    assert judge(orders).reasons == ("trades >= 30 needed, found 29",)
    assert judge(closed).reasons == ("trades >= 30 needed, found 28",)
    assert judge(evolve(closed, closed_trades=27)).reasons == ("trades >= 30 needed, found 27",)
    unknown = judge(Backtested("SPY", Statistics({"x": 1.0})))
    assert unknown == Fitness(reasons=("no statistic 'Total Orders': choose from: x",))
    assert judge(Backtested("SPY", Statistics()), min_trades=0).value == 1.0


def test_years_need_returns() -> None:
    """They are looked at only if there is a minimum; no return at all is no year."""
    bare = evolve(YEAR, returns=None)
    assert judge(bare).value == 1.0
    assert judge(bare, min_years=1).reasons == ("the backtest has no daily returns",)
    assert judge(with_returns([]), min_years=1).reasons == ("years >= 1 needed, found 0",)


def test_total_loss_has_no_value_and_no_violation() -> None:
    """So it ranks after everything, also after what is too short."""
    lost = with_returns([0.001] * 9, ended=TOTAL_LOSS, trades=0)
    assert judge(lost, min_years=9) == Fitness(reasons=(TOTAL_LOSS,))
    rounded = with_returns([0.001, -1 + 1e-12, 0.001])
    assert judge(rounded) == Fitness(reasons=("the return was -100% on 2020-01-02",))


def test_several_scenarios() -> None:
    """Each is judged by itself; a scenario is named where one has no value."""
    values = {"SPY": 1.0, "QQQ": 4.0}
    backtests = [evolve(YEAR, scenario=name) for name in values]
    for how, value in {"mean": 2.5, "min": 1.0, "max": 4.0, "worst": 1.0}.items():
        options = ScenarioOptions(aggregate=how)  # type: ignore[arg-type]
        fitness = ScenarioFitness(options, lambda tested: Fitness(values[tested.scenario]))
        assert fitness(backtests).value == value
    options = ScenarioOptions(aggregate="worst")
    least = ScenarioFitness(options, lambda one: Fitness(values[one.scenario]), direction="min")
    assert least(backtests).value == 4.0
    short = [backtests[0], evolve(backtests[1], closed_trades=0)]
    assert judge(*short).reasons == ("QQQ: trades >= 30 needed, found 0",)


def test_returns_and_periods() -> None:
    """A figure gets the returns, the yearly rate, and how many returns make a year."""
    seen: list[tuple[list[float], float, float]] = []

    def figure(returns: Sequence[float], rate: float, periods: float) -> float:
        seen.append((list(returns), rate, periods))
        return 7.0

    weekdays = [FIRST + day for day in range(366) if day % 7 < 5]
    returns = evolve(daily([0.5] * len(weekdays)), days=weekdays)
    backtest = evolve(YEAR, returns=returns)
    assert on_returns(ReturnsOptions(), figure)([backtest]).value == 7.0
    on_returns(ReturnsOptions(periods_per_year=252, risk_free_rate="2.5%"), figure)([backtest])
    every, rate, periods = seen[0]
    assert (every, rate) == ([0.5] * len(weekdays), 0.0)
    assert periods == pytest.approx(365.25 * len(weekdays) / 366)
    assert seen[1][1:] == (0.025, 252)


@pytest.mark.parametrize(
    ("backtest", "reason"),
    [
        (evolve(YEAR, returns=None), "the backtest has no daily returns"),
        (with_returns([]), "daily returns >= 2 needed, found 0"),
        (with_returns([0.1]), "daily returns >= 2 needed, found 1"),
    ],
)
def test_too_few_returns(backtest: Backtested, reason: str) -> None:
    """One bar has no return, two have no deviation."""
    assert on_returns(ReturnsOptions(), lambda *_: 1.0)([backtest]) == Fitness(reasons=(reason,))


def test_profits_are_after_fees() -> None:
    """A fee that is not known is none; a profit that is not known is no profit."""
    fitness = on_trades(ScenarioOptions(min_trades=0), sum, least=2)
    assert fitness([with_profits([5.0, -2.0], fee=0.5)]).value == 2.0
    assert fitness([with_profits([5.0, -2.0], fee=None)]).value == 3.0
    reasons = {
        "closed trades >= 2 needed, found 1": with_profits([5.0]),
        "the profit of 1 of 3 trades is unknown": evolve(
            with_profits([]), trades=[ClosedTrade(profit=1.0), ClosedTrade(), ClosedTrade(profit=2)]
        ),
        "the backtest has no list of closed trades": evolve(YEAR, trades=None),
    }
    for reason, backtest in reasons.items():
        assert fitness([backtest]) == Fitness(reasons=(reason,))


@given(st.floats(allow_nan=False))
def test_always_finite(value: float) -> None:
    """A figure of any size becomes a number that can be stored."""
    judged = on_returns(ReturnsOptions(), lambda *_: value)([YEAR])
    assert judged.value is not None
    assert math.isfinite(judged.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("min_trades = -1", "must be >= 0"),
        ("min_trades = 1.5", "expected a whole number"),
        ("min_years = -0.1", "must be >= 0"),
        (
            "aggregate = 'avg'",
            'expected "mean", "median", "min", "max", "worst", "quantile" or "weighted"',
        ),
        ("aggregate = 'quantile'", "expected q beside it, such as q = 0.2"),
        ("aggregate = 'worst'\nq = 0.2", 'expected aggregate = "quantile" beside it'),
        ("aggregate = 'quantile'\nq = 1.5", "must be <= 1"),
        ("risk_free_rate = 20", "expected a rate a year above -1 and up to 10, as 0.02 or '2%'"),
        ("risk_free_rate = -1", "expected a rate a year above -1 and up to 10"),
        ("risk_free_rate = 'low'", "expected a rate a year above -1 and up to 10"),
        ("periods_per_year = 0.5", "must be >= 1"),
        ("periods_per_year = 100_000", "must be <= 10000"),
        ("min_year = 3", "did you mean 'min_years'?"),
    ],
)
def test_wrong_options(text: str, said: str) -> None:
    """Each is refused before anything runs, with what is expected or meant."""
    table = tomllib.loads(text, parse_float=Decimal)
    with pytest.raises(ValidationError) as caught:
        structure_table(table, ReturnsOptions, make_reader(Path.cwd()))
    (issue,) = caught.value.issues
    assert said in f"{issue.expected} {issue.hint}"


def test_no_minimum_is_infinite() -> None:
    """A bound that nothing meets would leave nothing to climb by."""
    with pytest.raises(ValueError, match="min_years"):
        ScenarioOptions(min_years=math.inf)
