"""The closed trades in LEAN's result document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from leanopt_core.api import ClosedTrade, parse_number
from leanopt_lean.sections import part, rows

_DIRECTIONS = {"0": 1, "1": -1}


def read_trades(document: Mapping[str, Any]) -> list[ClosedTrade]:
    """Return the closed trades, in order of exit.

    Documents of older versions do not name a trade's orders: its tag is then unknown.
    """
    closed = rows(part(document, "totalPerformance"), "closedTrades")
    orders = part(document, "orders")
    trades = [_trade(trade, orders) for trade in closed if isinstance(trade, Mapping)]
    return sorted(trades, key=lambda trade: trade.exit_time or 0)


def _trade(trade: Mapping[str, Any], orders: object) -> ClosedTrade:
    # `entryTime`, formerly `EntryTime`; `mae`, formerly `MAE`.
    members = {name.casefold(): value for name, value in trade.items()}
    quantity = _plain(members.get("quantity"))
    return ClosedTrade(
        entry_time=_seconds(members.get("entrytime")),
        entry_price=_plain(members.get("entryprice")),
        quantity=None if quantity is None else abs(quantity),
        direction=_DIRECTIONS.get(str(members.get("direction"))),
        exit_time=_seconds(members.get("exittime")),
        exit_price=_plain(members.get("exitprice")),
        profit=_plain(members.get("profitloss")),
        fees=_plain(members.get("totalfees")),
        mae=_plain(members.get("mae")),
        mfe=_plain(members.get("mfe")),
        tag=_tag(members.get("orderids"), orders),
    )


def _tag(ids: object, orders: object) -> str | None:
    """Return the tag of the last of a trade's orders, which closed it."""
    if not isinstance(ids, list) or not ids:
        return None
    tag = part(part(orders, str(ids[-1])), "tag")
    return tag if isinstance(tag, str) else None


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
