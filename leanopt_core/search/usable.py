"""Check what an engine gives besides statistics before a fitness function sees it."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from itertools import islice
from operator import lt
from typing import Any, Final

from attrs import evolve, fields

from leanopt_core.outputs import ClosedTrade, Equity
from leanopt_core.work import Category, Failure, Outcome

# The store packs differences of times, which must fit into 64 bits.
_LARGEST: Final = 2**62
_TYPES: Final = {"entry_time": int, "direction": int, "exit_time": int, "tag": str}


def usable(outcome: Outcome, needs: frozenset[str]) -> Outcome:
    """Return the outcome with plain numbers in what is needed, or an engine error instead.

    So NaN and infinity do not travel, and the store gives back the same values.
    """
    given: dict[str, Any] = {}
    try:
        if outcome.equity is not None and "equity" in needs:
            given["equity"] = _equity(outcome.equity)
        elif outcome.equity is not None and "returns" in needs:
            _check_lengths(outcome.equity)
        if outcome.trades is not None and "trades" in needs:
            given["trades"] = _trades(outcome.trades)
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        failure = Failure(Category.ENGINE, f"the engine's answer cannot be used: {error}")
        return Outcome(failure=failure, read=outcome.read, read_types=outcome.read_types)
    return evolve(outcome, **given) if given else outcome


def _equity(equity: Equity) -> Equity:
    _check_lengths(equity)
    if len(equity.times) and max(map(abs, equity.times)) > _LARGEST:
        raise ValueError("the times of the equity curve are not seconds since 1970")
    times, values = array("q", equity.times), array("d", equity.values)
    if not all(map(lt, times, islice(times, 1, None))):
        at = next(at for at in range(1, len(times)) if times[at - 1] >= times[at])
        raise ValueError(f"times[{at}] of the equity curve is not after the one before")
    for at, value in enumerate(values):
        if not math.isfinite(value):
            raise ValueError(f"values[{at}] of the equity curve is {value}")
    return Equity(times, values)


def _check_lengths(equity: Equity) -> None:
    times, values = len(equity.times), len(equity.values)
    if times != values:
        raise ValueError(f"the equity curve has {times} times and {values} values")


def _trades(trades: Sequence[ClosedTrade]) -> tuple[ClosedTrade, ...]:
    return tuple(_trade(trade, at) for at, trade in enumerate(trades))


def _trade(trade: ClosedTrade, at: int) -> ClosedTrade:
    if not isinstance(trade, ClosedTrade):
        raise TypeError(f"trades[{at}] is {type(trade).__name__}, expected ClosedTrade")
    given = {one.name: getattr(trade, one.name) for one in fields(ClosedTrade)}
    known = {name: value for name, value in given.items() if value is not None}
    return ClosedTrade(**{name: _member(name, value, at) for name, value in known.items()})


def _member(name: str, value: Any, at: int) -> Any:
    kind = _TYPES.get(name, float)
    if isinstance(value, str) is (kind is str):
        plain = kind(value)
        if kind is str or (plain == value and math.isfinite(plain)):
            return plain
    raise ValueError(f"the {name} of trades[{at}] is {value!r:.80}")
