"""The models against independent truth: brute force, quadrature, textbook formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_surrogate._cuts import BestCuts, RandomCuts, Runs
from leanopt_surrogate._forest import Forest, Leaves
from leanopt_surrogate._gaussian import Kernel, Process
from leanopt_surrogate._growth import grow
from leanopt_surrogate._improvement import log_improvement
from leanopt_surrogate._joint import NOISE, JointForest
from leanopt_surrogate._likelihood import Pairs, _loss, fit_kernel
from leanopt_surrogate._scores import normal_scores, standard_scores, trial_scores
from numpy.random import default_rng
from scipy import integrate, stats

X = default_rng(5).integers(0, 6, (40, 4)) / 5
Y = np.sin(5 * X[:, 0]) + X[:, 1] * X[:, 2]


def forest(kind: str = "best", least: int = 3, trees: int = 7) -> Forest:
    """Return a forest grown on the data."""
    cutter = BestCuts(X, 3) if kind == "best" else RandomCuts(X, 3)
    random = default_rng(1)
    return grow(X, Y, random.integers(0, len(X), (trees, len(X))), cutter, least, random)


def walked(grown: Forest, tree: int, x: np.ndarray) -> int:
    """Return the leaf that a point comes to, node by node."""
    node = tree
    while grown.child[node] != node:
        node = int(grown.child[node]) + bool(x[grown.column[node]] > grown.cut[node])
    return node


@pytest.mark.parametrize("kind", ["best", "random"])
def test_trees_lead_to_leaves(kind: str) -> None:
    """Every sample is in the leaf that it was grown into; all others are found alike."""
    grown = forest(kind)
    found = grown.find(X)
    assert found.tolist() == [[walked(grown, tree, x) for x in X] for tree in range(7)]
    assert sorted(np.bincount(grown.rows, minlength=len(X))) == sorted(
        np.bincount(default_rng(1).integers(0, len(X), (7, len(X))).ravel(), minlength=len(X))
    )
    assert all(leaf in found[:, row] for row, leaf in zip(grown.rows, grown.leaves, strict=True))


@pytest.mark.parametrize("kind", ["best", "random"])
def test_leaves_are_small_or_equal(kind: str) -> None:
    """No leaf that could be cut is left: it has fewer entries than needed, or equal targets."""
    grown = forest(kind, least=4)
    for leaf in np.unique(grown.leaves):
        rows = grown.rows[grown.leaves == leaf]
        assert len(rows) < 4 or np.ptp(Y[rows]) == 0 or np.ptp(X[rows], axis=0).max() == 0


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_the_best_cut_is_the_best(seed: int) -> None:
    """With all columns looked at, no cut leaves a smaller squared error than the one found."""
    random = default_rng(seed)
    x, y = random.integers(0, 5, (12, 3)) / 4, random.normal(size=12)
    runs = Runs(np.arange(12), y, np.array([0, 7]), np.repeat([0, 1], [7, 5]))
    columns, cuts = BestCuts(x, 3)(runs, random)

    def error(rows: np.ndarray, column: int, cut: float) -> float:
        sides = [y[rows][x[rows, column] > cut], y[rows][x[rows, column] <= cut]]
        return sum(float(((side - side.mean()) ** 2).sum()) for side in sides if side.size)

    for node, rows in enumerate([np.arange(7), np.arange(7, 12)]):
        every = [(c, cut) for c in range(3) for cut in np.unique(x[rows, c])[:-1]]
        assert every
        least = min(error(rows, *cut) for cut in every)
        assert error(rows, int(columns[node]), float(cuts[node])) == pytest.approx(least)


def test_leaves_hold_means_and_later_points() -> None:
    """Mean and variance of a leaf are those of all that is in it, later points included."""
    grown = forest()
    later = default_rng(9).random((5, 4))
    found, told = grown.find(later), np.arange(5.0)
    leaves = Leaves.fill(grown, Y, found, told)
    node = int(found[3, 2])
    inside = [*Y[grown.rows[grown.leaves == node]], *told[found[3] == node]]
    assert leaves.mean[node] == pytest.approx(np.mean(inside))
    assert leaves.variance[node] == pytest.approx(np.var(inside))
    mean, deviation = leaves.predict(found)
    means, within = leaves.mean[found], leaves.variance[found]
    assert mean == pytest.approx(means.mean(axis=0))
    assert deviation**2 == pytest.approx(means.var(axis=0) + within.mean(axis=0))


@pytest.mark.parametrize("z", [-2e5, -3e4, -40.0, -8.0, -1.01, -0.99, 0.0, 3.0])
def test_improvement_by_quadrature(z: float) -> None:
    """Expected improvement is the integral of what is above the best, far out as well."""
    mean, deviation = 1.0 + 2.0 * z, 2.0
    (value,) = log_improvement(np.array([mean]), np.array([deviation]), 1.0)
    # E = s phi(z) * integral of t exp(z t - t^2 / 2) over t > 0
    span = 40 / max(1.0, abs(z)) + (2 * z if z > 0 else 0)
    part, _ = integrate.quad(
        lambda t: t * math.exp(z * t - t * t / 2), 0, max(span, 1e-3 if z > -100 else span)
    )
    expected = math.log(deviation) - z * z / 2 - math.log(2 * math.pi) / 2 + math.log(part)
    assert value == pytest.approx(expected, rel=1e-6, abs=1e-3)


def test_a_sure_model_expects_nothing_but_finite() -> None:
    """A standard deviation of 0 gives a finite, low value."""
    value = log_improvement(np.array([0.0, 0.0]), np.array([0.0, 1.0]), 1.0)
    assert np.isfinite(value).all()
    assert value[0] < value[1]


#: Columns of a number, of a choice of three, of a number.
COLUMNS = np.array([0, 1, 1, 1, 2])


def test_outstanding_points_lower_the_deviation_of_a_forest() -> None:
    """By the textbook formula, with the covariance of the trees; the mean stays."""
    grown = forest("extra", least=8)
    leaves = Leaves.fill(grown, Y, np.empty((7, 0), np.int64), np.empty(0))
    random = default_rng(3)
    waiting, asked = random.integers(0, 6, (5, 4)) / 5, random.integers(0, 6, (9, 4)) / 5
    mean, deviation = leaves.predict(grown.find(asked))
    alone = JointForest.condition(leaves, waiting[:0]).predict(asked)
    assert alone[0] == pytest.approx(mean)
    assert alone[1] == pytest.approx(deviation)
    both = np.concatenate([asked, waiting])
    covariance = np.cov(leaves.mean[grown.find(both)].T, bias=True)
    noise = np.maximum(leaves.variance[grown.find(waiting)].mean(axis=0), NOISE)
    across = covariance[:9, 9:]
    lower = across @ np.linalg.solve(covariance[9:, 9:] + np.diag(noise), across.T)
    given_waiting = JointForest.condition(leaves, waiting).predict(asked)
    assert given_waiting[0] == pytest.approx(mean)
    assert given_waiting[1] ** 2 == pytest.approx(deviation**2 - np.diag(lower))


def coordinates(seed: int, count: int) -> np.ndarray:
    """Return points of a small grid, so that many share levels."""
    random = default_rng(seed)
    choices = np.eye(3)[random.integers(0, 3, count)] / math.sqrt(2)
    ends = random.integers(0, 6, (count, 2)) / 5
    return np.hstack([ends[:, :1], choices, ends[:, 1:]])


def correlation(kernel: Kernel, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the correlations by their formula, point by point and axis by axis."""

    def one(a: np.ndarray, b: np.ndarray) -> float:
        apart = [np.linalg.norm((a - b)[axis == COLUMNS]) for axis in range(3)]
        return math.exp(-sum((apart / kernel.lengths) ** kernel.power))

    return np.array([[one(row, column) for column in b] for row in a])


