"""Read answers in the protocol's inline form: statistics, equity and trades in the line."""

from __future__ import annotations

import base64
import sys
from array import array
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from leanopt_core.outputs import ClosedTrade, Equity, read_trade
from leanopt_core.statistics import Statistics
from leanopt_core.work import Category, Failure, Outcome

#: Status of completed backtests. Not a set: a status may have any JSON type.
COMPLETE_STATES: Final = ("complete", "ok")
#: The types as which a strategy can read a parameter.
READ_TYPES: Final = frozenset({"int", "decimal", "double", "text"})
# Maximum length of cached times, as text.
_LARGEST_KNOWN = 2**20
_NAMED = {
    str(category): category for category in (Category.STRATEGY, Category.ENGINE, Category.NO_RESULT)
}


def read_inline(payload: Mapping[str, Any]) -> Outcome:
    """Return the outcome in an answer.

    An answer that breaks the protocol is a failure with the category `no result`.
    """
    read, types = read_names(payload), read_types(payload)
    if payload.get("status") not in COMPLETE_STATES:
        return Outcome(failure=read_failure(payload), read=read, read_types=types)
    try:
        statistics = Statistics.read(_statistics(payload))
        equity = read_curve(payload.get("equity"))
        trades = read_trades(payload.get("trades"))
    except ValueError as error:
        message = f"the answer breaks the protocol: {error}"
        return Outcome(failure=Failure(Category.NO_RESULT, message), read=read, read_types=types)
    return Outcome(statistics, None, equity, trades, read, types)


def read_names(payload: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the names of the parameters that a strategy read, None if unknown."""
    names = payload.get("read")
    return frozenset(map(str, names)) if isinstance(names, list) else None


def read_types(payload: Mapping[str, Any]) -> Mapping[str, frozenset[str]]:
    """Return the types as which a strategy read parameters; unknown types are left out."""
    told = payload.get("read_types")
    if not isinstance(told, dict):
        return {}
    found = {name: _types(types) for name, types in told.items()}
    return {name: types for name, types in found.items() if types}


def _types(told: object) -> frozenset[str]:
    some = told if isinstance(told, list) else [told]
    try:
        return READ_TYPES.intersection(some)
    except TypeError:  # some JSON values cannot be in a set
        return READ_TYPES.intersection(one for one in some if isinstance(one, str))


def read_failure(payload: Mapping[str, Any]) -> Failure:
    """Return the failure in an error answer."""
    category = _NAMED.get(str(payload.get("category")), Category.STRATEGY)
    return Failure(category, str(payload.get("message") or "the harness gave no message"))


def _statistics(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    given = payload.get("statistics")
    if not isinstance(given, dict):
        raise ValueError("it has no statistics")  # noqa: TRY004 - about data, not a caller's type
    return given


def read_curve(sent: object) -> Equity | None:
    """Return the equity curve in an answer, None if there is none; raises ValueError."""
    if not sent:
        return None
    if not isinstance(sent, dict):
        raise ValueError(f"equity is {type(sent).__name__}, expected times and values")  # noqa: TRY004
    equity = Equity(_times(sent.get("times")), _column("d", sent.get("values")))
    return equity if equity.times else None


def _times(text: object) -> array[Any]:
    known = isinstance(text, str) and len(text) <= _LARGEST_KNOWN
    return _known_times(text) if known else _column("q", text)


# The curves of a scenario mostly have the same times: share them.
@lru_cache(maxsize=16)
def _known_times(text: str) -> array[Any]:
    return _column("q", text)


def _column(code: str, text: object) -> array[Any]:
    """Decode base64 of little-endian 64-bit numbers to an array."""
    column = array(code)
    if not isinstance(text, str):
        raise ValueError("equity lacks times or values")  # noqa: TRY004
    column.frombytes(base64.b64decode(text, validate=True))
    if sys.byteorder == "big":
        column.byteswap()
    return column


def read_trades(sent: object) -> list[ClosedTrade] | None:
    """Return the closed trades in an answer, None if it has none; raises ValueError.

    A row may be shorter than the protocol's, or longer: the rest is unknown, or ignored.
    """
    if sent is None:
        return None
    if not isinstance(sent, list) or not all(isinstance(trade, list) for trade in sent):
        raise ValueError("trades are not a list of lists")
    return [read_trade(row, place) for place, row in enumerate(sent)]
