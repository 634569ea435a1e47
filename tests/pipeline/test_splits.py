"""Windows over days: lengths, calendar edges, and what no window may do."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.pipeline.lengths import Length, nearest
from leanopt_core.pipeline.splits import Fold, Span, WalkForward

DAY = timedelta(1)
#: Lengths up to a few years; short ones so that many windows fit.
LENGTHS = st.builds(
    Length.parse,
    st.one_of(
        st.integers(1, 400).map(lambda days: f"{days}d"),
        st.integers(1, 60).map(lambda weeks: f"{weeks}w"),
        st.integers(1, 30).map(lambda months: f"{months}m"),
        st.integers(1, 3).map(lambda years: f"{years}y"),
    ),
)
#: The days of a scenario; many begin or end at the edges of months.
DAYS = st.one_of(
    st.dates(date(1896, 1, 1), date(2104, 12, 31)),
    st.builds(
        lambda year, month: date(year, month, 1) - DAY, st.integers(1896, 2104), st.integers(1, 12)
    ),
    st.sampled_from([date(2000, 2, 29), date(1900, 2, 28), date(2004, 2, 29)]),
)
SPANS = st.builds(lambda start, days: Span(start, start + days * DAY), DAYS, st.integers(0, 3000))
WINDOWS = st.builds(
    WalkForward,
    st.lists(LENGTHS, min_size=1, max_size=2, unique=True).map(tuple),
    st.lists(LENGTHS, min_size=1, max_size=2, unique=True).map(tuple),
    st.none() | LENGTHS,
    st.booleans(),
    st.none() | LENGTHS,
)


def days_in(spans: tuple[Span, ...]) -> set[date]:
    """Return each day of some spans."""
    return {one.start + at * DAY for one in spans for at in range((one.end - one.start).days + 1)}


def span(start: str, end: str) -> Span:
    """Return the days between two ISO dates."""
    return Span(date.fromisoformat(start), date.fromisoformat(end))


@given(WINDOWS, SPANS)
def test_no_test_day_is_in_its_own_train_span(windows: WalkForward, days: Span) -> None:
    """Nor nearer to it than the embargo; no window leaves the days; each fold is one search."""
    folds = windows.folds(days)
    assert len({fold.train for fold in folds}) == len(folds)
    for fold in folds:
        [trained] = fold.train
        assert days.start <= trained.start <= trained.end
        assert len(fold.tests) == len(fold.paths)
        for tested in fold.tests:
            assert trained.end < tested.start <= tested.end <= days.end
            assert not days_in(fold.train) & days_in((tested,))
            least = windows.embargo.days if windows.embargo else 0
            months = windows.embargo.months if windows.embargo else 0
            assert (tested.start - trained.end).days - 1 >= least + 28 * months
            assert (tested.start == trained.end + DAY) is (windows.embargo is None)


@given(WINDOWS, SPANS)
def test_tests_of_windows_follow_each_other_without_a_gap(windows: WalkForward, days: Span) -> None:
    """By default: a day is in one test of a path, or in none that come before the first."""
    windows = WalkForward(windows.train, windows.test, None, windows.anchored, windows.embargo)
    paths: dict[str, list[Span]] = {}
    for fold in windows.folds(days):
        for path, tested in zip(fold.paths, fold.tests, strict=True):
            paths.setdefault(path, []).append(tested)
    for tests in paths.values():
        tests.sort(key=lambda one: one.start)
        for one, two in pairwise(tests):
            assert two.start == one.end + DAY


@given(WINDOWS, SPANS, st.integers(1, 1000))
def test_more_days_only_add_windows(windows: WalkForward, days: Span, more: int) -> None:
    """The first ones stay: their searches are known when later data comes."""
    longer = Span(days.start, days.end + more * DAY)
    one_path = WalkForward(
        windows.train[:1], windows.test[:1], windows.step, windows.anchored, windows.embargo
    )
    few, many = one_path.folds(days), one_path.folds(longer)
    assert many[: len(few)] == few


@given(WINDOWS, SPANS)
def test_anchored_windows_begin_at_the_first_day(windows: WalkForward, days: Span) -> None:
    """The others begin one step after another."""
    for fold in windows.folds(days):
        if windows.anchored:
            assert fold.train[0].start == days.start


def test_a_schedule_in_days() -> None:
    """The worked example: 40 days, train 20, test 6, a gap of 2."""
    first = date(2001, 1, 1)
    windows = WalkForward((Length(days=20),), (Length(days=6),), embargo=Length(days=2))
    folds = windows.folds(Span(first, first + 39 * DAY))
    at = [
        tuple((day - first).days for day in (fold.train[0].start, fold.train[0].end))
        + tuple((day - first).days for day in (fold.tests[0].start, fold.tests[0].end))
        for fold in folds
    ]
    assert at == [(0, 19, 22, 27), (6, 25, 28, 33), (12, 31, 34, 39)]


def test_a_schedule_in_months_ends_with_the_month() -> None:
    """Months count from the first day, so a short month shortens one window and moves no other."""
    windows = WalkForward((Length(months=1),), (Length(months=1),))
    folds = windows.folds(span("2004-01-31", "2004-06-15"))
    assert folds == (
        Fold((span("2004-01-31", "2004-02-28"),), (span("2004-02-29", "2004-03-30"),), ("1m/1m",)),
        Fold((span("2004-02-29", "2004-03-30"),), (span("2004-03-31", "2004-04-29"),), ("1m/1m",)),
        Fold((span("2004-03-31", "2004-04-29"),), (span("2004-04-30", "2004-05-30"),), ("1m/1m",)),
    )


def test_a_leap_day_begins_windows() -> None:
    """A year after it is the last day of February."""
    windows = WalkForward((Length(months=12),), (Length(months=12),), anchored=True)
    folds = windows.folds(span("2004-02-29", "2008-02-28"))
    assert [fold.tests[0] for fold in folds] == [
        span("2005-02-28", "2006-02-27"),
        span("2006-02-28", "2007-02-27"),
        span("2007-02-28", "2008-02-28"),
    ]
    assert [fold.train[0].end for fold in folds] == [
        *(date(2005, 2, 27), date(2006, 2, 27), date(2007, 2, 27))
    ]


def test_the_last_day_must_be_there() -> None:
    """A last window that is a day too short is dropped."""
    windows = WalkForward((Length(months=36),), (Length(months=12),))
    assert len(windows.folds(span("2004-01-01", "2008-12-31"))) == 2
    assert len(windows.folds(span("2004-01-01", "2008-12-30"))) == 1
    assert windows.folds(span("2004-01-01", "2007-12-30")) == ()
    assert windows.folds(Span(date(9999, 1, 1), date.max)) == ()


def test_several_lengths_share_searches() -> None:
    """One with equal train days has the tests of each length; paths tell them apart."""
    windows = WalkForward((Length(months=12),), (Length(months=12), Length(months=24)))
    folds = windows.folds(span("2001-01-01", "2005-12-31"))
    assert [(str(fold), [str(one.start.year) for one in fold.tests]) for fold in folds] == [
        ("2001-01-01 to 2001-12-31", ["2002", "2002"]),
        ("2002-01-01 to 2002-12-31", ["2003"]),
        ("2003-01-01 to 2003-12-31", ["2004", "2004"]),
        ("2004-01-01 to 2004-12-31", ["2005"]),
    ]
    assert [fold.paths for fold in folds] == [
        *(("1y/1y", "1y/2y"), ("1y/1y",), ("1y/1y", "1y/2y"), ("1y/1y",))
    ]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *(("3 years", "3y"), ("3Y", "3y"), (" 6 months", "6m"), ("6mo", "6m"), ("1.5y", "18m")),
        *(("1y6m", "18m"), ("90", "90d"), ("10 days ", "10d"), ("2W", "14d"), ("1w2d", "9d")),
        *(("1y5d", ""), ("0.5d", ""), ("soon", ""), ("", ""), ("-3y", ""), ("0 years", "")),
    ],
)
def test_the_nearest_form_of_what_is_no_length(text: str, meant: str) -> None:
    """It is a length itself."""
    with pytest.raises(ValueError, match="expected a whole number"):
        Length.parse(text)
    assert nearest(text) == meant
    assert not meant or str(Length.parse(meant)) == meant


@given(LENGTHS, LENGTHS, DAYS)
def test_longer_is_later(one: Length, two: Length, day: date) -> None:
    """Lengths add up; their texts say how long they are."""
    first, both = one.after(day), (one + two).after(day)
    assert first is not None
    assert both is not None
    assert day < first < both
    assert Length.parse(str(one)) == one


@pytest.mark.parametrize("day", [date(2016, 2, 29), date(2015, 3, 31), date(2014, 12, 31)])
def test_last_days(day: date) -> None:
    """As many as the length says, months by the day after the last one."""
    days, after = Span(date(2004, 1, 1), day), day + timedelta(1)
    for text in ("1d", "2w", "1m", "18m", "3y"):
        length = Length.parse(text)
        found = days.last(length)
        assert found.end == day
        assert length.after(found.start) == after
    assert days.last(Length.parse("60y")) == days
