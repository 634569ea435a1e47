"""A strategy's inputs and outputs: plain frozen values, standard library only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

#: A statistic: a number, a string, None (unknown), or a section of further statistics.
Statistic: TypeAlias = "float | int | str | Mapping[str, Statistic] | None"


@dataclass(frozen=True)
class Fill:
    """One execution: `quantity` units (negative for a sale) at `price`, with its `fee`.

    `time` is in seconds since 1970-01-01 UTC; price and fee are in the account's currency.
    """

    time: int
    quantity: float
    price: float
    fee: float = 0.0


@dataclass(frozen=True)
class Trade:
    """One closed round trip. `quantity` is positive, `direction` +1 for long and -1 for short.

    Times are in seconds since 1970-01-01 UTC. `profit` is before `fees`, as LEAN reports it.
    `mae` and `mfe` are the largest adverse and favourable excursions in money, `tag` is the text of
    the order that closed it; None if unknown.
    """

    entry_time: int
    entry_price: float
    quantity: float
    direction: int
    exit_time: int
    exit_price: float
    profit: float
    fees: float
    mae: float | None = None
    mfe: float | None = None
    tag: str | None = None


@dataclass(frozen=True)
class Result:
    """The result of one backtest.

    `statistics` carries LEAN's names (`Sharpe Ratio`, `Drawdown`, ...) with plain numbers;
    percentages are fractions. A nested mapping is a section (`totalPerformance`). `times`
    (seconds since 1970-01-01 UTC, increasing) and `equity` (account value) are the curve, of equal
    length.
    """

    statistics: Mapping[str, Statistic]
    times: Sequence[int] = field(default=())
    equity: Sequence[float] = field(default=())
    trades: Sequence[Trade] = field(default=())
