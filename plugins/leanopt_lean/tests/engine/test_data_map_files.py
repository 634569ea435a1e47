"""Tickers over time, beside LEAN's own rule for one day at a time."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from leanopt_lean.map_files import OPEN_END, MapFile, MapFiles

BEGIN = date(2020, 1, 1)
DAYS = [BEGIN + timedelta(days=after) for after in range(40)]
ROWS = st.dictionaries(
    st.sampled_from([*DAYS, OPEN_END]), st.sampled_from("abc"), min_size=1, max_size=6
)


def mapped(rows: dict[date, str], day: date) -> str | None:
    """Return the ticker on a day: of the first row that is not before it (MapFile.cs)."""
    if not min(rows) <= day <= max(rows):
        return None
    return next(rows[last] for last in sorted(rows) if last >= day)


@given(rows=ROWS, start=st.sampled_from(DAYS), end=st.sampled_from(DAYS))
def test_every_day_has_the_ticker_that_lean_gives_it(
    rows: dict[date, str], start: date, end: date
) -> None:
    """Spans follow each other without gaps, and no two with one ticker."""
    spans = MapFile("x", tuple(sorted(rows.items()))).spans(start, end)
    told = {day: span.ticker for span in spans for day in DAYS if span.first <= day <= span.last}
    expected = {day: mapped(rows, day) for day in DAYS if start <= day <= end}
    assert told == {day: ticker for day, ticker in expected.items() if ticker is not None}
    assert sum((span.last - span.first).days + 1 for span in spans) == len(told)
    for one, following in pairwise(spans):
        assert following.first == one.last + timedelta(days=1)
        assert following.ticker != one.ticker


@given(st.dictionaries(st.sampled_from("abcd"), ROWS, min_size=1), st.sampled_from("abcd"))
def test_a_ticker_is_that_of_the_shares_that_had_it_last(
    companies: dict[str, dict[date, str]], ticker: str
) -> None:
    """As `MapFileResolver` resolves one today; a file's name counts where no row has the ticker."""
    with TemporaryDirectory() as folder:
        for name, rows in companies.items():
            lines = (f"{day:%Y%m%d},{name},Q\n" for day, name in rows.items())
            Path(folder, f"{name}.csv").write_text("".join(lines))
        found = MapFiles(Path(folder)).find(ticker)
    had = [day for rows in companies.values() for day, name in rows.items() if name == ticker]
    if had:
        assert found is not None
        assert (max(had), ticker) in found.rows
    else:
        assert (found.name if found else None) == (ticker if ticker in companies else None)
