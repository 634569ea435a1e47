"""What an engine gives besides statistics becomes plain numbers, or an engine error."""

from __future__ import annotations

import math
from array import array
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from leanopt_core.outputs import ClosedTrade, Equity
from leanopt_core.search.usable import usable
from leanopt_core.statistics import Statistics
from leanopt_core.work import Category, Outcome

ALL = frozenset({"returns", "equity", "trades"})
GOOD = Outcome(
    Statistics({}), equity=Equity([1, 2], [1.0, 2.0]), trades=[ClosedTrade(1, 2.0, tag="x")]
)


def test_numbers_become_plain() -> None:
    """NumPy's, and whole ones where a fraction is expected."""
    trade: Any = ClosedTrade(np.int64(3), 2, np.float32(0.5), np.int8(-1), 5.0, fees=np.float64(1))
    curve: Any = Equity(np.array([1, 2]), np.array([1, 2], dtype=np.float32))
    found = usable(Outcome(Statistics({}), equity=curve, trades=[trade]), ALL)
    assert found.trades == (ClosedTrade(3, 2.0, 0.5, -1, 5, fees=1.0),)
    kinds = [type(one) for one in (found.trades[0].entry_time, found.trades[0].fees)]
    assert kinds == [int, float]
    assert found.equity == Equity(array("q", [1, 2]), array("d", [1.0, 2.0]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"equity": Equity([1], [1.0, 2.0])}, "the equity curve has 1 times and 2 values"),
        ({"equity": Equity([2, 2], [1.0, 2.0])}, "times[1] of the equity curve is not after"),
        ({"equity": Equity([1, 2], [1.0, math.nan])}, "values[1] of the equity curve is nan"),
        ({"equity": Equity([-(2**63) - 1], [1.0])}, "are not seconds since 1970"),
        ({"equity": Equity([1, 2**63 - 1], [1.0, 2.0])}, "are not seconds since 1970"),
        ({"trades": [[1, 2.0]]}, "trades[0] is list, expected ClosedTrade"),
        ({"trades": [ClosedTrade(profit=math.inf)]}, "the profit of trades[0] is inf"),
        ({"trades": [ClosedTrade(entry_time=1.5)]}, "the entry_time of trades[0] is 1.5"),  # type: ignore[arg-type]
        ({"trades": [ClosedTrade(tag=5)]}, "the tag of trades[0] is 5"),  # type: ignore[arg-type]
        ({"trades": [ClosedTrade(fees="5")]}, "the fees of trades[0] is '5'"),  # type: ignore[arg-type]
    ],
)
def test_what_breaks_the_contract_is_an_engine_error(change: dict[str, Any], message: str) -> None:
    """Such a failure does not last: the engine may be mended. Who needs nothing is not harmed."""
    outcome = evolve(GOOD, read=frozenset({"x"}), **change)
    found = usable(outcome, ALL)
    assert found.failure is not None
    assert found.failure.category is Category.ENGINE
    assert message in found.failure.message
    assert (found.statistics, found.read) == (None, frozenset({"x"}))
    assert usable(outcome, frozenset()) is outcome


def test_returns_alone_ask_little_of_a_curve() -> None:
    """They end where it has no value; only its lengths must agree."""
    needs = frozenset({"returns"})
    curve = Equity([1, 2], [1.0, math.inf])
    assert usable(evolve(GOOD, equity=curve), needs).equity is curve
    assert usable(evolve(GOOD, equity=Equity([1], [])), needs).failure is not None
