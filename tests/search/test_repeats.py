"""Scores of replayed trials: what counts as the same, and what is said of a difference."""

from __future__ import annotations

import math

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import ResumeError
from leanopt_core.search.repeats import compare_scores
from leanopt_core.trial import Score, Violation

LABEL = "fitness function 'judge' (walking 1.0)"
SCORE = Score(1.5, 1.5, 0.25, (Violation("fitness", 0.25),), ("too few",), {"orders": 3.0})

numbers = st.floats(-1e300, 1e300).filter(lambda number: abs(number) > 1e-290)


def said(now: Score, stored: Score = SCORE) -> str:
    """Return the error for two scores of trial 7; fails if there is none."""
    with pytest.raises(ResumeError) as caught:
        compare_scores(LABEL, 7, stored, now)
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"fitness": 3.0, "objective": 3.0}, "fitness was 1.5, now 3.0"),
        ({"fitness": None, "objective": None}, "fitness was 1.5, now None"),
        ({"violation": 0.0}, "violation was 0.25, now 0.0"),
        ({"violation": 5e-324}, "violation was 0.25, now 5e-324"),
        ({"values": {"orders": 4.0}}, "value 'orders' was 3.0, now 4.0"),
        ({"values": {}}, "value 'orders' was 3.0, now None"),
        ({"values": {"orders": 3.0, "p": 0.0}}, "value 'p' was None, now 0.0"),
        ({"failure": "timeout"}, "failure was None, now 'timeout'"),
    ],
)
def test_a_difference_is_named_with_both_values(change: dict[str, object], difference: str) -> None:
    """The plugin with its version, the trial, what differs, and what to do."""
    assert said(evolve(SCORE, **change)) == (
        f"{LABEL} scores trial 7 otherwise than before: {difference}; its code or a library it "
        "uses has changed, or it depends on more than its input. The results are kept: restore it "
        "to continue the run, or begin a new run with --again"
    )


def test_no_violation_is_not_nearly_one() -> None:
    """Feasible or not is no question of rounding."""
    assert "violation was 0.0, now 5e-324" in said(Score(1.0, 1.0, 5e-324), Score(1.0, 1.0))


def test_reasons_may_be_worded_otherwise() -> None:
    """They decide nothing."""
    compare_scores(LABEL, 7, SCORE, evolve(SCORE, reasons=("too few trades",)))


@given(numbers, st.integers(-40, 40))
def test_the_last_digits_may_differ(number: float, steps: int) -> None:
    """Another C library's rounding is some units in the last place."""
    near = number
    for _ in range(abs(steps)):
        near = math.nextafter(near, math.copysign(math.inf, steps))
    compare_scores(LABEL, 7, Score(number, number), Score(near, near))


@given(numbers, st.floats(2e-12, 1e3), st.sampled_from([-1, 1]))
def test_more_may_not(number: float, share: float, sign: int) -> None:
    """A relative difference above 1e-12 is another score."""
    other = number / (1 + share) if sign < 0 else number + number * share
    if math.isfinite(other):
        assert repr(number) in said(Score(other, other), Score(number, number))
