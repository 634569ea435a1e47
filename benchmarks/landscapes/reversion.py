"""Reversion to the mean on IBM: buys far below an average, sells far above, waits for the return.

The distance is the z-score of a close among the last `window` closes. A position is closed when the
distance has come back to `leave`, after a loss of `stop` average true ranges, or after `hold` days.
Orders fill at the close. The fitness is the Sharpe ratio of the daily returns.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from landscapes import lean_bars

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from landscapes.lean_bars import Floats

SYMBOL: Final = "ibm"
FIRST: Final = "19980102"
AXES: Final[dict[str, list[Any]]] = {
    "window": list(range(5, 65, 5)),
    "filter": ["none", "trend", "counter", "calm"],
    "side": ["long", "both"],
    "enter": [0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75],
    "leave": [-0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0],
    "stop": [1.5, 2.0, 3.0, 4.0, 6.0],
    "hold": [3, 5, 8, 13, 21, 34],
}
CONSTRAINTS: Final = ("leave < enter",)
MIN_TRADES: Final = 60
COST: Final = 0.0005
TREND, SWING, CALM = 200, 20, 250
YEAR: Final = 252


def fitness(data: Path) -> Floats:
    """Return the Sharpe ratio of every point in row-major order, NaN with too few trades."""
    bars = lean_bars.daily(data, SYMBOL)
    rows = np.array([bars[day] for day in sorted(bars) if day >= FIRST])
    outer = product(AXES["window"], AXES["filter"])
    blocks = [_block(rows, window, name) for window, name in outer]
    return np.concatenate(blocks)


def _block(bars: Floats, window: int, name: str) -> Floats:
    """Return the fitness of the points of one window and filter."""
    close = bars[:, 2]
    distance, swing = z_scores(close, window), _swings(bars)
    may_buy, may_sell = _allowed(close, name)
    inner = list(zip(*product(*(AXES[name] for name in list(AXES)[2:])), strict=True))
    both = np.array([side == "both" for side in inner[0]])
    enter, leave, stop, hold = (np.array(column, float) for column in inner[1:])
    position, entry, age, total, squares, trades = np.zeros((6, len(both)))
    for day in range(CALM, len(close)):
        gained = position * (close[day] / close[day - 1] - 1)
        z, before = distance[day], position
        age += position != 0
        lost = position * (close[day] - entry) < -stop * swing[day]
        out = (position != 0) & ((position * z >= -leave) | lost | (age >= hold))
        flat = position == 0
        buy = flat & (may_buy[day] & (z <= -enter))
        sell = flat & both & (may_sell[day] & (z >= enter))
        position = np.where(out, 0.0, position + buy - sell)
        opened = buy | sell
        trades += opened
        entry[opened], age[opened] = close[day], 0.0
        gained -= COST * np.abs(position - before)
        total += gained
        squares += gained**2
    return _sharpe(total, squares, len(close) - CALM, trades)


def z_scores(close: Floats, window: int) -> Floats:
    """Return how many standard deviations a close is from the mean of the last `window`."""
    seen = np.lib.stride_tricks.sliding_window_view(close, window)
    scores = np.zeros_like(close)
    scores[window - 1 :] = (close[window - 1 :] - seen.mean(1)) / seen.std(1)
    return scores


def _swings(bars: Floats) -> Floats:
    """Return the mean true range of the last `SWING` days."""
    high, low, close = bars.T
    last = np.concatenate([close[:1], close[:-1]])
    ranges = np.maximum(high, last) - np.minimum(low, last)
    return np.convolve(ranges, np.full(SWING, 1 / SWING))[: len(ranges)]


def _allowed(close: Floats, name: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return by day whether the filter lets buy, and sell short."""
    above = z_scores(close, TREND) > 0
    if name == "trend":
        return above, ~above
    if name == "counter":
        return ~above, above
    always = np.ones(len(close), bool)
    if name == "calm":
        moves = np.abs(np.diff(np.log(close), prepend=np.log(close[0])))
        always = z_scores(moves, CALM) < 0
    return always, always


def _sharpe(total: Floats, squares: Floats, days: int, trades: Floats) -> Floats:
    mean = total / days
    spread = np.sqrt(np.maximum(squares / days - mean**2, 0.0))
    few = (trades < MIN_TRADES) | (spread == 0)
    return np.where(few, np.nan, mean / np.where(few, 1.0, spread) * np.sqrt(YEAR))
