"""How busy workers are, against what can be reckoned, and what a search would take."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leanopt_core.report.planned import Times, estimate, measured, utilisation
from leanopt_core.search.advice import needed


@given(st.integers(1, 40), st.integers(1, 100))
def test_with_equal_run_times_as_many_work_as_there_are_trials_for(
    workers: int, lookahead: int
) -> None:
    """Each of so many workers, or of so many trials that are out at once."""
    busy = utilisation(workers, lookahead, 0.0, 4000)
    assert busy == pytest.approx(min(1.0, lookahead / workers), abs=0.02)


@pytest.mark.parametrize("variation", [0.0, 0.5, 2.0])
def test_one_worker_is_always_busy(variation: float) -> None:
    """It waits for nobody."""
    assert utilisation(1, 1, variation) == pytest.approx(1.0)


@settings(max_examples=20)
@given(st.integers(2, 32), st.integers(1, 60), st.floats(0.1, 1.5))
def test_a_longer_lookahead_never_leaves_more_idle(
    workers: int, lookahead: int, variation: float
) -> None:
    """Nor a lower variation of the run times, to the simulation's noise."""
    busy = utilisation(workers, lookahead, variation, 2000)
    assert 0 < busy <= 1
    assert utilisation(workers, 2 * lookahead, variation, 2000) >= busy - 1e-9


@pytest.mark.parametrize("workers", [2, 4, 16, 64])
def test_it_agrees_with_the_figures_behind_the_advice(workers: int) -> None:
    """At the lookahead that is said to keep 95% busy, at a variation of 0.5; and at half of it."""
    lookahead = round(needed(workers))
    assert utilisation(workers, lookahead, 0.5) >= 0.94
    assert utilisation(workers, lookahead // 2, 0.5) < 0.95


def test_a_budget_that_is_short_leaves_workers_idle() -> None:
    """Three backtests on two workers take as long as four."""
    assert utilisation(2, 16, 0.0, 3) == pytest.approx(3 / 4)
    assert utilisation(8, 16, 0.0, 1) == pytest.approx(1 / 8)


def test_an_estimate_is_work_over_workers() -> None:
    """100 backtests of 2 seconds on 4 workers."""
    times = measured([2.0, 2.0, 2.0], "three")
    assert times == Times(2.0, 0.0, "three")
    said = estimate(times, workers=4, lookahead=16, trials=100, backtests=100)
    assert said.busy == pytest.approx(1.0)
    assert said.seconds == pytest.approx(50.0)
    endless = estimate(times, workers=4, lookahead=16, trials=None, backtests=None)
    assert endless.seconds is None
    assert measured([], "none") is None
    assert measured([1.0, 3.0], "two").variation == pytest.approx(0.5)
