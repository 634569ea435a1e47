"""Combinatorial purged cross-validation: which rows train, which test, and the paths of the tests.

[10] Lopez de Prado 2018, Advances in Financial Machine Learning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt
from attrs import frozen

from leanopt_evidence._inputs import FEWEST, Floats, Ints, finite, series

Bools = npt.NDArray[np.bool_]
#: From more splits the masks take gigabytes, and there is no further insight.
_MOST_SPLITS = 20_000


@frozen(eq=False)
class PurgedSplits:
    """The splits of n rows in N groups, k of which test, and the paths through their tests.

    `edges` are the first rows of the groups, and n. By split, in lexicographic order of the test
    groups: `tested` are its k groups, `train` and `test` say which of the n rows it trains and
    tests on. By path, `paths` has the split (from 0) that tests each of the N groups.
    """

    edges: Ints
    tested: Ints
    train: Bools
    test: Bools
    paths: Ints

    def __iter__(self) -> Iterator[tuple[Ints, Ints]]:
        """Yield the rows that train and those that test, split by split."""
        for train, test in zip(self.train, self.test, strict=True):
            yield np.flatnonzero(train), np.flatnonzero(test)


def combinatorial_splits(
    rows: int,
    groups: int = 10,
    test_groups: int = 2,
    *,
    purge: int = 0,
    embargo: float = 0,
    ends: npt.ArrayLike | None = None,
    days: npt.ArrayLike | None = None,
) -> PurgedSplits:
    """Return the splits of combinatorial purged cross-validation [10, 7.4, 12.4].

    The `rows` are cut into contiguous `groups`, the first of which are one row longer if they do
    not divide. Each choice of `test_groups` is a split. Path j takes each group from the j-th split
    that tests it. The label of a row ends `purge` rows after it, or at the row that `ends` names.
    A training row whose label overlaps those of a run of test rows is purged. The `embargo` leaves
    out that many rows more, after the last label of the run. With `days`, increasing numbers, one a
    row, it is in days. Raises ValueError for wrong values, for more than 20,000 splits, and if a
    split has no training row.
    """
    _check(rows, groups, test_groups, purge, finite("embargo", embargo))
    last = _ends(rows, purge, ends)
    position = _days(rows, days)
    sizes = np.full(groups, rows // groups)
    sizes[: rows % groups] += 1
    edges = np.concatenate([[0], np.cumsum(sizes)])
    tested = np.array(list(combinations(range(groups), test_groups)))
    test, train = _masks(edges, tested, last, position, embargo)
    for number in np.flatnonzero(~train.any(axis=1)):
        names = ", ".join(map(str, tested[number]))
        raise ValueError(
            f"split {number}, which tests the groups {names}, has no training row: "
            "expected a smaller purge or embargo, or fewer groups"
        )
    return PurgedSplits(edges, tested, train, test, _paths(tested, groups))


def _check(rows: int, groups: int, test_groups: int, purge: int, embargo: float) -> None:
    if not FEWEST <= groups <= rows:
        raise ValueError(f"groups is {groups}: expected {FEWEST} to {rows}, the number of rows")
    if not 1 <= test_groups < groups:
        raise ValueError(f"test_groups is {test_groups}: expected 1 to {groups - 1}")
    if purge < 0 or embargo < 0:
        raise ValueError(f"purge is {purge} and embargo is {embargo}: expected none below 0")
    splits = comb(groups, test_groups)
    if splits > _MOST_SPLITS:
        raise ValueError(f"{splits:,} splits: expected at most {_MOST_SPLITS:,}, with fewer groups")


def _ends(rows: int, purge: int, ends: npt.ArrayLike | None) -> Ints:
    """Return the last row of each row's label."""
    own = np.arange(rows)
    if ends is None:
        return np.minimum(own + purge, rows - 1)
    found = np.asarray(ends)
    if found.shape != (rows,) or found.dtype.kind not in "iu" or (found < own).any():
        raise ValueError(f"ends: expected {rows} numbers of rows, none before its own row")
    return np.minimum(found.astype(np.int64), rows - 1)


def _days(rows: int, days: npt.ArrayLike | None) -> Floats:
    if days is None:
        return np.arange(rows, dtype=np.float64)
    found = series(days)
    if found.shape != (rows,) or (np.diff(found) <= 0).any():
        raise ValueError(f"days: expected {rows} increasing numbers")
    return found


def _masks(
    edges: Ints, tested: Ints, last: Ints, position: Floats, embargo: float
) -> tuple[Bools, Bools]:
    """Return which rows test and which train, by split."""
    rows = len(last)
    test, kept = np.zeros((len(tested), rows), bool), np.ones((len(tested), rows), bool)
    for number, chosen in enumerate(tested):
        for first, end in _runs(edges, chosen):
            test[number, first:end] = True
            kept[number] &= _unrelated(first, end, last, position, embargo)
    return test, kept & ~test


def _runs(edges: Ints, chosen: Sequence[int] | Ints) -> Iterator[tuple[int, int]]:
    """Yield first row and end of each run of neighbouring groups."""
    starts = [group for group in chosen if group - 1 not in chosen]
    stops = [group for group in chosen if group + 1 not in chosen]
    for start, stop in zip(starts, stops, strict=True):
        yield int(edges[start]), int(edges[stop + 1])


def _unrelated(first: int, end: int, last: Ints, position: Floats, embargo: float) -> Bools:
    """Return the rows that neither overlap the labels of a run of test rows, nor soon follow."""
    latest = last[first:end].max()
    after = position > position[latest] + embargo
    before = (np.arange(len(last)) < first) & (last < first)
    found: Bools = before | after
    return found


def _paths(tested: Ints, groups: int) -> Ints:
    """Return the split that tests each group, by path."""
    of_group = [np.flatnonzero((tested == group).any(axis=1)) for group in range(groups)]
    return np.stack(of_group, axis=1)
