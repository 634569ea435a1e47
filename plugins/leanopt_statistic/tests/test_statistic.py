"""The fitness function `statistic`: which statistic, which way, to which value."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from math import inf, nan
from pathlib import Path

import leanopt_statistic
import pytest
from leanopt_statistic import StatisticOptions
from leanopt_statistic._impl import create

from leanopt_core.fitness import Backtested, Fitness, FitnessFunction
from leanopt_core.pipeline.problems import ValidationError
from leanopt_core.pipeline.structure import make_reader, structure_table
from leanopt_core.ranking import rank_key
from leanopt_core.scoring import Scorer
from leanopt_core.statistics import Statistics
from leanopt_core.testing import FitnessContract
from leanopt_core.work import Outcome

DOCUMENT = {
    "statistics": {"Sharpe Ratio": "1.25", "Drawdown": "25.000%", "Total Fees": "$1,057.87"},
    "totalPerformance": {
        "tradeStatistics": {"profitFactor": "1.5", "sharpeRatio": "0.2"},
        "portfolioStatistics": {"sharpeRatio": "1.2471"},
    },
}
SPY = Backtested("SPY", Statistics.read(DOCUMENT))


def read(text: str) -> StatisticOptions:
    """Read options as a pipeline does."""
    table = tomllib.loads(text, parse_float=Decimal)
    return structure_table(table, StatisticOptions, make_reader(Path.cwd()))


class TestLargest(FitnessContract):
    """The kit for fitness functions."""

    @pytest.fixture
    def fitness(self) -> FitnessFunction:
        """The larger the better, by the default."""
        return create(StatisticOptions("Net Profit"))


@pytest.mark.kit_again
class TestSmallest(FitnessContract):
    """The kit, where less is better."""

    @pytest.fixture
    def fitness(self) -> FitnessFunction:
        """A statistic that no profit changes."""
        return create(StatisticOptions("Drawdown", direction="min", target="5%"))


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        ("Sharpe Ratio", 1.25),
        ("sharpe ratio", 1.25),
        ("Statistics.Sharpe Ratio", 1.25),
        ("['Statistics'].['Sharpe Ratio']", 1.25),
        ("TotalPerformance.PortfolioStatistics.SharpeRatio", 1.2471),
        ("['TotalPerformance'].['TradeStatistics'].['ProfitFactor']", 1.5),
        ("Drawdown", 0.25),
        ("Total Fees", 1057.87),
    ],
)
def test_any_statistic_by_leans_path(statistic: str, value: float) -> None:
    """Bare names and paths in any case; per cents and money are plain numbers."""
    assert create(StatisticOptions(statistic))([SPY]) == Fitness(value)


@pytest.mark.parametrize(
    ("statistic", "reason"),
    [
        ("Sharp Ratio", "no statistic 'Sharp Ratio': did you mean 'Sharpe Ratio'?"),
        (
            "tradeStatistics.profitFacto",
            (
                "no statistic 'tradeStatistics.profitFacto': "
                "did you mean 'totalPerformance.tradeStatistics.profitFactor'?"
            ),
        ),
    ],
)
def test_a_missing_one_is_named(statistic: str, reason: str) -> None:
    """No value: the name tried and the nearest one present, the scenario where there are more."""
    fitness = create(StatisticOptions(statistic))
    assert fitness([SPY]) == Fitness(None, (reason,))
    assert fitness([SPY, Backtested("QQQ", Statistics())]).reasons == (
        f"SPY: {reason}",
        f"QQQ: no statistic '{statistic}': the backtest reported none",
    )


def test_nan_is_none() -> None:
    """A statistic that is not a valid number gives no value, and the reason shows it."""
    broken = Backtested("SPY", Statistics.read({"Sharpe Ratio": nan}))
    assert create(StatisticOptions("Sharpe Ratio"))([broken]).reasons == (
        "statistic 'Sharpe Ratio' is the text 'NaN', not a number",
    )


@pytest.mark.parametrize("direction", ["max", "min"])
def test_direction(direction: str) -> None:
    """The core ranks the larger ones first, or the smaller ones."""
    fitness = create(read(f"statistic = 'x'\ndirection = '{direction}'"))
    score = Scorer(fitness, label="statistic")
    outcomes = [{"SPY": Outcome(Statistics({"x": x}))} for x in (3.0, 2.0, -1.0)]
    scores = [score(outcome) for outcome in outcomes]
    keys = [rank_key(one, 1, number) for number, one in enumerate(scores)]
    assert [one.fitness for one in scores] == [3.0, 2.0, -1.0]
    assert keys == sorted(keys, reverse=direction == "min")


@pytest.mark.parametrize(
    ("target", "value"), [("2", 2.0), ("-0.5", -0.5), ("'25%'", 0.25), ("'$1,000'", 1000.0)]
)
def test_target(target: str, value: float) -> None:
    """A number, or a text as the statistic has it."""
    assert create(read(f"statistic = 'x'\ntarget = {target}")).target == value
    assert create(read("statistic = 'x'")).target is None


@pytest.mark.parametrize(
    ("aggregate", "value"), [("mean", 3.0), ("median", 2.0), ("min", 1.0), ("max", 6.0)]
)
def test_several_scenarios(aggregate: str, value: float) -> None:
    """One value is made of the scenarios' values."""
    backtests = [Backtested(str(x), Statistics({"x": x})) for x in (1.0, 2.0, 6.0)]
    assert create(read(f"statistic = 'x'\naggregate = '{aggregate}'"))(backtests).value == value


@pytest.mark.parametrize(("direction", "value"), [("max", 1.0), ("min", 6.0)])
def test_the_worst_depends_on_the_direction(direction: str, value: float) -> None:
    """The lowest if higher is better, else the highest."""
    backtests = [Backtested(str(x), Statistics({"x": x})) for x in (1.0, 2.0, 6.0)]
    text = f"statistic = 'x'\naggregate = 'worst'\ndirection = '{direction}'"
    assert create(read(text))(backtests).value == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a text"),
        ("statistic = ''", "its length must be >= 1"),
        ("statistic = 'x'\ndirection = 'maximum'", 'expected "max" or "min"'),
        ("statistic = 'x'\ntarget = 'high'", "expected a number or a percentage, as 2.0 or '25%'"),
        ("statistic = 'x'\ntarget = 'inf'", "expected a number or a percentage, as 2.0 or '25%'"),
        (
            "statistic = 'x'\naggregate = 'avg'",
            'expected "mean", "median", "min", "max", "worst", "quantile" or "weighted"',
        ),
        ("statistic = 'x'\ntargt = 2", "did you mean 'target'?"),
    ],
)
def test_wrong_options(text: str, said: str) -> None:
    """Each is refused before anything runs, with what is expected or meant."""
    with pytest.raises(ValidationError) as caught:
        read(text)
    (issue,) = caught.value.issues
    assert said in f"{issue.expected} {issue.hint}"


@pytest.mark.parametrize("target", [nan, inf, -inf])
def test_no_target_is_infinite(target: float) -> None:
    """A value that can never be reached is no target."""
    with pytest.raises(ValueError, match="expected a number"):
        StatisticOptions("x", target=target)


def test_registers_lightly() -> None:
    """The hook names the function and where its code is."""
    (spec,) = leanopt_statistic.leanopt_fitness()
    assert (spec.name, spec.factory) == ("statistic", "leanopt_statistic._impl:create")
