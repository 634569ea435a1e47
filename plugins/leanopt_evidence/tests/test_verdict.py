"""The verdict: its limits one by one, and what it says of noise and of a planted edge."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from leanopt_evidence import (
    Aligned,
    Counted,
    Deflated,
    Estimate,
    SearchEvidence,
    Verdict,
)
from leanopt_evidence._judged import judge
from leanopt_evidence._track import Sampling
from leanopt_evidence._verdict import LEVELS, joined_verdict, verdict_of

from leanopt_core.store.tried import Tried

#: Days of exchanges: 252 a year.
DAYS = np.busday_offset("2001-01-01", np.arange(2000), roll="forward")
#: The effective number of ten trials.
EFFECTIVE = 8.0


def judged(values: np.ndarray, effective: float | None = None) -> SearchEvidence:
    """Return the evidence of a search with these returns, whose best has the highest ratio."""
    rows, columns = values.shape
    ratios = values.mean(axis=0) / values.std(axis=0, ddof=1)
    trials = tuple(range(1, columns + 1))
    returns = Aligned(DAYS[:rows], trials, values.astype(np.float32), {}, 0)
    counted = Counted(Tried("trend", (), columns, 0, 0), effective or columns, None, columns)
    return judge(1, "S1", int(ratios.argmax()) + 1, returns, counted, Sampling())


@pytest.fixture(scope="module")
def base() -> SearchEvidence:
    """Return a search with a strong edge in one of ten trials."""
    values = np.random.default_rng(3).normal(0, 0.01, size=(800, 10))
    values[:, 4] += 0.003
    return judged(values, EFFECTIVE)


BASE = {"effective": 0.999, "raw": 0.999, "superior": 0.001, "overfitting": 0.0}


def level(base: SearchEvidence, **changed: Any) -> str:
    """Return the level where some numbers are others."""
    given = {**BASE, **changed}
    found = evolve(
        base,
        effective=Deflated(given["effective"], 0.01, "none"),
        deflated=Deflated(given["raw"], 0.01, "none"),
        superior=evolve(base.superior, consistent=Estimate(given["superior"], "none")),
        overfitting=evolve(base.overfitting, probability=Estimate(given["overfitting"], "none")),
    )
    return verdict_of(found).level


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "strong"),
        ({"raw": 0.98999}, "some"),
        ({"superior": 0.0101}, "some"),
        ({"overfitting": 0.1001}, "some"),
        ({"raw": None}, "some"),
        ({"effective": 0.95, "raw": 0.9, "superior": 0.05, "overfitting": 0.5}, "some"),
        ({"effective": 0.9499}, "unclear"),
        ({"superior": 0.0501}, "unclear"),
        ({"overfitting": 0.501}, "unclear"),
        ({"superior": None}, "unclear"),
        ({"overfitting": None}, "unclear"),
        ({"effective": 0.5}, "unclear"),
        ({"effective": 0.4999}, "luck"),
        ({"effective": None}, "unknown"),
    ],
)
def test_each_limit(base: SearchEvidence, changed: dict[str, Any], expected: str) -> None:
    """Just at it, and just beyond."""
    assert level(base, **changed) == expected


SHARE = st.floats(0, 1)


@given(SHARE, SHARE, SHARE, SHARE, SHARE)
def test_better_numbers_never_make_a_worse_verdict(
    base: SearchEvidence, one: float, other: float, raw: float, superior: float, overfitting: float
) -> None:
    """In each of the four, the others kept."""
    low, high = sorted((one, other))
    rest = {"raw": raw, "superior": superior, "overfitting": overfitting, "effective": 0.97}
    for name, better in (
        ("effective", high),
        ("raw", high),
        ("superior", low),
        ("overfitting", low),
    ):
        worse = low + high - better
        ranks = [LEVELS.index(level(base, **{**rest, name: each})) for each in (worse, better)]
        assert ranks[0] <= ranks[1]


def test_a_short_history_is_no_strong_evidence(base: SearchEvidence) -> None:
    """If it is below the minimum track record."""
    record = evolve(base.track.record, whole=base.track.moments.n + 1)
    assert verdict_of(evolve(base, track=evolve(base.track, record=record))).level == "some"


def test_a_loss_is_luck(base: SearchEvidence) -> None:
    """With any other numbers."""
    values = np.random.default_rng(3).normal(-0.002, 0.01, size=(300, 5))
    assert verdict_of(judged(values)).level == "luck"


def test_of_several_searches_the_best_counts() -> None:
    """With how many share its level."""
    verdicts = [Verdict(one, "", ()) for one in ("luck", "some", "unclear", "some")]
    found = joined_verdict(["A", "B", "C", "D"], verdicts)
    assert found.level == "some"
    assert found.reasons == (
        "4 searches: 2 some evidence, 1 unclear, 1 luck.",
        "Some evidence of an edge: B, D.",
    )


RUNS = [pytest.param(20, id="few"), pytest.param(200, id="many", marks=pytest.mark.long)]


@pytest.mark.long
@pytest.mark.parametrize("runs", RUNS)
def test_noise_is_seldom_evidence(runs: int) -> None:
    """Searches of 20 trials without skill over a year: at most 5%, within three standard errors."""
    generator = np.random.default_rng(17)
    found = [verdict_of(judged(generator.normal(0, 0.01, (250, 20)))).level for _ in range(runs)]
    rate = np.mean([one in ("some", "strong") for one in found])
    assert rate <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    assert "luck" in found


@pytest.mark.long
@pytest.mark.parametrize(
    "runs", [pytest.param(10, id="few"), pytest.param(60, id="many", marks=pytest.mark.long)]
)
def test_a_planted_edge_is_found(runs: int) -> None:
    """One of 20 trials with a true Sharpe ratio of 3.2 a year, over three years: nine of ten."""
    generator = np.random.default_rng(18)
    found = []
    for _ in range(runs):
        values = generator.normal(0, 0.01, (756, 20))
        values[:, 7] += 0.002
        one = judged(values)
        found.append(one.trial == 8 and verdict_of(one).level in ("some", "strong"))
        assert 8 in one.superior_trials or not found[-1]
    assert np.mean(found) >= 0.9
