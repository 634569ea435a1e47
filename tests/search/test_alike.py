"""Trials that differ in fractions only, and have equal statistics, are a warning, once a run."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.search.read_types import MOST, AlikeCheck
from leanopt_core.sinks.base import TrialRecord
from leanopt_core.space import Axis, Space
from leanopt_core.statistics import Statistics
from leanopt_core.trial import Score, Trial
from leanopt_core.work import Category, Failure, Outcome

SPACE = Space(
    (
        Axis.decimals("fast", Decimal(-3), Decimal(12), Decimal("0.25")),
        Axis.decimals("stop", Decimal(0), Decimal(2), Decimal("0.1")),
        Axis.integers("slow", 30, 60),
    )
)
POINT = {"fast": Decimal(3), "stop": Decimal("1.5"), "slow": 40}
DOUBLES = {name: frozenset({"double"}) for name in ("fast", "stop")}


class Run:
    """Tells a check of trials, numbered from 1."""

    def __init__(self, *arguments: Any, told: Mapping[str, frozenset[str]] | None = None) -> None:
        self.check = AlikeCheck(*(arguments or (SPACE, {}, told)))
        self.number = 0

    def tell(
        self,
        profit: float | None = 1.5,
        orders: float = 3,
        types: Mapping[str, frozenset[str]] | None = None,
        search: int = 1,
        **values: str | int,
    ) -> str | None:
        """Tell of a trial with a profit, None where it failed; what is not given is POINT's."""
        self.number += 1
        parameters = POINT | {k: v if isinstance(v, int) else Decimal(v) for k, v in values.items()}
        statistics = Statistics({"Net Profit": profit, "Total Orders": orders})
        read = None if types is None else frozenset(types)
        outcome = Outcome(statistics, read=read, read_types=types or {})
        if profit is None:
            outcome = Outcome(failure=Failure(Category.STRATEGY, "no"))
        trial = Trial(self.number, "stage", (0, 0, 0), "", Score())
        figures = outcome.statistics.values if outcome.statistics else None
        record = TrialRecord(search, trial, parameters, {"SPY": figures})
        return self.check.saw(record, {"SPY": outcome})


def test_the_parameter_and_both_trials_are_named() -> None:
    """At the end of the run, where no harness tells types; once."""
    run = Run()
    assert run.tell(fast="3") is None
    assert run.tell(fast="4", profit=2) is None
    assert run.tell(fast="3.75", stop="1.9") is None
    assert run.check.judge() == (
        "trials 1 and 3 differ only in fast (3 and 3.75), stop (1.5 and 1.9) and have equal "
        "statistics: the strategy may use whole numbers only. Write step = 1, or read a "
        "decimal number in the strategy"
    )
    assert run.check.judge() is None
    assert run.tell(fast="3.25") is None


def test_it_is_said_at_once_where_a_harness_tells_no_types() -> None:
    """It says what is read, and that is all that it ever will."""
    run = Run()
    assert run.tell(fast="3", types={}) is None
    assert run.tell(fast="3.25") is not None


def test_it_is_said_at_once_where_a_harness_tells_types() -> None:
    """What is read as a text may be made a number of any kind."""
    text = {"fast": frozenset({"text"})}
    run = Run()
    assert run.tell(fast="3", types=text) is None
    warning = run.tell(fast="3.5", types=text, search=2)
    assert warning is None, "another search has other scenarios"
    assert run.tell(fast="3.25", types=text) is not None
    run = Run()
    run.tell(fast="3", search=2)
    assert "trials 1 and 2 of search 2 differ" in str(run.tell(fast="3.5", types=text, search=2))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"fast": "3"}, {"fast": "4"}),
        ({"fast": "3.75"}, {"fast": "4"}),
        ({"fast": "0.5"}, {"fast": "0.75"}),
        ({"fast": "-0.25"}, {"fast": "0"}),
        ({"fast": "3", "stop": "0.3"}, {"fast": "3.25", "stop": "0.4"}),
        ({"fast": "3"}, {"fast": "3.25", "slow": 41}),
        ({"fast": "3"}, {"fast": "3.25", "profit": 1.6}),
        ({"fast": "3"}, {"fast": "3.25", "orders": 0}),
        ({"fast": "3", "orders": 0}, {"fast": "3.25", "orders": 0}),
        ({"fast": "3", "profit": None}, {"fast": "3.25", "profit": None}),
    ],
)
def test_others_are_not_alike(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Other whole parts, or none, other values beside, other statistics, none, or no orders."""
    run = Run()
    run.tell(**one)
    run.tell(**other)
    assert run.check.judge() is None


@pytest.mark.parametrize("type_", ["int", "decimal", "double"])
def test_what_source_or_harness_tells_is_not_looked_at(type_: str) -> None:
    """Fractions that make no difference are no mistake then."""
    types = {name: frozenset({type_}) for name in ("fast", "stop")}
    for run in (Run(SPACE, types, None), Run(told=types)):
        run.tell(fast="3")
        run.tell(fast="3.25")
        assert run.check.judge() is None
    run = Run()
    run.tell(fast="3")
    assert run.tell(fast="3.25", types=types) is None
    assert run.check.judge() is None


def test_a_resumed_run_says_the_same() -> None:
    """Trials told again come without types: those that were told before are handed in."""
    trials = [{"fast": "3"}, {"fast": "3.25"}, {"fast": "5", "stop": "1.2"}, {"stop": "1.3"}]
    only_fast = {"fast": frozenset({"double"})}
    first, resumed = Run(), Run(told=only_fast)
    before = [first.tell(**one, types=only_fast) for one in trials]  # type: ignore[arg-type]
    after = [resumed.tell(**one) for one in trials]  # type: ignore[arg-type]
    assert before == after == [None, None, None, before[3]]
    assert "trials 1 and 4 differ only in stop (1.5 and 1.3)" in str(before[3])


def test_a_range_below_one_is_not_looked_at() -> None:
    """Nobody means whole numbers by it: 1.2 and 1.8 are alike where a limit is never reached."""
    for most, said in (("1.9", False), ("2.0", True)):
        narrow = Axis.decimals("fast", Decimal(1), Decimal(most), Decimal("0.1"))
        run = Run(Space((narrow,)), {})
        run.tell(fast="1.2")
        run.tell(fast="1.8")
        assert (run.check.judge() is not None) == said


def test_only_the_first_are_compared() -> None:
    """That bounds memory."""
    run = Run(told={"slow": frozenset({"int"})})
    for number in range(MOST):
        run.tell(fast="3", profit=float(number))
    assert run.tell(fast="3.25", profit=5.0) is None


@given(
    st.lists(st.tuples(st.integers(-12, 48), st.integers(0, 20), st.integers(0, 2)), max_size=12)
)
def test_it_finds_a_pair_where_there_is_one(points: list[tuple[int, int, int]]) -> None:
    """As comparing each with each does."""
    run, told = Run(), []
    for fast, stop, profit in points:
        values = (Decimal(fast) / 4, Decimal(stop) / 10)
        told.append((*(int(one) or one for one in values), profit))
        run.tell(profit=profit, fast=str(values[0]), stop=str(values[1]))
    assert (run.check.judge() is not None) == (len(set(told)) < len(told))
