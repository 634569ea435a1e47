"""The fitness function `calmar`: its values, their order, its requirements and its options."""

from __future__ import annotations

import math
import tomllib
from decimal import Decimal
from pathlib import Path

import leanopt_calmar
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_calmar import CalmarOptions
from leanopt_calmar._impl import create

from leanopt_core.fitness import Backtested, Fitness, FitnessFunction
from leanopt_core.pipeline.problems import ValidationError
from leanopt_core.pipeline.structure import make_reader, structure_table
from leanopt_core.ranking import rank_key
from leanopt_core.scoring import Scorer
from leanopt_core.statistics import Statistics
from leanopt_core.testing import FitnessContract
from leanopt_core.trial import Violation
from leanopt_core.work import Outcome

FORMS = ("ratio", "log_trades")
finite = st.floats(allow_nan=False, allow_infinity=False)
returns = st.one_of(finite, st.floats(-1, 5), st.sampled_from([0.0, -0.001, 0.001]))
positive = st.floats(0, exclude_min=True, allow_infinity=False)
drawdowns = st.one_of(st.floats(0, 1), st.floats(0, 1e300), st.sampled_from([0.0, 0.001]))


def backtest(
    profit: float = 0.2, drawdown: float = 0.1, trades: int | None = 300, **more: float
) -> Backtested:
    """Return a backtest whose compound annual return and net profit are both `profit`."""
    named = {name.replace("_", " ").title(): value for name, value in more.items()}
    figures = {"Compounding Annual Return": profit, "Net Profit": profit, "Drawdown": drawdown}
    return Backtested("SPY", Statistics({**figures, **named}), trades)


def judge(one: Backtested, *others: Backtested, **options: object) -> Fitness:
    """Judge with these options."""
    return create(CalmarOptions(**options))([one, *others])  # type: ignore[arg-type]


def value(one: Backtested, **options: object) -> float:
    """Return the fitness, which there must be."""
    judged = judge(one, **options)
    assert judged.value is not None, judged.reasons
    return judged.value


@pytest.mark.kit_again
class Contract(FitnessContract):
    """The kit for fitness functions, for one form."""

    form = "ratio"

    @pytest.fixture
    def fitness(self) -> FitnessFunction:
        """With every requirement that there is."""
        return create(CalmarOptions(form=self.form, min_profit_factor=1.0, max_drawdown_limit=0.5))


for each in FORMS:
    name = f"Test{each.title().replace('_', '')}"
    globals()[name] = type(name, (Contract,), {"form": each})


def test_ratio() -> None:
    """Compound annual return over drawdown, whatever the trades beyond the least."""
    assert value(backtest(0.2, 0.1, 30)) == pytest.approx(2.0)
    assert value(backtest(0.2, 0.1, 3000)) == pytest.approx(2.0)
    assert value(backtest(0.2, -0.1)) == pytest.approx(2.0)  # some report it below zero


def test_log_trades() -> None:
    """Net profit over drawdown, times the logarithm of how often there are trades enough."""
    assert value(backtest(0.5, 0.25, 300), form="log_trades") == pytest.approx(2.0)
    assert value(backtest(0.5, 0.25, 3000), form="log_trades") == pytest.approx(4.0)
    assert value(backtest(0.5, 0.25, 100), form="log_trades", min_trades=0) == pytest.approx(4.0)


def test_each_form_looks_at_its_own_profit() -> None:
    """`ratio` at the compound annual return, `log_trades` at the net profit."""
    figures = {"Compounding Annual Return": 0.1, "Net Profit": 0.4, "Drawdown": 0.1}
    one = Backtested("SPY", Statistics(figures), 300)
    assert value(one) == pytest.approx(1.0)
    assert value(one, form="log_trades") == pytest.approx(4.0)


@pytest.mark.parametrize("min_trades", [0, 1, 2, 30])
def test_at_exactly_the_least_trades(min_trades: int) -> None:
    """Log-trades does not call all backtests with the least trades equal, nor better than more."""
    options = {"form": "log_trades", "min_trades": min_trades}
    good, better = (value(backtest(p, 0.1, min_trades), **options) for p in (0.1, 0.2))
    assert 0 < good < better
    assert better < value(backtest(0.2, 0.1, max(min_trades, 1) + 1), **options)


@pytest.mark.parametrize("form", FORMS)
def test_without_a_drawdown(form: str) -> None:
    """It is defined, more profit is better, and a drawdown that shows is worse."""
    shallow = [value(backtest(p, 0.0), form=form) for p in (-0.1, 0.0, 0.1, 0.2)]
    assert shallow == sorted(set(shallow))
    assert shallow[-1] > value(backtest(0.2, 0.01), form=form)


