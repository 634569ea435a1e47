"""Trend following on daily bars, long only: decided at the close, traded at the next bar's open.

Buys when a fast average stands above a slow one, sells when the trend turns or a stop is hit.
"""

from __future__ import annotations

import zipfile
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import accumulate
from pathlib import Path

from leanopt_harness import Fill, Parameters, Result, Scenario, backtest
from leanopt_harness.statistics import lean_result

FEE = 0.0005  # of the value traded
SLIPPAGE = 0.0005  # of the price, always against us
SESSION = 23_400  # seconds from the open to the close


@dataclass(frozen=True, eq=False)  # compared by identity, so that it can be a cache's key
class Bars:
    """Daily bars, oldest first. Times are closes in seconds since 1970-01-01 UTC."""

    times: tuple[int, ...]
    opens: tuple[float, ...]
    highs: tuple[float, ...]
    lows: tuple[float, ...]
    closes: tuple[float, ...]


def closing_time(day: date) -> int:
    return (day - date(1970, 1, 1)).days * 86_400 + 21 * 3_600  # New York's 16:00, in winter


@cache  # read once a process, however many backtests it runs
def read_bars(data: Path, symbol: str) -> Bars:
    """Read LEAN's daily bars (prices x 10,000) of `symbol` from the data folder."""
    path = Path(data, "equity", "usa", "daily", f"{symbol.lower()}.zip")
    if not path.is_file():
        there = ", ".join(sorted(file.stem for file in path.parent.glob("*.zip"))) or "none"
        raise FileNotFoundError(f"no daily bars of {symbol!r}: {path} is missing (there: {there})")
    with zipfile.ZipFile(path) as archive:
        text = archive.read(f"{path.stem}.csv").decode()
    days, *columns, _ = zip(*(line.split(",") for line in text.splitlines()), strict=True)
    times = tuple(closing_time(date.fromisoformat(day[:8])) for day in days)
    return Bars(times, *(tuple(int(price) / 10_000 for price in column) for column in columns))


@cache
def average(bars: Bars, period: int) -> tuple[float, ...]:
    """Return the exponential moving average of the closes."""
    return tuple(accumulate(bars.closes, lambda ema, close: ema + (close - ema) * 2 / (period + 1)))


@cache
def swing(bars: Bars, period: int) -> tuple[float, ...]:
    """Return the average true range (Wilder's): how far the price usually moves in a bar."""
    days = zip(bars.highs, bars.lows, (bars.closes[0], *bars.closes), strict=False)
    ranges = (max(high, before) - min(low, before) for high, low, before in days)
    return tuple(accumulate(ranges, lambda mean, span: mean + (span - mean) / period))


def execute(time: int, order: float, price: float, cash: float) -> Fill:
    """Fill an order (negative to sell), buying no more than the cash pays for."""
    price *= 1 + SLIPPAGE if order > 0 else 1 - SLIPPAGE
    quantity = min(order, int(cash / (price * (1 + FEE))))
    return Fill(time, quantity, price, fee=abs(quantity) * price * FEE)


def simulate(
    bars: Bars, days: range, cash: float, parameters: Parameters
) -> tuple[list[float], list[Fill]]:
    """Trade the bars numbered `days`; return the account's value at each close, and the fills."""
    fast, slow = average(bars, parameters["fast"]), average(bars, parameters["slow"])
    ranges, width = swing(bars, parameters["atr"]), parameters["stop"]
    trailing, risk = parameters["trail"] == "trailing", parameters["risk"]
    enter, leave = 1 + parameters["enter"], 1 - parameters["leave"]
    equity, fills = [], []
    shares = order = stop = 0.0
    for day in days:
        if order:  # from the last close
            fill = execute(bars.times[day] - SESSION, order, bars.opens[day], cash)
            cash -= fill.quantity * fill.price + fill.fee
            shares += fill.quantity
            if fill.quantity:
                fills.append(fill)
        close, order = bars.closes[day], 0.0
        value = cash + shares * close
        equity.append(value)
        if shares:
            stop = max(stop, close - width * ranges[day]) if trailing else stop
            if close < stop or fast[day] < slow[day] * leave:
                order = -shares
        elif close > fast[day] > slow[day] * enter:
            stop = close - width * ranges[day]
            order = int(min(value * risk / (close - stop), value / close))
    return equity, fills


@backtest
def run(parameters: Parameters, scenario: Scenario) -> Result:
    """Backtest one parameter set under one scenario."""
    if scenario.data is None:
        raise ValueError('say where the bars lie: data = "data" below [strategy]')
    bars = read_bars(scenario.data, scenario.symbol)
    first = bisect_left(bars.times, closing_time(scenario.start)) if scenario.start else 0
    end = bisect_right(bars.times, closing_time(scenario.end)) if scenario.end else len(bars.times)
    if first >= end:
        raise ValueError(f"{scenario.symbol}: no bars from {scenario.start} to {scenario.end}")
    equity, fills = simulate(bars, range(first, end), scenario.cash, parameters)
    times, closes = bars.times[first:end], bars.closes[first:end]
    return lean_result(times, equity, fills, cash=scenario.cash, marks=closes)