def test_kernel_slope_by_differences() -> None:
    """The gradient of the likelihood is that of central differences."""
    pairs = Pairs.of(coordinates(5, 40), COLUMNS)
    parameters = np.array([-0.3, 0.2, -1.0, 0.1, -3.0, 0.4])
    _, slope = _loss(parameters, pairs, Y)
    for place in range(6):
        step = np.zeros(6)
        step[place] = 1e-6
        ends = [_loss(parameters + sign * step, pairs, Y)[0] for sign in (1, -1)]
        assert slope[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-5)


def test_likelihood_is_the_normal_density() -> None:
    """The loss is the negative logarithm of the density of the values."""
    x = coordinates(5, 40)
    value, _ = _loss(np.array([-0.3, 0.2, -1.0, 0.1, -3.0, 0.4]), Pairs.of(x, COLUMNS), Y)
    lengths, power = np.exp([-0.3, 0.2, -1.0]), 2 / (1 + math.exp(-0.4))
    kernel = Kernel(lengths, power, math.exp(0.1), math.exp(-3.0))
    covariance = kernel.signal * correlation(kernel, x, x) + (kernel.noise + 1e-8) * np.eye(40)
    assert value == pytest.approx(-stats.multivariate_normal(np.zeros(40), covariance).logpdf(Y))


