"""The daily returns of a search's trials under one scenario, as the store has them: packed."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from leanopt_core.store.columns import TOLD
from leanopt_core.store.database import Database
from leanopt_core.store.returns import days_of, is_ruin

# ruff: noqa: S608 - the queries are made of constants
_PAGE: Final = f"""
SELECT t.number, t.pruned_at, b.id, b.failure, b.message, r.calendar_id, r.daily, r.ended
FROM (
  SELECT * FROM trials WHERE search_id = ? AND number > ? AND {TOLD} ORDER BY number LIMIT ?
) AS t
LEFT JOIN evaluations AS e ON e.search_id = t.search_id AND e.number = t.number AND e.ordinal = ?
LEFT JOIN backtests AS b ON b.id = e.backtest_id
LEFT JOIN returns AS r ON r.backtest_id = b.id
ORDER BY t.number"""
_CALENDAR: Final = "SELECT days FROM calendars WHERE id = ?"
_PAGE_SIZE: Final = 500


@frozen
class TrialReturns:
    """A told trial's daily returns: little-endian 32-bit `values` on the first days of a calendar.

    `ruined` says that the equity then fell to 0 or below. `missing` is the reason for no returns.
    """

    number: int
    calendar: int = 0
    values: bytes = b""
    ruined: bool = False
    missing: str | None = None


def trial_returns(database: Database, search_id: int, ordinal: int) -> Iterator[TrialReturns]:
    """Yield the daily returns of the told trials of a search under a scenario, by number."""
    after = 0
    while page := database.rows(_PAGE, (search_id, after, _PAGE_SIZE, ordinal)):
        for number, pruned_at, backtest_id, failure, message, calendar, daily, ended in page:
            why = missing(backtest_id, failure, message, pruned=pruned_at is not None)
            if why is None and daily is None:
                why = NOT_STORED
            ruined = ended is not None and is_ruin(ended)
            if why is None and ended is not None and not ruined:
                why = ended_early(ended)
            if why is not None:
                yield TrialReturns(number, missing=why)
            else:
                yield TrialReturns(number, calendar, zlib.decompress(daily), ruined)
        after = page[-1][0]


def calendar_days(database: Database, calendar: int) -> array[int]:
    """Return the days of a calendar (`date.toordinal`)."""
    row = database.row(_CALENDAR, (calendar,))
    return days_of(row[0]) if row is not None else array("i")


#: Why a completed backtest has no daily returns.
NOT_STORED: Final = "its daily returns are not stored (search.curves)"


def ended_early(why: str) -> str:
    """Return why a trial has no daily returns until the last day."""
    return f"its returns end early: {why}"


def missing(
    backtest_id: int | None, failure: str | None, message: str | None, *, pruned: bool
) -> str | None:
    """Return why a told trial has no completed backtest under a scenario, None if it has one."""
    if backtest_id is None:
        return "not run: the trial was pruned" if pruned else "no backtest has finished"
    return None if failure is None else f"{failure}: {message or ''}"