@pytest.mark.parametrize("form", FORMS)
def test_losses(form: str) -> None:
    """A larger loss is worse, and so is a deeper drawdown; losses are not divided by it."""
    ranked = [(-0.5, 0.6), (-0.2, 0.5), (-0.2, 0.3), (-0.1, 0.3), (0.0, 0.9), (0.001, 0.9)]
    values = [value(backtest(*one), form=form) for one in ranked]
    assert values == sorted(set(values))


@given(returns, returns, drawdowns, drawdowns, st.integers(0, 10**6), st.sampled_from(FORMS))
def test_more_is_never_worse(
    profit: float, other: float, drawdown: float, deeper: float, more: int, form: str
) -> None:
    """More profit, less drawdown and more profitable trades never lower the value."""
    low, high = sorted((profit, other))
    shallow, deep = sorted((drawdown, deeper))
    worst = value(backtest(low, deep, 30), form=form)
    assert worst <= value(backtest(high, deep, 30), form=form)
    assert worst <= value(backtest(low, shallow, 30), form=form)
    assert worst <= value(backtest(low, deep, 30 + more), form=form)


@given(positive, positive, drawdowns, drawdowns, st.integers(0, 10**6), st.integers(0, 10**6))
def test_every_loss_below_every_profit(
    lost: float, won: float, one: float, other: float, few: int, many: int
) -> None:
    """Whatever the drawdowns and the trades."""
    for form in FORMS:
        options = {"form": form, "min_trades": 0}
        low = value(backtest(-lost, one, many), **options)
        assert low < 0 <= value(backtest(won, other, few), **options)


@given(finite, finite, st.integers(0, 10**9), st.integers(0, 100), st.sampled_from(FORMS))
def test_always_finite(profit: float, drawdown: float, trades: int, least: int, form: str) -> None:
    """Whatever a backtest reports, what comes out is a finite number or none with a reason."""
    judged = judge(backtest(profit, drawdown, trades), form=form, min_trades=least)
    assert math.isfinite(judged.violation)
    assert bool(judged.reasons) == (judged.value is None)
    assert judged.value is None or math.isfinite(judged.value)


def test_counts_closed_trades_first() -> None:
    """Closed trades where the engine reports them, its statistic else, orders at last."""
    path = "totalPerformance.tradeStatistics.totalNumberOfTrades"
    figures = {"Compounding Annual Return": 0.2, "Drawdown": 0.1, "Total Orders": 40.0}
    counted = Statistics({**figures, path: 20.0})
    assert judge(Backtested("SPY", Statistics(figures)), min_trades=40).value is not None
    assert judge(Backtested("SPY", counted), min_trades=40).reasons == (
        "trades >= 40 needed, found 20",
    )
    assert judge(Backtested("SPY", counted, 40), min_trades=40).value is not None


def test_requirements_are_bounds_that_may_be_met_exactly() -> None:
    """At the bound is enough; beyond it there is no value, and every miss is named and summed."""
    options = {"min_profit_factor": 1.5, "max_drawdown_limit": "25%"}
    assert judge(backtest(0.2, 0.25, 30, profit_factor=1.5), **options).value is not None
    missed = judge(backtest(0.2, 0.50, 24, profit_factor=0.75), **options)
    assert missed.value is None
    assert missed.violation == pytest.approx(0.2 + 0.5 + 1.0)
    assert missed.reasons == (
        "trades >= 30 needed, found 24",
        "profit factor >= 1.5 needed, found 0.75",
        "drawdown <= 0.25 needed, found 0.5",
    )


@given(st.integers(0, 29), st.integers(0, 29), st.floats(0.1, 1), st.floats(0.1, 1))
def test_a_search_can_climb(trades: int, more: int, drawdown: float, deeper: float) -> None:
    """The nearer to the requirements, the smaller the violation."""
    few, many = sorted((trades, more))
    shallow, deep = sorted((drawdown, deeper))
    far = judge(backtest(0.2, deep, few), max_drawdown_limit=0.2).violation
    assert far >= judge(backtest(0.2, deep, many), max_drawdown_limit=0.2).violation > 0
    assert far >= judge(backtest(0.2, shallow, few), max_drawdown_limit=0.2).violation > 0


