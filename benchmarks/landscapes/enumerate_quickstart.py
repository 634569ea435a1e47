"""Backtests every point of the quickstart's space, and keeps what its fitness looks at.

    python benchmarks/landscapes/enumerate_quickstart.py

Minutes an index. The averages and the bars are the strategy's own; the trading is written again for
2,800 points at a time, operation for operation, so that every account has the same value.
"""

from __future__ import annotations

import json
import lzma
import sys
from bisect import bisect_left, bisect_right
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from landscapes import quickstart

if TYPE_CHECKING:
    from leanopt_core.pipeline import Pipeline

    Floats = NDArray[np.float64]

#: The axes whose levels change from block to block, and those of a block's points.
OUTER = ("fast", "slow")
INNER = ("enter", "leave", "stop", "trail", "risk")


class Account:
    """What `simulate` of the strategy holds in numbers, as arrays of one number a point."""

    def __init__(self, strategy: Any, cash: float, points: dict[str, NDArray[Any]]) -> None:
        size = len(points["risk"])
        self._strategy = strategy
        self._enter, self._leave = 1 + points["enter"], 1 - points["leave"]
        self._width, self._risk = points["stop"], points["risk"]
        self._trailing = points["trail"]
        self._shares, self._order, self._stop = np.zeros((3, size))
        self._cash = np.full(size, float(cash))
        self._peak = np.full(size, float(cash))
        self.equity = self._cash.copy()
        self.lowest = np.ones(size)
        self.trades = np.zeros(size, np.int64)

    def trade(self, opened: float) -> None:
        """Carry out the orders of the last close."""
        fee, slippage = self._strategy.FEE, self._strategy.SLIPPAGE
        price = np.where(self._order > 0, opened * (1 + slippage), opened * (1 - slippage))
        quantity = np.minimum(self._order, np.trunc(self._cash / (price * (1 + fee))))
        self._cash -= quantity * price + np.abs(quantity) * price * fee
        self._shares += quantity
        self.trades += quantity < 0

    def decide(self, close: float, fast: float, slow: float, swing: float) -> None:
        """Look at a close: the account's value, the stops, the orders for the next open."""
        self.equity = value = self._cash + self._shares * close
        np.maximum(self._peak, value, out=self._peak)
        np.minimum(self.lowest, value / self._peak, out=self.lowest)
        held, below = self._shares != 0, close - self._width * swing
        rises = held & self._trailing & (below > self._stop)
        sell = held & ((close < np.where(rises, below, self._stop)) | (fast < slow * self._leave))
        buy = ~held & (fast > slow * self._enter) & (close > fast)
        self._stop = np.where(rises | buy, below, self._stop)
        self._order = np.where(sell, -self._shares, 0.0)
        if buy.any():
            size = np.minimum(value * self._risk / (close - below), value / close)
            self._order = np.where(buy, np.trunc(size), self._order)


def enumerate_points(pipeline: Pipeline, report: Any = print) -> NDArray[np.int16]:
    """Return compound return, drawdown and closed trades by rank, in the file's units."""
    space, symbol = pipeline.space, pipeline.scenarios[0].symbol
    inner = inner_values(pipeline)
    blocks = list(product(*(space.axis(name).values for name in OUTER)))
    kept = np.empty((3, len(blocks), len(inner["risk"])), np.int16)
    for block, (fast, slow) in enumerate(blocks):
        growth, drawdown, trades = backtest(pipeline, int(fast), int(slow), inner)
        kept[0, block] = np.rint(growth / quickstart.GROWTH_UNIT)
        kept[1, block] = np.rint(drawdown / quickstart.DRAWDOWN_UNIT)
        kept[2, block] = trades
        report(f"{symbol}: {block + 1} of {len(blocks)}", end="\r", file=sys.stderr)
    order = (*OUTER, *INNER)
    shaped = kept.reshape(3, *(len(space.axis(name)) for name in order))
    by_rank = shaped.transpose(0, *(1 + order.index(name) for name in space.names))
    return by_rank.reshape(3, -1)


def inner_values(pipeline: Pipeline) -> dict[str, NDArray[Any]]:
    """Return the values of the inner axes at every combination of their levels."""
    axes = [pipeline.space.axis(name) for name in INNER]
    rows = list(zip(*product(*(axis.values for axis in axes)), strict=True))
    columns = dict(zip(INNER, rows, strict=True))
    return {
        name: np.array([value == "trailing" for value in column])
        if name == "trail"
        else np.array(column, float)
        for name, column in columns.items()
    }


def backtest(
    pipeline: Pipeline, fast: int, slow: int, inner: dict[str, NDArray[Any]]
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return compound return a year, drawdown and closed trades at `inner`'s points."""
    strategy = quickstart.strategy()
    scenario = pipeline.scenarios[0]
    bars = strategy.read_bars(quickstart.DATA, scenario.symbol)
    fasts, slows = strategy.average(bars, fast), strategy.average(bars, slow)
    swings = strategy.swing(bars, pipeline.space.fixed["atr"])
    cash = float(scenario.cash or 0)
    account = Account(strategy, cash, inner)
    first = bisect_left(bars.times, strategy.closing_time(scenario.start))
    end = bisect_right(bars.times, strategy.closing_time(scenario.end))
    for day in range(first, end):
        account.trade(bars.opens[day])
        account.decide(bars.closes[day], fasts[day], slows[day], swings[day])
    years = quickstart.years(bars.times[first], bars.times[end - 1])
    growth = (account.equity / cash) ** (1 / years) - 1
    return growth, 1 - account.lowest, account.trades


def main() -> None:
    """Enumerate both indices and write their files."""
    for name, symbol in quickstart.SYMBOLS.items():
        kept = enumerate_points(quickstart.pipeline(symbol))
        packed = lzma.compress(kept.tobytes(), preset=9 | lzma.PRESET_EXTREME)
        quickstart.array_file(name).write_bytes(packed)
        made = {"made_from": quickstart.source(symbol), "points": kept.shape[1]}
        text = json.dumps(made, indent=2) + "\n"
        quickstart.array_file(name).with_suffix(".json").write_text(text, encoding="utf-8")
        print(f"{name}: {kept.shape[1]:,} points, {len(packed):,} bytes")


if __name__ == "__main__":
    main()
