"""The public forest: its predictions, row by row and tree by tree."""

from __future__ import annotations

import numpy as np
import pytest
from leanopt_surrogate.forest import coordinates, fit_forest, normal_scores
from numpy.random import default_rng
from scipy import stats

from leanopt_core.space import Axis, Space

X = default_rng(5).integers(0, 6, (60, 4)) / 5
Y = np.sin(5 * X[:, 0]) + X[:, 1] * X[:, 2]


def test_predictions_are_means_of_the_leaves() -> None:
    """Of all trees, and of those that were not grown from the row."""
    fitted = fit_forest(X, Y, seed=3, trees=9)
    grown = fitted.forest
    means = np.empty((9, len(X)))
    for tree in range(9):
        for row, x in enumerate(X):
            node = tree
            while grown.child[node] != node:
                node = int(grown.child[node]) + bool(x[grown.column[node]] > grown.cut[node])
            means[tree, row] = Y[grown.rows[grown.leaves == node]].mean()
    assert fitted.predict(X) == pytest.approx(means.mean(axis=0))
    # An entry's tree is that of its leaf.
    tree_of = {leaf: tree for tree in range(9) for leaf in grown.find(X)[tree]}
    seen = {(tree_of[leaf], row) for row, leaf in zip(grown.rows, grown.leaves, strict=True)}
    for row, found in enumerate(fitted.predict_unseen(X)):
        others = [tree for tree in range(9) if (tree, row) not in seen] or range(9)
        assert found == pytest.approx(np.mean([means[tree, row] for tree in others]))


def test_rows_that_every_tree_has_seen_get_the_mean_of_all() -> None:
    """One tree of two rows, both of which it has drawn."""
    x, y = np.array([[0.0], [1.0]]), np.array([1.0, 3.0])
    fitted = next(
        one for seed in range(9) if not (one := fit_forest(x, y, seed=seed, trees=1)).unseen.any()
    )
    assert fitted.predict_unseen(x).tolist() == fitted.predict(x).tolist()


def test_it_learns_and_the_same_arguments_give_the_same_forest() -> None:
    """Unseen rows are predicted better than by the mean; another seed is another forest."""
    x = default_rng(1).random((400, 3))
    y = 3 * x[:, 0] - x[:, 1] ** 2
    first, again, other = (fit_forest(x, y, seed=seed).predict_unseen(x) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()
    assert ((first - y) ** 2).mean() < 0.1 * y.var()


def test_coordinates_go_by_level() -> None:
    """Also on a log scale; more than two choices have a column each."""
    space = Space([Axis.logarithmic("x", 1, 1000, 4), Axis.choices("c", ["a", "b", "c"])], {}, [])
    found = coordinates(space, np.array([[0, 0], [1, 2], [3, 1]]))
    assert found[:, 0].tolist() == [0, 1 / 3, 1]
    assert (found[:, 1:] > 0).tolist() == [
        [True, False, False],
        [False, False, True],
        [False, True, False],
    ]


def test_normal_scores_go_by_rank() -> None:
    """Blom's, as SciPy ranks."""
    values = np.array([3.0, -1e100, 3.0, 7.0])
    expected = stats.norm.ppf((stats.rankdata(values) - 0.375) / 4.25)
    assert normal_scores(values) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("x", "y"),
    [(np.empty((0, 2)), np.empty(0)), (np.empty((3, 0)), np.zeros(3)), (X, Y[1:])],
)
def test_wrong_arguments_are_errors(x: np.ndarray, y: np.ndarray) -> None:
    """No rows, no columns, not a value for each row."""
    with pytest.raises(ValueError, match="rows x columns"):
        fit_forest(x, y, seed=1)
