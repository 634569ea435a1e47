"""What a backtest can give besides statistics: equity curve, daily returns, closed trades."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen


@frozen
class Equity:
    """An equity curve: seconds since 1970-01-01 UTC, increasing, and the value at each."""

    times: Sequence[int]
    values: Sequence[float]


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
