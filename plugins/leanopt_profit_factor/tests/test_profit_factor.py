"""The fitness function `profit_factor`: its formula, its order, its README."""

from __future__ import annotations

import json
from pathlib import Path

import leanopt_profit_factor
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_profit_factor._impl import create, profit_factor

from leanopt_core.fitness import FitnessFunction
from leanopt_core.fitness_options import ScenarioOptions
from leanopt_core.testing import FitnessContract
from tests.backtests import PROFITS, listed, merits, said, with_profits
from tests.real_curves import COUNT, ROOT, quickstart_trades

README = Path(__file__).parents[1] / "README.md"
DOCUMENT = ROOT / "tests" / "lean-results" / "documents" / "completed" / "backtest.json"
money = st.floats(-1e100, 1e100)


@pytest.mark.kit_again
class TestContract(FitnessContract):
    """The kit for fitness functions."""

    needs = frozenset({"returns", "trades"})

    @pytest.fixture
    def fitness(self) -> FitnessFunction:
        """With both minimums."""
        return create(ScenarioOptions(min_years=0.1))


@pytest.mark.parametrize("number", range(COUNT))
def test_as_numpy_computes_it(number: int) -> None:
    """On real trades, after fees."""
    trades = quickstart_trades()[number]
    net = np.array([trade.profit for trade in trades]) - [trade.fees for trade in trades]
    expected = net[net > 0].sum() / np.abs(net[net < 0].sum())
    assert profit_factor(list(net)) == pytest.approx(expected, rel=1e-9)


def test_as_lean_computes_it() -> None:
    """On LEAN's own trades, before fees, to the four places that LEAN writes."""
    total = json.loads(DOCUMENT.read_text())["totalPerformance"]
    profits = [trade["profitLoss"] for trade in total["closedTrades"]]
    written = float(total["tradeStatistics"]["profitFactor"])
    assert len(profits) == 5
    assert profit_factor(profits) == pytest.approx(written, abs=0.50001e-4)
    fitness = create(ScenarioOptions(min_trades=5))
    assert fitness([with_profits(profits)]).value == pytest.approx(written, abs=0.50001e-4)
    fees = fitness([with_profits(profits, fee=10.0)]).value
    assert fees == pytest.approx(1458.73 / 6457.31, rel=1e-9)


def test_order() -> None:
    """Gains, nothing, losses, too few trades, a total loss."""
    ranked = merits(create(ScenarioOptions()), PROFITS)
    assert ranked == sorted(ranked)


def test_few_trades_where_they_may_be_few() -> None:
    """One gain is the best, one loss the worst; no trade has no value."""
    fitness = create(ScenarioOptions(min_trades=0))
    values = [fitness([with_profits(profits)]).value for profits in ([5.0], [0.0], [-5.0])]
    assert values == [100.0, 1.0, 0.0]
    assert said(fitness, with_profits([])) == "closed trades >= 1 needed, found 0"


def test_readme_says_what_is_computed() -> None:
    """The table of cases."""
    fitness = create(ScenarioOptions())
    assert listed(README) == {case: said(fitness, one) for case, one in PROFITS.items()}


@given(st.lists(money, min_size=1, max_size=9))
def test_bounds(profits: list[float]) -> None:
    """From 0 to 100, above 1 only if the trades made money."""
    value = profit_factor(profits)
    assert 0 <= value <= 100
    if value > 1 + 1e-9:
        assert sum(profits) > 0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9), st.floats(0, 1e6))
def test_more_profit_is_never_worse(profits: list[float], more: float) -> None:
    """In any trade."""
    assert profit_factor([profits[0] + more, *profits[1:]]) >= profit_factor(profits) * (1 - 1e-12)


def test_registers_lightly() -> None:
    """The hook names the function, where its code is, and what it needs."""
    (spec,) = leanopt_profit_factor.leanopt_fitness()
    assert spec.name == "profit_factor"
    assert spec.factory == "leanopt_profit_factor._impl:create"
    assert spec.needs == {"returns", "trades"}
