"""The fitness function `sqn`: its formula, its order, its README."""

from __future__ import annotations

import json
import math
from pathlib import Path

import leanopt_sqn
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_sqn import SqnOptions
from leanopt_sqn._impl import create, sqn
from scipy.stats import ttest_1samp

from leanopt_core.fitness import FitnessFunction
from leanopt_core.testing import FitnessContract
from tests.backtests import PROFITS, listed, merits, said, with_profits
from tests.real_curves import COUNT, ROOT, quickstart_trades

README = Path(__file__).parents[1] / "README.md"
DOCUMENT = ROOT / "tests" / "lean-results" / "documents" / "completed" / "backtest.json"


@pytest.mark.kit_again
class TestContract(FitnessContract):
    """The kit for fitness functions."""

    needs = frozenset({"returns", "trades"})

    @pytest.fixture
    def fitness(self) -> FitnessFunction:
        """With both minimums."""
        return create(SqnOptions(min_years=0.1))


@pytest.mark.parametrize("number", range(COUNT))
def test_as_scipy_computes_it(number: int) -> None:
    """On real trades, after fees: without a cap it is the t-statistic of the mean."""
    trades = quickstart_trades()[number]
    net = np.array([trade.profit for trade in trades]) - [trade.fees for trade in trades]
    expected = ttest_1samp(net, 0.0).statistic
    assert sqn(list(net)) == pytest.approx(expected, rel=1e-9)
    capped = expected * math.sqrt(min(len(net), 100) / len(net))
    assert sqn(list(net), 100) == pytest.approx(capped, rel=1e-9)


def test_as_lean_computes_it() -> None:
    """LEAN's Sharpe ratio of trades is the number per trade, to the four places that it writes."""
    total = json.loads(DOCUMENT.read_text())["totalPerformance"]
    profits = [trade["profitLoss"] for trade in total["closedTrades"]]
    written = float(total["tradeStatistics"]["sharpeRatio"])
    value = create(SqnOptions(min_trades=0))([with_profits(profits)]).value
    assert value is not None
    assert value / math.sqrt(5) == pytest.approx(written, abs=0.50001e-4)


def test_order() -> None:
    """Gains, nothing, losses, too few trades, a total loss."""
    ranked = merits(create(SqnOptions()), PROFITS)
    assert ranked == sorted(ranked)


def test_few_trades_where_they_may_be_few() -> None:
    """One trade has no deviation; two are enough."""
    fitness = create(SqnOptions(min_trades=0))
    assert said(fitness, with_profits([5.0])) == "closed trades >= 2 needed, found 1"
    assert said(fitness, with_profits([])) == "closed trades >= 2 needed, found 0"
    assert fitness([with_profits([3.0, 1.0])]).value == pytest.approx(2.0)


def test_cap() -> None:
    """More trades of the same kind raise the value up to the cap, or without one for ever."""
    lists = [with_profits([2.0, -1.0] * count) for count in (25, 50, 100, 200)]
    capped = [create(SqnOptions())([one]).value for one in lists]
    assert capped[0] < capped[1]
    assert capped[2:] == pytest.approx([capped[1]] * 2, rel=0.01)
    free = [create(SqnOptions(trade_cap=0))([one]).value for one in lists]
    assert free == sorted(set(free))


def test_readme_says_what_is_computed() -> None:
    """The table of cases."""
    fitness = create(SqnOptions())
    assert listed(README) == {case: said(fitness, one) for case, one in PROFITS.items()}


@given(st.lists(st.floats(-1e100, 1e100), min_size=2, max_size=9))
def test_always_finite(profits: list[float]) -> None:
    """And of the sign of the sum."""
    value = sqn(profits)
    assert math.isfinite(value)
    assert value * math.fsum(profits) >= 0


def test_registers_lightly() -> None:
    """The hook names the function, where its code is, and what it needs."""
    (spec,) = leanopt_sqn.leanopt_fitness()
    assert (spec.name, spec.factory) == ("sqn", "leanopt_sqn._impl:create")
    assert spec.needs == {"returns", "trades"}
