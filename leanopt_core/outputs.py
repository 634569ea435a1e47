"""What a backtest can give besides statistics: equity curve, daily returns, closed trades."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from attrs import fields, frozen

from leanopt_core.shown import shown


@frozen
class Equity:
    """An equity curve: seconds since 1970-01-01 UTC, increasing, and the value at each.

    Raises ValueError if there are not as many values as times.
    """

    times: Sequence[int]
    values: Sequence[float]

    def __attrs_post_init__(self) -> None:
        times, values = len(self.times), len(self.values)
        if times != values:
            raise ValueError(f"equity has {times} times and {values} values")


@frozen
class DailyReturns:
    """Daily returns: the last value of each UTC day over that of the previous day, less 1.

    `days` are proleptic Gregorian ordinals (`date.fromordinal`), increasing, without days that have
    no value. `values` are fractions, as many, rounded to 32-bit floats as the store keeps them.
    `ended` is the reason if they stop before the equity curve does, such as an equity of 0.
    """

    days: Sequence[int]
    values: Sequence[float]
    ended: str | None = None


@frozen
class ClosedTrade:
    """One closed round trip; what the engine does not report is None.

    Times are in seconds since 1970-01-01 UTC, money is in the account's currency. `quantity` is
    positive, `direction` 1 for long and -1 for short. `profit` is before `fees`. `mae` and `mfe`
    are the largest adverse and favourable excursion. `tag` is that of the order that closed it.
    """

    entry_time: int | None = None
    entry_price: float | None = None
    quantity: float | None = None
    direction: int | None = None
    exit_time: int | None = None
    exit_price: float | None = None
    profit: float | None = None
    fees: float | None = None
    mae: float | None = None
    mfe: float | None = None
    tag: str | None = None


#: The fields of a trade, in the protocol's order; the times and the direction are whole numbers.
TRADE_FIELDS: Final = tuple(one.name for one in fields(ClosedTrade))
_WHOLE: Final = frozenset({"entry_time", "direction", "exit_time"})
#: The largest whole number, of a time too: the difference of two fits into 64 bits.
LARGEST_INT: Final = 2**62
# Types whose values can be converted to a number, but are none.
_NO_NUMBERS: Final = (str, bool)

N = TypeVar("N", int, float)


def read_trade(row: Iterable[object], place: int) -> ClosedTrade:
    """Return the trade with the index `place` from the values of `TRADE_FIELDS`, as plain values.

    The row may be shorter or longer: the rest is unknown, or ignored. Whole numbers may be given as
    `807.0`. Raises ValueError for a value that is no such text or finite number.
    """
    return ClosedTrade(
        *(
            None if value is None else _member(name, value, place)
            for name, value in zip(TRADE_FIELDS, row, strict=False)
        )
    )


def _member(name: str, value: object, place: int) -> Any:
    try:
        if name == "tag":
            return _text(value)
        return plain_number(int if name in _WHOLE else float, value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"the {name} of trades[{place}] is {shown(value)}") from None


def _text(value: object) -> str:
    if isinstance(value, str):
        return str(value)
    raise TypeError("not a text")


def plain_number(kind: type[N], value: Any) -> N:
    """Return a number as a finite float, or as an int of at most 62 bits.

    Raises TypeError, ValueError or OverflowError for another value, as for 1.5 as an int.
    """
    if isinstance(value, _NO_NUMBERS):
        raise TypeError("not a number")
    number = kind(value)
    if number != value or not math.isfinite(number):
        raise ValueError("not the same as a number of this type")
    if kind is int and abs(number) > LARGEST_INT:
        raise OverflowError("too large")
    return number
