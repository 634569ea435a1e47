"""Choices and paths of CPCV: a naive implementation, invariances, noise and skill."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_evidence import Distribution, combinatorial_splits, cross_validate
from scipy import stats


def noise(rows: int, columns: int, seed: int) -> np.ndarray:
    """Return returns without skill."""
    return np.random.default_rng(seed).normal(0, 0.01, size=(rows, columns))


def naive(values: np.ndarray, splits) -> tuple[list[int], list[list[float]]]:
    """Return the choices and the paths' returns, value by value."""
    chosen, tests = [], []
    for number, (train, test) in enumerate(splits):
        sharpes = []
        for column in range(values.shape[1]):
            own = [float(values[row, column]) for row in train]
            sharpes.append(statistics.mean(own) / statistics.stdev(own))
        chosen.append(sharpes.index(max(sharpes)))
        # Which group a test row belongs to decides the path that it goes to.
        tests.append((number, test.tolist()))
    paths = []
    for path in range(len(splits.paths)):
        row_of = dict[int, float]()
        for group, first in enumerate(splits.edges[:-1].tolist()):
            rows = range(first, int(splits.edges[group + 1]))
            users = [number for number, test in tests if first in test]
            row_of |= {row: float(values[row, chosen[users[path]]]) for row in rows}
        paths.append([row_of[row] for row in sorted(row_of)])
    return chosen, paths


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([(4, 1), (4, 2), (5, 3)]), st.integers(0, 2))
def test_equals_the_definition(seed: int, sizes: tuple[int, int], purge: int) -> None:
    """Choices, joined returns, and what is said of each path."""
    values = noise(41, 6, seed)
    splits = combinatorial_splits(41, *sizes, purge=purge, embargo=1)
    found = cross_validate(values, splits)
    chosen, paths = naive(values, splits)
    assert list(found.chosen) == chosen
    assert [path.returns.tolist() for path in found.paths] == paths
    for path, expected in zip(found.paths, paths, strict=True):
        equity = [1.0]
        for one in expected:
            equity.append(equity[-1] * (1 + one))
        falls = [1 - value / max(equity[: at + 1]) for at, value in enumerate(equity)]
        sharpe = statistics.mean(expected) / statistics.stdev(expected)
        assert path.sharpe.value == pytest.approx(sharpe, rel=1e-9)
        assert path.growth.value == pytest.approx(equity[-1] - 1, rel=1e-9)
        assert path.drawdown.value == pytest.approx(max(falls), rel=1e-9)
    losing = sum(math.prod(1 + one for one in path) < 1 for path in paths)
    assert found.loss.value == losing / len(paths)
    line = stats.linregress(found.inside, found.outside)
    assert found.slope.value == pytest.approx(line.slope)
    assert found.intercept.value == pytest.approx(line.intercept)


def test_the_distribution_is_that_of_the_paths() -> None:
    """Of Sharpe ratio, growth and drawdown."""
    found = cross_validate(noise(60, 5, 3), combinatorial_splits(60, 6, 2))
    for name in ("sharpe", "growth", "drawdown"):
        values = [getattr(path, name).value for path in found.paths]
        assert getattr(found, name) == Distribution.of(values)
        assert getattr(found, name).count == 5


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2.0**-9, 0.5]))
def test_scale_and_order_of_columns_change_no_choice(seed: int, scale: float) -> None:
    """Without ties."""
    values, order = noise(48, 7, seed), np.random.default_rng(seed).permutation(7)
    splits = combinatorial_splits(48, 6, 2, purge=1)
    plain = cross_validate(values, splits)
    other = cross_validate(scale * values[:, order], splits)
    assert [int(order[column]) for column in other.chosen] == list(plain.chosen)
    assert other.slope.value == pytest.approx(plain.slope.value)
    assert other.sharpe.median == pytest.approx(plain.sharpe.median)


def test_equal_columns_tie_and_the_first_is_chosen() -> None:
    """Bit for bit, wherever they are."""
    values = np.repeat(noise(40, 1, 6), 37, axis=1)
    values[:, :20] = noise(40, 20, 7) - 0.05
    assert set(cross_validate(values, combinatorial_splits(40, 8, 3)).chosen) == {20}


def test_purged_rows_choose_nothing() -> None:
    """A trial that knows the day after the test is not chosen for it."""
    values = noise(40, 4, 8)
    values[20, 3] = 5.0
    plain = cross_validate(values, combinatorial_splits(40, 4, 1))
    purged = cross_validate(values, combinatorial_splits(40, 4, 1, purge=1))
    # Row 20 is the first of group 2: it trains for group 1 unless it is purged.
    without = np.delete(values, np.r_[9:21], axis=0)
    expected = (without.mean(axis=0) / without.std(axis=0, ddof=1)).argmax()
    assert purged.chosen[1] == expected
    assert purged.inside[1] != plain.inside[1]


def test_skill_is_found_and_noise_is_not() -> None:
    """A planted edge is always chosen and no path loses; of noise, 60 matrices, half the paths."""
    splits = combinatorial_splits(160, 8, 2)
    losses = [cross_validate(noise(160, 20, seed), splits).loss.value for seed in range(60)]
    error = statistics.stdev(losses) / math.sqrt(60)
    assert statistics.mean(losses) == pytest.approx(0.5, abs=4 * error)
    values = noise(160, 20, 61)
    values[:, 7] += 0.01
    found = cross_validate(values, splits)
    assert set(found.chosen) == {7}
    assert found.loss.value == 0


def test_a_column_that_rests_while_it_trains_is_not_chosen() -> None:
    """Even if all others lose; if all rest, the split has no choice and its paths no value."""
    values = noise(40, 3, 2) - 0.02
    values[:, 0] = 0.01
    splits = combinatorial_splits(40, 4, 2)
    assert 0 not in cross_validate(values, splits).chosen
    values[:20] = 0
    found = cross_validate(values, splits)
    last = splits.tested.tolist().index([2, 3])
    assert found.chosen[last] is None
    assert found.inside[last] is None
    assert found.outside[last] is None
    gaps = [path for path in found.paths if last in path.splits]
    assert all(path.returns is None for path in gaps)
    assert f"split {last}" in gaps[0].sharpe.reason
    assert found.growth.count == len(found.paths) - len(gaps)


def test_nothing_varies() -> None:
    """No path, no loss, no line: with the reason."""
    found = cross_validate(np.zeros((12, 2)), combinatorial_splits(12, 3, 1))
    assert found.loss.reason == "no path has a return"
    assert found.slope.reason
    assert found.sharpe.count == 0


def test_float32_costs_seven_digits_and_no_choice() -> None:
    """As the store keeps returns."""
    values = noise(480, 30, 9)
    splits = combinatorial_splits(480, 10, 2, purge=1, embargo=5)
    double, single = (cross_validate(one, splits) for one in (values, values.astype(np.float32)))
    assert single.chosen == double.chosen
    assert single.sharpe.median == pytest.approx(double.sharpe.median, abs=1e-7)
    assert single.growth.median == pytest.approx(double.growth.median, abs=1e-7)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((11, 2)), "expected 12 periods"),
        (np.zeros((12, 0)), "expected 12 periods"),
        (np.full((12, 2), -1.5), r"a return is -1\.5"),
        (np.full((12, 2), np.nan), r"value \[0, 0\] is nan"),
    ],
)
def test_wrong_returns_are_errors(values: np.ndarray, message: str) -> None:
    """Reported, not repaired."""
    with pytest.raises(ValueError, match=message):
        cross_validate(values, combinatorial_splits(12, 4, 2))
