"""The closed trades in LEAN's result document, as rows of the harness protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from leanopt_core.statistics import parse_number
from leanopt_lean.sections import part, rows

_EXIT_TIME = 4
_DIRECTIONS = {"0": 1, "1": -1}


def read_trades(document: Mapping[str, Any]) -> list[list[float | None]]:
    """Return a row for each closed trade, in order of exit.

    As in the harness protocol: entry time and price, quantity, direction (1 long, -1 short), exit
    time and price, profit before fees, fees, and largest adverse and favourable excursion; times in
    seconds since 1970-01-01 UTC, money in the account's currency. Unknown values are None.
    """
    closed = rows(part(document, "totalPerformance"), "closedTrades")
    trades = [_row(trade) for trade in closed if isinstance(trade, Mapping)]
    return sorted(trades, key=lambda trade: trade[_EXIT_TIME] or 0)


def _row(trade: Mapping[str, Any]) -> list[float | None]:
    # `entryTime`, formerly `EntryTime`; `mae`, formerly `MAE`.
    members = {name.casefold(): value for name, value in trade.items()}
    quantity = _plain(members.get("quantity"))
    return [
        _seconds(members.get("entrytime")),
        _plain(members.get("entryprice")),
        None if quantity is None else abs(quantity),
        _DIRECTIONS.get(str(members.get("direction"))),
        _seconds(members.get("exittime")),
        *(_plain(members.get(name)) for name in ("exitprice", "profitloss", "totalfees")),
        *(_plain(members.get(name)) for name in ("mae", "mfe")),
    ]


def _plain(value: object) -> float | None:
    if isinstance(value, str):
        return parse_number(value)
    return float(value) if isinstance(value, float | int) and math.isfinite(value) else None


def _seconds(text: object) -> int | None:
    """Return an ISO 8601 time as seconds since 1970-01-01 UTC; one without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(zoned.timestamp())
