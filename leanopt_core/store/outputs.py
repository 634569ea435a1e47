"""Equity curves and closed trades as the store keeps them: packed exactly, to the last bit."""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import accumulate
from typing import Any, Final

from attrs import astuple, evolve

from leanopt_core.outputs import ClosedTrade, Equity
from leanopt_core.store.columns import OUTPUT_TABLES
from leanopt_core.store.database import Database
from leanopt_core.store.returns import daily_returns
from leanopt_core.store.returns import pack as pack_returns
from leanopt_core.store.returns import unpack as unpack_returns
from leanopt_core.work import Outcome

_RETURNS: Final = (
    "SELECT days, daily, ended FROM returns JOIN calendars ON calendars.id = calendar_id "
    "WHERE backtest_id = ?"
)
_EQUITY: Final = "SELECT times, points FROM equity_curves WHERE backtest_id = ?"
_TRADES: Final = "SELECT trades FROM closed_trades WHERE backtest_id = ?"
_SIZES: Final = {
    "returns": "length(daily)",
    "equity": "length(times) + length(points)",
    "trades": "length(trades)",
}
_NEWEST: Final = """(
  SELECT backtests.id FROM runs JOIN backtests ON backtests.run_id = runs.id
  WHERE strategy = ? AND statistics IS NOT NULL ORDER BY backtests.id DESC LIMIT 1000
)"""
_COMPRESSION: Final = 1


def pack_equity(equity: Equity) -> tuple[bytes, bytes]:
    """Return the times and the values of a curve, compressed, the same bytes on every machine."""
    # Differences repeat, so they compress well.
    steps = (time - before for time, before in zip(equity.times, (0, *equity.times), strict=False))
    return _pack("q", steps), _pack("d", equity.values)


def unpack_equity(times: bytes, values: bytes) -> Equity:
    """Return the curve that was packed."""
    return Equity(array("q", accumulate(_unpack("q", times))), _unpack("d", values))


def pack_trades(trades: Sequence[ClosedTrade]) -> bytes:
    """Return closed trades as compressed JSON: a list of values for each, in order."""
    rows = [astuple(trade) for trade in trades]
    return zlib.compress(json.dumps(rows, separators=(",", ":"), allow_nan=False).encode())


def unpack_trades(packed: bytes) -> tuple[ClosedTrade, ...]:
    """Return the trades that were packed."""
    return tuple(ClosedTrade(*row) for row in json.loads(zlib.decompress(packed)))


def sizes(outcome: Outcome, names: Iterable[str]) -> dict[str, int]:
    """Return the bytes that the store takes for each of these outputs of a backtest."""
    return {name: sum(map(len, _packed(outcome, name))) for name in names}


def _packed(outcome: Outcome, name: str) -> tuple[bytes, ...]:
    if name == "trades":
        return () if outcome.trades is None else (pack_trades(outcome.trades),)
    if outcome.equity is None:
        return ()
    if name == "equity":
        return pack_equity(outcome.equity)
    _, values, _ = daily_returns(outcome.equity)
    return (pack_returns(values),)


def mean_sizes(database: Database, strategy: str, names: Iterable[str]) -> dict[str, float]:
    """Return the mean bytes of these outputs over a strategy's newest 1,000 stored backtests.

    An output that none of them has is missing.
    """
    found = {}
    for name in names:
        size, table = _SIZES[name], OUTPUT_TABLES[name]
        row = database.row(
            f"SELECT avg({size}) FROM {table} WHERE backtest_id IN {_NEWEST}",  # noqa: S608
            (strategy,),
        )
        if row is not None and row[0] is not None:
            found[name] = row[0]
    return found


def with_outputs(
    database: Database, backtest_id: int, outcome: Outcome, needs: Collection[str]
) -> Outcome:
    """Return a stored outcome with what is stored of it besides statistics, as far as needed."""
    if not needs:
        return outcome
    readers: dict[str, tuple[str, Callable[..., object]]] = {
        "returns": (_RETURNS, unpack_returns),
        "equity": (_EQUITY, unpack_equity),
        "trades": (_TRADES, unpack_trades),
    }
    found: dict[str, Any] = {}
    for need in needs:
        sql, unpack = readers[need]
        if (row := database.row(sql, (backtest_id,))) is not None:
            found[need] = unpack(*row)
    return evolve(outcome, **found) if found else outcome


def _pack(code: str, values: Iterable[float]) -> bytes:
    column = array(code, values)
    if sys.byteorder == "big":
        column.byteswap()
    return zlib.compress(column.tobytes(), _COMPRESSION)


def _unpack(code: str, packed: bytes) -> array[Any]:
    column: array[Any] = array(code)
    column.frombytes(zlib.decompress(packed))
    if sys.byteorder == "big":
        column.byteswap()
    return column
