"""CPCV splits: the worked example, a naive implementation, and what holds for all of them."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_evidence import combinatorial_splits


def test_worked_example() -> None:
    """12 rows in 4 groups, 2 tested, labels to the next row, an embargo of one row."""
    splits = combinatorial_splits(12, 4, 2, purge=1, embargo=1)
    rows = {tuple(test.tolist()): train.tolist() for train, test in splits}
    assert rows[3, 4, 5, 6, 7, 8] == [0, 1, 11]
    assert rows[0, 1, 2, 6, 7, 8] == [11]
    assert splits.edges.tolist() == [0, 3, 6, 9, 12]
    assert splits.tested.tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]


def test_the_paths_of_the_book() -> None:
    """Figure 12.1 of [10]: 6 groups, 2 tested, 15 splits, 5 paths."""
    splits = combinatorial_splits(12, 6, 2)
    assert splits.paths.shape == (5, 6)
    named = splits.tested[splits.paths]
    # The first path: S1 tests the first two groups, then S2 to S5 one more each.
    assert named[0].tolist() == [[0, 1], [0, 1], [0, 2], [0, 3], [0, 4], [0, 5]]
    assert named[4].tolist() == [[0, 5], [1, 5], [2, 5], [3, 5], [4, 5], [4, 5]]


def naive(
    groups: list[list[int]], tested: int, ends: list[int], days: list[float], embargo: float
) -> list[tuple[list[int], list[int]]]:
    """Return training and test rows from the definition, row by row."""
    rows = range(len(ends))
    found = []
    for chosen in combinations(range(len(groups)), tested):
        test = sorted(row for group in chosen for row in groups[group])
        train = []
        for row in rows:
            if row in test:
                continue
            good = True
            for one in test:
                # The run of test rows that this one is in.
                low, high = one, one
                while low - 1 in test:
                    low -= 1
                while high + 1 in test:
                    high += 1
                end = max(min(ends[other], len(ends) - 1) for other in range(low, high + 1))
                overlaps = not (ends[row] < low or row > end)
                soon = row > end and days[row] <= days[end] + embargo
                good = good and not overlaps and not soon
            if good:
                train.append(row)
        found.append((train, test))
    return found


@st.composite
def cases(draw: st.DrawFn) -> dict[str, object]:
    """Rows, groups, labels, days and an embargo."""
    rows = draw(st.integers(3, 18))
    groups = draw(st.integers(2, min(rows, 6)))
    steps = draw(st.lists(st.integers(1, 4), min_size=rows, max_size=rows))
    lengths = draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows))
    return {
        "rows": rows,
        "groups": groups,
        "test_groups": draw(st.integers(1, groups - 1)),
        "embargo": draw(st.integers(0, 4)),
        "ends": [row + one for row, one in enumerate(lengths)],
        "days": np.cumsum(steps).tolist(),
    }


@given(cases())
def test_equals_the_definition(case: dict) -> None:
    """Labels that reach beyond others, weekends, embargoes; an empty training set is an error."""
    sizes = [len(part) for part in np.array_split(np.arange(case["rows"]), case["groups"])]
    starts = np.cumsum([0, *sizes]).tolist()
    groups = [list(range(start, start + size)) for start, size in zip(starts, sizes, strict=False)]
    expected = naive(groups, case["test_groups"], case["ends"], case["days"], case["embargo"])
    if not all(train for train, _ in expected):
        with pytest.raises(ValueError, match="has no training row"):
            combinatorial_splits(**case)
        return
    splits = combinatorial_splits(**case)
    found = [(train.tolist(), test.tolist()) for train, test in splits]
    assert found == expected


@given(st.integers(2, 9), st.data())
def test_each_path_tests_each_row_once(groups: int, data: st.DataObject) -> None:
    """C(N-1, k-1) paths; each test of a split is on one path."""
    tested = data.draw(st.integers(1, groups - 1))
    splits = combinatorial_splits(2 * groups + 1, groups, tested)
    assert splits.paths.shape == (comb(groups - 1, tested - 1), groups)
    used = {(split, group) for path in splits.paths.tolist() for group, split in enumerate(path)}
    given_by_splits = {
        (split, group) for split, chosen in enumerate(splits.tested.tolist()) for group in chosen
    }
    assert used == given_by_splits
    assert len(used) == splits.paths.size


@given(st.integers(0, 4), st.integers(0, 5))
def test_more_purge_and_embargo_only_take_rows(purge: int, embargo: int) -> None:
    """Never of the tests."""
    less = combinatorial_splits(80, 4, 2, purge=purge, embargo=embargo)
    more = combinatorial_splits(80, 4, 2, purge=purge + 1, embargo=embargo + 1)
    assert (more.train <= less.train).all()
    assert (more.test == less.test).all()
    assert not (less.train & less.test).any()


def test_a_label_beyond_the_last_row_ends_with_it() -> None:
    """There is nothing to purge after it; the label of row 3 still reaches the test."""
    splits = combinatorial_splits(8, 4, 1, purge=3)
    assert splits.train[-1].nonzero()[0].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"groups": 1}, "groups is 1"),
        ({"groups": 21}, "groups is 21"),
        ({"test_groups": 4}, "test_groups is 4"),
        ({"purge": -1}, "purge is -1"),
        ({"embargo": float("nan")}, "embargo is nan"),
        ({"groups": 20, "test_groups": 10}, "184,756 splits"),
        ({"ends": [0] * 20}, "ends"),
        ({"days": [0] * 20}, "days"),
        ({"embargo": 20}, "no training row"),
    ],
)
def test_wrong_arguments_are_errors(given: dict, message: str) -> None:
    """Each names the value."""
    with pytest.raises(ValueError, match=message):
        combinatorial_splits(20, **{"groups": 4, "test_groups": 2, **given})
