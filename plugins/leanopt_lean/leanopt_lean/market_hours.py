"""The days on which a market trades, from LEAN's market-hours database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from attrs import frozen

#: Its path in a data folder.
DATABASE = Path("market-hours", "market-hours-database.json")
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SUNDAY = 6
_ALL_DAY = ("00:00:00", "1.00:00:00")
# As the keys of the database spell them.
_TYPES = {"cryptofuture": "CryptoFuture", "futureoption": "FutureOption"}


@frozen
class MarketHours:
    """The database's entries, by keys as `Equity-usa-[*]`."""

    entries: Mapping[str, Any]

    def has(self, security_type: str, market: str, symbol: str) -> bool:
        """Return whether LEAN knows the hours of this symbol."""
        return bool(self._found(security_type, market, symbol))

    def trading_days(
        self, security_type: str, market: str, symbol: str, start: date, end: date
    ) -> list[date]:
        """Return the days from `start` to `end` that must have prices.

        A Sunday counts only if the market is open all day; otherwise it is the evening before
        Monday. If the hours are unknown, no day must have prices.
        """
        found = self._found(security_type, market, symbol)
        if not found:
            return []
        days = [start + timedelta(days=after) for after in range((end - start).days + 1)]
        week = [_trades(found[0], number) for number in range(7)]
        closed = {_day(text) for entry in found for text in entry.get("holidays") or ()}
        return [day for day in days if week[day.weekday()] and day not in closed]

    def _found(self, security_type: str, market: str, symbol: str) -> list[Any]:
        """Return the symbol's own entry and its market's; holidays of both count."""
        kind = _TYPES.get(security_type, security_type.capitalize())
        keys = (f"{kind}-{market}-{symbol.upper()}", f"{kind}-{market}-[*]")
        return [self.entries[key] for key in keys if key in self.entries]


def read_market_hours(data: Path) -> MarketHours:
    """Read the database of a data folder.

    Raises OSError if it cannot be read, ValueError if it is malformed.
    """
    content = json.loads((data / DATABASE).read_bytes())
    entries = content.get("entries") if isinstance(content, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise ValueError("it has no entries")
    wrong = [key for key, entry in entries.items() if not isinstance(entry, dict)]
    if wrong:
        raise ValueError(f"its entry {wrong[0]} is not an object")
    return MarketHours(entries)


def _trades(entry: Mapping[str, Any], weekday: int) -> bool:
    sessions = [
        one for one in entry.get(_WEEK[weekday]) or () if one.get("state", "market") == "market"
    ]
    if weekday == _SUNDAY:
        return any((one.get("start"), one.get("end")) == _ALL_DAY for one in sessions)
    return bool(sessions)


def _day(text: str) -> date | None:
    """Return the day in a text as `12/25/2003`, None if it is malformed."""
    try:
        month, day, year = map(int, text.split("/"))
        return date(year, month, day)
    except (ValueError, AttributeError):
        return None
