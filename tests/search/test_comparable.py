"""What methods may learn from pruned trials: values on the scale of complete ones."""

from __future__ import annotations

from math import inf, nextafter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.api import ComparableObjectives

TRIALS = st.lists(
    st.tuples(st.integers(-20, 20).map(float), st.none() | st.integers(0, 3)), max_size=40
)


@given(TRIALS, st.booleans())
def test_a_pruned_trial_is_below_the_best(trials, same_scale):
    """A complete one stays what it is; before the first, nothing is known."""
    rule, best = ComparableObjectives(same_scale), -inf
    for objective, pruned_at in trials:
        value = rule.of(objective, pruned_at)
        if pruned_at is None:
            best = max(best, objective)
        if pruned_at is None:
            assert value == objective
        elif best == -inf:
            assert value is None
        else:
            assert value is not None
            assert value < best
            if same_scale:
                assert value == min(objective, nextafter(best, -inf))


@given(TRIALS)
def test_on_another_scale_the_rank_counts(trials):
    """As a quantile of the lower half, with the earlier steps below: NumPy's says the same."""
    rule, complete, pruned = ComparableObjectives(same_scale=False), list[float](), {}
    for objective, pruned_at in trials:
        value = rule.of(objective, pruned_at)
        if pruned_at is None:
            complete.append(objective)
        elif complete:
            alike = pruned.setdefault(pruned_at, [])
            alike.append(objective)
            better = sum(one < objective for one in alike) + alike.count(objective) / 2
            share = (pruned_at + better / len(alike)) / (max(pruned) + 1) / 2
            expected = min(float(np.quantile(complete, share)), nextafter(max(complete), -inf))
            assert value == pytest.approx(expected, abs=1e-9)
            assert value <= np.median(complete)


@given(TRIALS, st.integers(1, 9))
def test_a_step_may_have_any_scale(trials, factor):
    """Multiplied and moved, objectives of a step give the same values."""
    plain, scaled = ComparableObjectives(same_scale=False), ComparableObjectives(same_scale=False)
    whole = (100.0, None)
    for objective, pruned_at in (whole, *trials):
        moved = objective if pruned_at is None else factor * objective - 1000 * pruned_at
        assert scaled.of(moved, pruned_at) == plain.of(objective, pruned_at)
