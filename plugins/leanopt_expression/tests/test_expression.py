"""The fitness function `expression`: formulas of statistics, and what cannot be computed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import leanopt_expression
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from leanopt_expression import ExpressionOptions
from leanopt_expression._impl import create

from leanopt_core.fitness import Backtested, Fitness, FitnessFunction
from leanopt_core.pipeline.problems import ValidationError
from leanopt_core.pipeline.structure import make_reader, structure_table
from leanopt_core.statistics import Statistics
from leanopt_core.testing import FitnessContract
from tests.backtests import TOTAL_LOSS, daily, listed, merits, said
from tests.real_curves import COUNT, lean_curves

README = Path(__file__).parents[1] / "README.md"
WEIGHED = "[Sharpe Ratio] * min(1, [Total Orders] / 100)"
RATIO = ExpressionOptions(formula="[Net Profit] / [Drawdown]")
SECTION = "totalPerformance.portfolioStatistics."


def backtest(profit: float = 0.2, drawdown: float | None = 0.1, trades: int = 300) -> Backtested:
    """Return a backtest with a net profit and a drawdown."""
    return Backtested("SPY", Statistics({"Net Profit": profit, "Drawdown": drawdown}), trades)


CASES: Mapping[str, Backtested] = {
    "20% won, 10% drawdown": backtest(),
    "20% won, 50% drawdown": backtest(drawdown=0.5),
    "flat, 10% drawdown": backtest(0.0),
    "20% lost, 50% drawdown": backtest(-0.2, 0.5),
    "total loss": backtest(-1.0, 1.0),
    "one trade": backtest(trades=1),
    "no trades": backtest(0.0, 0.0, trades=0),
    "no drawdown": backtest(drawdown=0.0),
    "a gain that no number can hold": backtest(1e308, 0.01),
    "no known drawdown": backtest(drawdown=None),
    "total loss, if `min_years` is set": evolve(backtest(), returns=daily([0.1], TOTAL_LOSS)),
}


def read(text: str) -> ExpressionOptions:
    """Read options as a pipeline does."""
    table = tomllib.loads(text, parse_float=Decimal)
    return structure_table(table, ExpressionOptions, make_reader(Path.cwd()))


@pytest.mark.kit_again
class TestLargest(FitnessContract):
    """The kit for fitness functions."""

    needs = frozenset({"returns"})

    @pytest.fixture
    def fitness(self) -> FitnessFunction:
        """Profit, and a price for drawdown."""
        formula = "[Compounding Annual Return] - 0.5 * [Drawdown]"
        return create(ExpressionOptions(formula=formula, min_years=0.1))


@pytest.mark.kit_again
class TestSmallest(FitnessContract):
    """The kit, where less is better."""

    needs = frozenset({"returns"})

    @pytest.fixture
    def fitness(self) -> FitnessFunction:
        """Drawdown for each profit, which no larger profit makes worse."""
        formula = "max([Drawdown], 0.01) - [Net Profit]"
        return create(ExpressionOptions(formula=formula, direction="min"))


@pytest.mark.parametrize("number", range(COUNT))
def test_as_python_computes_it(number: int) -> None:
    """On what LEAN reports for real curves."""
    curve = lean_curves()[number]
    figures = {name: float(value) for name, value in curve.statistics.items()}
    statistics = Statistics({SECTION + name: value for name, value in figures.items()})
    formula = (
        f"[Sharpe Ratio] * min(1, [{SECTION}winRate] / 0.45) - 2 * [drawdown] / (1 + [Beta])"
        " + max([Alpha], -[alpha], 0.01) // 0.003 % 7"
    )
    value = create(ExpressionOptions(formula=formula, min_trades=0))(
        [Backtested("SPY", statistics)]
    ).value
    sharpe, alpha = figures["sharpeRatio"], figures["alpha"]
    weight = min(1, figures["winRate"] / 0.45)
    size = max(alpha, -alpha, 0.01) // 0.003 % 7
    expected = sharpe * weight - 2 * figures["drawdown"] / (1 + figures["beta"]) + size
    assert value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("orders", "value"), [(300, 1.5), (100, 1.5), (50, 0.75), (30, 0.45)])
def test_weighed_by_orders(orders: int, value: float) -> None:
    """The formula of the README."""
    statistics = Statistics({"Sharpe Ratio": 1.5, "Total Orders": orders})
    judged = create(ExpressionOptions(formula=WEIGHED))([Backtested("SPY", statistics)])
    assert judged == Fitness(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_exact(value: float) -> None:
    """A formula that does nothing in the end returns the statistic, whatever it is."""
    statistics = Statistics({"x": value})
    formula = "([x] * 3 + 0.1) / 3 - 0.1 / 3"
    options = ExpressionOptions(formula=formula, min_trades=0)
    assert create(options)([Backtested("SPY", statistics)]).value == value


def test_order() -> None:
    """Values, too few trades, and what has no value."""
    ranked = merits(create(RATIO), CASES)
    assert ranked == sorted(ranked)


def test_readme_says_what_is_computed() -> None:
    """The table of cases."""
    fitness = create(RATIO)
    assert listed(README) == {case: said(fitness, one) for case, one in CASES.items()}


def test_missing_statistics_are_named() -> None:
    """All of them, with the nearest name."""
    one = Backtested("SPY", Statistics({"Drawdon": 0.1}), 300)
    assert create(RATIO)([one]).reasons == (
        "no statistic 'Net Profit': choose from: Drawdon",
        "no statistic 'Drawdown': did you mean 'Drawdon'?",
    )


@pytest.mark.parametrize("direction", ["max", "min"])
def test_direction(direction: str) -> None:
    """As the options say."""
    fitness = create(read(f"formula = '[x]'\ndirection = '{direction}'"))
    assert (fitness.direction, fitness.target) == (direction, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a text"),
        ("formula = 3", "expected a text"),
        ("formula = ''", "column 1: is empty"),
        ("formula = '[Sharpe Ratio'", "column 1: cannot be read (write statistics in square"),
        ("formula = '[x] + y'", "column 7: y is not a statistic (write statistics in square"),
        ("formula = '[x] > 3'", "column 1: [x] > 3 is true or false, not a number"),
        ("formula = '[x]'\ndirection = 'up'", 'expected "max" or "min"'),
        ("formula = '[x]'\nformul = '[y]'", "did you mean 'formula'?"),
    ],
)
def test_wrong_options(text: str, said: str) -> None:
    """Each is refused before anything runs, with what is expected or meant."""
    with pytest.raises(ValidationError) as caught:
        read(text)
    (issue,) = caught.value.issues
    assert said in f"{issue.expected} {issue.hint}"


def test_registers_lightly() -> None:
    """The hook names the function and where its code is; only a minimum of years needs returns."""
    (spec,) = leanopt_expression.leanopt_fitness()
    assert (spec.name, spec.factory) == ("expression", "leanopt_expression._impl:create")
    assert spec.needs == frozenset()