def test_process_is_the_textbook_one() -> None:
    """Mean given the told values, variance given the outstanding points too."""
    kernel = Kernel(np.array([0.5, 0.8, 1.2]), 1.3, 1.7, 0.01)
    told, waiting, asked = coordinates(1, 20), coordinates(2, 3), coordinates(3, 6)
    process = Process.condition(kernel, COLUMNS, told, Y[:20], waiting)
    mean, deviation = process.predict(asked)

    def covariance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return 1.7 * correlation(kernel, a, b)

    noisy = covariance(told, told) + (0.01 + 1e-8) * np.eye(20)
    assert mean == pytest.approx(covariance(asked, told) @ np.linalg.solve(noisy, Y[:20]))
    whole = np.concatenate([told, waiting])
    noisy = covariance(whole, whole) + (0.01 + 1e-8) * np.eye(23)
    across = covariance(asked, whole)
    variance = 1.7 - np.einsum("ij,ji->i", across, np.linalg.solve(noisy, across.T))
    assert deviation**2 == pytest.approx(variance, abs=1e-9)


def test_power_follows_the_data() -> None:
    """Steps along single axes are rougher than a bell."""
    x = default_rng(4).integers(0, 8, (100, 3)) / 7
    steps, bell = (
        (x > 0.4).sum(axis=1) + 3.0 * (x[:, 0] > 0.8),
        np.exp(-((x - 0.4) ** 2).sum(axis=1)),
    )
    powers = [
        fit_kernel(x, standard_scores(values), np.arange(3), 3).power for values in (steps, bell)
    ]
    assert powers[0] + 0.3 < powers[1]


def test_fit_finds_which_axis_matters() -> None:
    """The axis that the values depend on has by far the shortest length."""
    x = default_rng(2).random((60, 3))
    kernel = fit_kernel(x, standard_scores(np.sin(9 * x[:, 1])), np.arange(3), 3)
    assert kernel.lengths[1] * 4 < min(kernel.lengths[0], kernel.lengths[2])


@given(st.lists(st.integers(-5, 5), min_size=1))
def test_normal_scores_are_bloms(values: list[int]) -> None:
    """Equal values share their mean rank."""
    expected = stats.norm.ppf((stats.rankdata(values) - 0.375) / (len(values) + 0.25))
    assert normal_scores(np.array(values, float)) == pytest.approx(expected)


def test_scores_of_infeasible_trials() -> None:
    """They are below all feasible ones; violations are ranked, and a failure is the worst."""
    objective, badness = np.array([1.0, 9.0, 3.0, 0.0, 8.0]), np.array([0.0, 2.0, 0.0, np.inf, 1.0])
    scores = trial_scores(objective, badness, np.array([True, False, True, False, False]))
    assert np.argsort(scores).tolist() == [3, 1, 4, 0, 2]
    assert sorted(scores) == pytest.approx(normal_scores(np.arange(5.0)))
    scores = trial_scores(objective, np.array([3.0, 2.0, np.inf, 2.0, 0.5]), np.zeros(5, bool))
    assert scores[4] > scores[1] == scores[3] > scores[0] > scores[2]


def test_disasters_do_not_hide_differences() -> None:
    """With one value of minus a billion, good values still differ from each other."""
    scores = standard_scores(np.array([-1e9, 0.0, 1.0, 2.0, 3.0]))
    assert scores[4] - scores[3] > 0.1
    assert standard_scores(np.full(4, 1e308)).tolist() == [0.0] * 4
    scores = standard_scores(np.array([-1e9, -3.0, -1.0, 0.0, 0.0, 0.0, 0.0]))
    assert scores[2] - scores[1] > 0.1
