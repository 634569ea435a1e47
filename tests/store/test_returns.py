"""Daily returns of an equity curve: which, and that they come back to the bit."""

from __future__ import annotations

import math
import struct
from array import array
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.outputs import Equity
from leanopt_core.statistics import Statistics
from leanopt_core.work import Outcome

DAY = 86_400
CURVES = st.lists(
    st.tuples(
        st.integers(-3 * 10**9, 6 * 10**9), st.floats(width=64) | st.floats(0.5, 2.0, width=64)
    ),
    unique_by=lambda point: point[0],
    max_size=40,
).map(sorted)


def kept(store, recorder, times, values, **more):
    """Record one backtest with this curve and return the returns that are kept of it."""
    equity = Equity(array("q", times), array("d", values))
    recorder.propose(1)
    found = recorder.backtest("ab" * 32, Outcome(Statistics({}), equity=equity), **more)
    recorder.writer.commit()
    return store.reader.returns(found)


def expected(curve) -> list[tuple[date, float]]:
    """Day and return by plain dates, rounded to float32 through struct."""

    def day(point) -> date:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=point[0])).date()

    closes = [(on, list(points)[-1][1]) for on, points in groupby(curve, key=day)]
    found = []
    for (_, before), (on, value) in pairwise(closes):
        if not (math.isfinite(before) and before > 0 and math.isfinite(value) and value > 0):
            break
        try:
            (rounded,) = struct.unpack("<f", struct.pack("<f", value / before - 1))
        except (OverflowError, ZeroDivisionError):
            break
        if math.isinf(rounded):
            break
        found.append((on, rounded))
    return found


@given(CURVES)
def test_returns_come_back_to_the_bit(lasting_store, begin, curve):
    """Returns come back to the bit."""
    recorder = begin(lasting_store)
    returns = (
        kept(lasting_store, recorder, *zip(*curve, strict=True))
        if curve
        else kept(lasting_store, recorder, [], [])
    )
    want = expected(curve)
    assert [date.fromordinal(day) for day in returns.days] == [day for day, _ in want]
    assert list(returns.values) == [value for _, value in want]
    days = {moment // DAY for moment, _ in curve}
    bad = any(not 0 < value < math.inf for _, value in curve)
    assert bad or returns.ended is None or "return was" in returns.ended
    assert (len(want) == max(0, len(days) - 1)) or returns.ended is not None


def test_a_day_counts_by_its_last_value_and_days_without_any_are_left_out(store, begin):
    """A day counts by its last value and days without any are left out."""
    friday = date(2024, 1, 5)
    start = (friday - date(1970, 1, 1)).days * DAY
    times = [start, start + DAY - 1, start + 3 * DAY, start + 3 * DAY + 5, start + 4 * DAY]
    returns = kept(store, begin(store), times, [90, 100, 150, 110, 121])
    assert [date.fromordinal(day) for day in returns.days] == [date(2024, 1, 8), date(2024, 1, 9)]
    assert list(returns.values) == pytest.approx([0.1, 0.1], rel=1e-7)
    assert returns.ended is None


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (0.0, "the equity was 0.0 on 1970-01-03"),
        (-5.0, "the equity was -5.0 on 1970-01-03"),
        (math.inf, "the equity was inf on 1970-01-03"),
        (math.nan, "the equity was nan on 1970-01-03"),
        (1e300, "the return was 5e+299 on 1970-01-03"),
    ],
)
def test_returns_end_where_there_is_none_to_speak_of(store, begin, value, why):
    """Returns end at the first day that allows none."""
    returns = kept(store, begin(store), [0, DAY, 2 * DAY, 3 * DAY], [1.0, 2.0, value, 4.0])
    assert (list(returns.days), list(returns.values)) == ([date(1970, 1, 2).toordinal()], [1.0])
    assert returns.ended == why


def test_times_in_other_units_give_no_returns_and_say_so(store, begin):
    """Times in other units give no returns and say so."""
    returns = kept(store, begin(store), [10**18, 2 * 10**18], [1.0, 2.0])
    assert (len(returns.days), len(returns.values)) == (0, 0)
    assert returns.ended == "the times are not seconds since 1970"


def test_times_that_no_64_bits_hold_give_no_returns_either(store, begin):
    """Nor do they end the run."""
    recorder = begin(store)
    recorder.propose(1)
    equity = Equity([10**30, 10**30 + 1], [1.0, 2.0])
    found = recorder.backtest("ab" * 32, Outcome(Statistics({}), equity=equity))
    recorder.writer.commit()
    assert store.reader.returns(found).ended == "the times are not seconds since 1970"


def test_backtests_over_the_same_days_share_a_calendar(store, begin, look):
    """Backtests over the same days share a calendar."""
    recorder = begin(store)
    days = [day * DAY for day in range(1000) if day % 7 < 5]
    for ruined in (False, True, False):
        values = [0.0 if ruined and at > 100 else 1.0 + at for at in range(len(days))]
        equity = Equity(array("q", days), array("d", values))
        recorder.backtest("ab" * 32, Outcome(Statistics({}), equity=equity))
        recorder.writer.commit()
    assert look("SELECT count, first_day, last_day FROM calendars") == [
        (len(days) - 1, "1970-01-02", date.fromordinal(719163 + days[-1] // DAY).isoformat())
    ]
    assert look("SELECT ended FROM returns ORDER BY backtest_id") == [
        (None,),
        ("the equity was 0.0 on 1970-05-22",),
        (None,),
    ]
    (size,) = look("SELECT length(days) FROM calendars")[0]
    assert size < 100


def test_without_curves_none_are_kept(store, begin, look):
    """Without curves none are kept."""
    assert kept(store, begin(store, outputs=()), [0, DAY], [1.0, 2.0]) is None
    assert look("SELECT count(*) FROM calendars") == [(0,)]


def test_a_backtest_without_a_curve_has_no_returns(store, begin):
    """A backtest without a curve has no returns."""
    recorder = begin(store)
    found = recorder.backtest("ab" * 32)
    recorder.writer.commit()
    assert store.reader.returns(found) is None
    assert store.reader.returns(found + 1) is None
