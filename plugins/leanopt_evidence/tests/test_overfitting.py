"""PBO by CSCV: the worked example, a naive implementation, invariances, noise and skill."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from leanopt_evidence import probability_of_overfitting
from scipy import stats

ROWS = [[2, -1, -1, 3], [3, 1, 0, 0], [-2, 3, -1, 2], [-1, 1, -2, -2]]
ROWS += [[2, 0, 2, 1], [3, 3, 1, 3], [0, -3, -2, 0], [-3, 3, -3, 0]]
VALUES = arrays(
    np.int64,
    st.tuples(st.sampled_from([8, 16]), st.integers(2, 6)),
    elements=st.integers(-3, 3),
)


def test_worked_example() -> None:
    """Winners, ranks, logits and all that follows."""
    found = probability_of_overfitting(ROWS, 4, "mean")
    assert found.winners.tolist() == [1, 0, 3, 1, 1, 3]
    assert found.ranks.tolist() == [3, 2, 3, 2, 2, 3]
    signs = np.array([1, -1, 1, -1, -1, 1])
    assert found.logits == pytest.approx(signs * math.log(1.5))
    assert found.probability.value == 0.5
    assert found.even == 0
    assert found.loss.value == pytest.approx(1 / 6)
    assert found.slope.value == pytest.approx(-1.3962264, abs=5e-8)
    line = stats.linregress(found.inside, found.outside)
    assert (found.slope.value, found.intercept.value) == pytest.approx((line.slope, line.intercept))


def naive(values: np.ndarray, blocks: int, metric: str) -> list[tuple[int, float]]:
    """Return winner and rank of each choice, from the definition."""
    parts = np.split(values[len(values) % blocks :], blocks)

    def scores(chosen: tuple[int, ...]) -> np.ndarray:
        half = np.concatenate([parts[place] for place in chosen]).astype(float)
        if metric == "mean":
            return half.mean(axis=0)
        flat = np.ptp(half, axis=0) == 0
        spread = np.where(flat, 1, half.std(axis=0, ddof=1))
        return np.where(flat, -np.inf, half.mean(axis=0) / spread).round(9)

    found = []
    for chosen in combinations(range(blocks), blocks // 2):
        other = tuple(sorted({*range(blocks)} - {*chosen}))
        winner = int(scores(chosen).argmax())
        outside = scores(other)
        found.append((winner, float(stats.rankdata(outside)[winner])))
    return found


def same_as_naive(values: np.ndarray, blocks: int, metric: str) -> None:
    """Compare every choice."""
    found = probability_of_overfitting(values, blocks, metric)
    ours = list(zip(found.winners.tolist(), found.ranks.tolist(), strict=True))
    assert ours == naive(values, blocks, metric)


@given(VALUES, st.sampled_from([2, 4]))
def test_equals_the_definition_with_ties(values: np.ndarray, blocks: int) -> None:
    """The first winner of several, ranks that share the average; each column varies."""
    values[-1], values[-2] = 4, -4
    same_as_naive(values, blocks, "mean")


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([4, 6]), st.sampled_from(["mean", "sharpe"]))
def test_equals_the_definition_without_ties(seed: int, blocks: int, metric: str) -> None:
    """Random values, and rows that fill no block."""
    same_as_naive(np.random.default_rng(seed).normal(size=(blocks * 4 + 1, 7)), blocks, metric)


def test_a_column_that_rests_in_a_half_ranks_below_all_others() -> None:
    """Also below losses; where the winner rests out of sample, its value is none."""
    values = np.random.default_rng(2).normal(-0.5, 0.1, size=(16, 3))
    values[:8, 0] = 0.1
    same_as_naive(values, 4, "sharpe")
    values[8:, 0] += 3
    found = probability_of_overfitting(values, 4)
    last = found.winners.tolist()[-1], found.ranks[-1], found.outside[-1]
    assert last == (0, 1.0, -np.inf)
    assert found.probability.value > 0


def test_a_column_of_almost_equal_doubles_rests() -> None:
    """Rounding is no variance."""
    values = np.random.default_rng(2).normal(size=(16, 3))
    values[:8, 1] = np.tile([0.3, 0.1 + 0.2], 4)
    found = probability_of_overfitting(values, 2)
    values[:8, 1] = 0.3
    assert found.ranks.tolist() == probability_of_overfitting(values, 2).ranks.tolist()
    assert found.winners[0] != 1


def test_constant_columns_are_removed_and_named() -> None:
    """Winners keep the numbers of the input."""
    values = np.random.default_rng(4).normal(size=(16, 4))
    plain = probability_of_overfitting(values, 4)
    more = probability_of_overfitting(np.insert(values, [0, 2], 0.1, axis=1), 4)
    assert more.removed == (0, 3)
    assert more.winners.tolist() == [[1, 2, 4, 5][winner] for winner in plain.winners]
    assert more.probability == plain.probability


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([2.0**-20, 8.0]))
def test_scale_and_order_of_columns_change_nothing(seed: int, scale: float) -> None:
    """Without ties."""
    generator = np.random.default_rng(seed)
    values, order = generator.normal(size=(24, 6)), generator.permutation(6)
    plain = probability_of_overfitting(values, 6)
    other = probability_of_overfitting(scale * values[:, order], 6)
    assert other.ranks.tolist() == plain.ranks.tolist()
    assert order[other.winners].tolist() == plain.winners.tolist()
    assert other.slope.value == pytest.approx(plain.slope.value)


def test_equal_columns_tie() -> None:
    """Bit for bit, wherever they are: two winners share the first rank."""
    values = np.random.default_rng(6).normal(size=(40, 1)) * np.ones(37)
    values[:, :20] = np.random.default_rng(7).normal(-3, 1, size=(40, 20))
    found = probability_of_overfitting(values, 8)
    assert set(found.ranks.tolist()) == {20 + 18 / 2}
    assert set(found.winners.tolist()) == {20}


def test_noise_has_half_and_skill_has_none() -> None:
    """The mean of 60 matrices of noise is within three standard errors of one half."""
    generator = np.random.default_rng(13)
    several = [
        probability_of_overfitting(generator.normal(size=(160, 20)), 8).probability.value
        for _ in range(60)
    ]
    assert np.mean(several) == pytest.approx(0.5, abs=3 * np.std(several) / math.sqrt(60))
    values = generator.normal(size=(400, 20))
    values[:, 7] += 0.5
    found = probability_of_overfitting(values, 8)
    assert set(found.winners.tolist()) == {7}
    assert (found.probability.value, found.loss.value, found.dominance) == (0, 0, "first")


def test_dominance() -> None:
    """A winner that loses dominates nothing."""
    values = np.zeros((8, 2))
    values[:4, 0], values[4:, 1] = [2, 3, 2, 3], [2, 3, 2, 3]
    values[4:, 0], values[:4, 1] = [-2, -3, -2, -3], [-2, -3, -2, -3]
    found = probability_of_overfitting(values, 2)
    assert found.dominance is None
    assert (found.probability.value, found.loss.value) == (1, 1)


def test_too_little_has_no_value() -> None:
    """With the reason, and what was left out."""
    assert "rows" in probability_of_overfitting(np.eye(7), 4).probability.reason
    found = probability_of_overfitting([[1, 0], [2, 0], [3, 0], [5, 0], [4, 0]], 2)
    assert "columns" in found.probability.reason
    assert (found.removed, found.dropped) == ((1,), 1)


def test_wrong_arguments_are_errors() -> None:
    """NaN, an odd number of blocks, an unknown metric."""
    for blocks in (0, 3, 22):
        with pytest.raises(ValueError, match="blocks is"):
            probability_of_overfitting(ROWS, blocks)
    with pytest.raises(ValueError, match="metric is"):
        probability_of_overfitting(ROWS, 4, "calmar")
    with pytest.raises(ValueError, match=r"value \[1, 0\] is nan"):
        probability_of_overfitting([[0.0, 1.0], [math.nan, 0.0]], 2)


def test_float32_is_read_as_it_is() -> None:
    """Returns of the store: the same choices, values to seven digits."""
    values = np.random.default_rng(9).normal(0.0005, 0.01, size=(480, 30))
    double = probability_of_overfitting(values, 8)
    single = probability_of_overfitting(values.astype(np.float32), 8)
    assert single.ranks.tolist() == double.ranks.tolist()
    assert single.outside == pytest.approx(double.outside, abs=1e-7)
