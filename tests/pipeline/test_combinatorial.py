"""Groups of days: equal to the splits of rows that leanopt-evidence makes."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from math import comb

from hypothesis import given
from hypothesis import strategies as st
from leanopt_evidence import PurgedSplits, combinatorial_splits

from leanopt_core.pipeline.combinatorial import Combinatorial
from leanopt_core.pipeline.splits import Fold, Span

FIRST = date(2019, 12, 30)


def of_rows(count: int, split: Combinatorial) -> PurgedSplits | None:
    """Return the splits of so many rows, None if one has no training row."""
    given = (count, split.groups, split.tested)
    try:
        return combinatorial_splits(*given, purge=split.purge, embargo=split.embargo)
    except ValueError:
        return None


def rows(span: Span) -> list[int]:
    """Return the days of a span, counted from the first."""
    return list(range((span.start - FIRST).days, (span.end - FIRST).days + 1))


@given(st.integers(2, 7), st.data())
def test_equal_to_the_splits_of_rows(groups: int, data: st.DataObject) -> None:
    """Train and test days and paths; each group that trains is a span of its own."""
    days = data.draw(st.integers(groups, 60))
    numbers = [data.draw(st.integers(*bounds)) for bounds in ((1, groups - 1), (0, 3), (0, 4))]
    split = Combinatorial(groups, *numbers)
    folds = split.folds(Span(FIRST, FIRST + timedelta(days - 1)))
    expected = of_rows(days, split)
    if not folds:
        # A group without days to train on: as a whole, or in one of the splits.
        assert expected is None or any(
            not train[first:end].any()
            for train, tested in zip(expected.train, expected.tested, strict=True)
            for at, (first, end) in enumerate(zip(expected.edges, expected.edges[1:], strict=False))
            if at not in tested
        )
        return
    assert expected is not None
    assert len(folds) == comb(split.groups, split.tested)
    for at, (fold, (train, test)) in enumerate(zip(folds, expected, strict=True)):
        assert [row for span in fold.train for row in rows(span)] == train.tolist()
        assert [row for span in fold.tests for row in rows(span)] == test.tolist()
        assert len(fold.train) == split.groups - split.tested
        assert [
            expected.paths[int(path.removeprefix("path ")) - 1, group]
            for path, group in zip(fold.paths, expected.tested[at], strict=True)
        ] == [at] * split.tested


def test_six_groups_two_tested() -> None:
    """15 folds of 4 train spans and 2 tests, 5 paths of all days in order."""
    folds = Combinatorial(6, 2).folds(Span(date(2004, 1, 1), date(2009, 12, 31)))
    assert [(len(fold.train), len(fold.tests)) for fold in folds] == [(4, 2)] * 15
    assert str(folds[1]) == "without groups 1, 3"
    joined: dict[str, list[Span]] = {}
    for fold in folds:
        for path, test in zip(fold.paths, fold.tests, strict=True):
            joined.setdefault(path, []).append(test)
    assert list(joined) == [f"path {number}" for number in range(1, 6)]
    for spans in joined.values():
        assert spans[0].start == date(2004, 1, 1)
        assert spans[-1].end == date(2009, 12, 31)
        assert all(one.end + timedelta(1) == two.start for one, two in pairwise(spans))


def test_purge_and_embargo_over_a_leap_day() -> None:
    """Two days of purge on both sides, three of embargo only after the test."""
    folds = Combinatorial(3, 1, purge=2, embargo=3).folds(Span(date(2020, 2, 1), date(2020, 3, 31)))
    middle: Fold = folds[1]
    assert middle.tests == (Span(date(2020, 2, 21), date(2020, 3, 11)),)
    assert middle.train == (
        Span(date(2020, 2, 1), date(2020, 2, 18)),
        Span(date(2020, 3, 17), date(2020, 3, 31)),
    )


def test_too_few_days_have_no_folds() -> None:
    """Fewer days than groups, and a purge longer than a group."""
    assert Combinatorial(6, 2).folds(Span(FIRST, FIRST + timedelta(4))) == ()
    assert Combinatorial(6, 2, purge=10**7).folds(Span(FIRST, date(9999, 12, 31))) == ()