@pytest.mark.parametrize(
    ("rate", "win", "loss", "factor"),
    [(0.5, 0.03, -0.01, 3.0), (0.25, 0.03, 0.01, 1.0), (1.0, 0.02, 0.0, 10.0), (0.0, 0.0, 0.0, 0)],
)
def test_profit_factor_where_none_is_reported(
    rate: float, win: float, loss: float, factor: float
) -> None:
    """It follows from the share of winning trades and the average win and loss."""
    one = backtest(win_rate=rate, average_win=win, average_loss=loss)
    assert judge(one, min_profit_factor=factor).value is not None
    assert judge(one, min_profit_factor=factor + 0.001).value is None


def test_missing_statistics_are_named() -> None:
    """All of them, with the nearest name; there is nothing to climb by."""
    one = Backtested("SPY", Statistics({"Drawdon": 0.1, "Win Rate": 0.5}))
    judged = judge(one, min_profit_factor=1.0)
    assert (judged.value, judged.violation) == (None, 0.0)
    there = "choose from: Drawdon, Win Rate"
    assert judged.reasons == (
        f"no statistic 'Compounding Annual Return': {there}",
        "no statistic 'Drawdown': did you mean 'Drawdon'?",
        f"no statistic 'Total Orders': {there}",
        f"no statistic 'Profit Factor': {there}",
    )


def test_several_scenarios() -> None:
    """Each is judged by itself; one without a value leaves the trial without, named."""
    one, other = backtest(0.2, 0.1), backtest(0.4, 0.1)
    assert judge(one, other).value == pytest.approx(3.0)
    assert judge(one, other, aggregate="min").value == pytest.approx(2.0)
    few = Backtested("QQQ", backtest().statistics, 15)
    assert judge(one, few) == Fitness(None, ("QQQ: trades >= 30 needed, found 15",), 0.5)


def test_ranked_by_the_core() -> None:
    """Valid ones by value, then the others by how far they are from having one."""
    score = Scorer(create(CalmarOptions()), label="fitness function 'calmar'")
    trials = [(0.4, 30), (0.2, 30), (-0.2, 30), (9.0, 29), (9.0, 3)]
    scores = [
        score({"SPY": Outcome(backtest(profit, 0.1, None, total_orders=orders).statistics)})
        for profit, orders in trials
    ]
    keys = [rank_key(one, 1, number) for number, one in enumerate(scores)]
    assert keys == sorted(keys)
    assert scores[-1].violations == (Violation("fitness", 0.9),)


def read(text: str) -> CalmarOptions:
    """Read options as a pipeline does."""
    table = tomllib.loads(text, parse_float=Decimal)
    return structure_table(table, CalmarOptions, make_reader(Path.cwd()))


@pytest.mark.parametrize("limit", ["0.25", "'25%'", "'25.0 %'"])
def test_options_of_a_pipeline(limit: str) -> None:
    """A limit is a share or a per cent."""
    fitness = create(read(f"max_drawdown_limit = {limit}\nmin_trades = 0\nmin_profit_factor = 1"))
    assert fitness([backtest(0.2, 0.3, 0, profit_factor=0.5)]).reasons == (
        "profit factor >= 1 needed, found 0.5",
        "drawdown <= 0.25 needed, found 0.3",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("min_trades = -1", "must be >= 0"),
        ("min_trades = 1.5", "expected a whole number"),
        ("min_profit_factor = -0.1", "must be >= 0"),
        ("max_drawdown_limit = 25", "expected a share of the peak above 0 and up to 1"),
        ("max_drawdown_limit = 'nan'", "expected a share of the peak above 0 and up to 1"),
        ("max_drawdown_limit = 'a quarter'", "expected a share of the peak above 0 and up to 1"),
        ("form = 'log_trade'", "did you mean 'log_trades'?"),
        ("min_trade = 3", "did you mean 'min_trades'?"),
    ],
)
def test_wrong_options(text: str, said: str) -> None:
    """Each is refused before anything runs, with what is expected or meant."""
    with pytest.raises(ValidationError) as caught:
        read(text)
    (issue,) = caught.value.issues
    assert said in f"{issue.expected} {issue.hint}"


def test_no_requirement_is_infinite() -> None:
    """A bound that nothing meets would leave nothing to climb by."""
    with pytest.raises(ValueError, match="min_profit_factor"):
        CalmarOptions(min_profit_factor=math.inf)


def test_registers_lightly() -> None:
    """The hook names the function and where its code is; it says which way is better."""
    (spec,) = leanopt_calmar.leanopt_fitness()
    assert (spec.name, spec.factory) == ("calmar", "leanopt_calmar._impl:create")
    fitness = create(CalmarOptions())
    assert (fitness.direction, fitness.target) == ("max", None)
