"""A rotation over five shares and funds: every so many days into those that rose most.

`lookback` and `skip` say over which days the rise counts, `keep` how many are held, `every` after
how many days they are chosen again, `weights` how they share the money, `filter` (with the average
of `trend` days) what is not bought, and `target` the yearly volatility above which less is held:
nothing in the first 60 days, before it is known.
The fitness is the compound return a year over the greatest drawdown.
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

SYMBOLS: Final = ("iwm", "eem", "bac", "aig", "uso")
FIRST: Final = "20060502"
AXES: Final[dict[str, list[Any]]] = {
    "lookback": list(range(20, 260, 20)),
    "skip": [0, 5, 10, 21, 42],
    "filter": ["none", "positive", "trend"],
    "trend": [50, 100, 150, 200, 250],
    "keep": [1, 2, 3, 4],
    "every": [5, 10, 15, 21, 42, 63],
    "weights": ["equal", "volatility", "momentum"],
    "target": [0.1, 0.15, 0.2, 0.3, 0.5],
}
CONSTRAINTS: Final = ("skip < lookback",)
MIN_TRADES: Final = 50
COST: Final = 0.001
VOLATILITY, WARMUP, YEAR = 60, 250, 252
#: A volatility below this is taken for this: nothing was held.
STILL: Final = 1e-9


def fitness(data: Path) -> Floats:
    """Return the fitness of every point in row-major order, NaN with too few trades or a loss."""
    prices = lean_bars.closes(data, SYMBOLS, FIRST)
    outer = list(product(*(AXES[name] for name in ("lookback", "skip", "filter", "trend"))))
    shape = [len(AXES[name]) for name in ("keep", "every", "weights", "target")]
    found = np.full([len(outer), *shape], np.nan)
    done: dict[tuple[Any, ...], int] = {}
    for i, (lookback, skip, name, trend) in enumerate(outer):
        key = (lookback, skip, name, trend if name == "trend" else None)
        if skip >= lookback:
            continue
        if key not in done:
            found[i] = _block(prices, _strength(prices, *key))
        else:
            found[i] = found[done[key]]
        done.setdefault(key, i)
    return found.reshape(-1)


def _strength(prices: Floats, lookback: int, skip: int, name: str, trend: int | None) -> Floats:
    """Return the rise of each by day, negative infinity where the filter forbids to buy."""
    strength = np.full_like(prices, -np.inf)
    days = np.arange(WARMUP, len(prices))
    rise = prices[days - skip] / prices[days - lookback] - 1
    bought = np.ones_like(rise, bool) if name == "none" else rise > 0
    if trend is not None:
        average = np.lib.stride_tricks.sliding_window_view(prices, trend, 0).mean(-1)
        bought = prices[days] > average[days - trend + 1]
    strength[days] = np.where(bought, rise, -np.inf)
    return strength


def _block(prices: Floats, strength: Floats) -> Floats:
    """Return the fitness by keep, every, weights and target."""
    returns = np.diff(prices, axis=0) / prices[:-1]
    shape = [len(AXES[name]) for name in ("keep", "every", "weights", "target")]
    found = np.full(shape, np.nan)
    for (i, keep), (j, every) in product(enumerate(AXES["keep"]), enumerate(AXES["every"])):
        days = np.arange(WARMUP, len(prices) - 1, every)
        chosen = strength[days]
        order = np.argsort(np.argsort(-chosen, 1, kind="stable"), 1)
        held = (order < keep) & np.isfinite(chosen)
        opened = int(np.sum(held[1:] & ~held[:-1]) + held[0].sum())
        if opened < MIN_TRADES:
            continue
        for k, weights in enumerate(AXES["weights"]):
            shares = _shares(weights, held, chosen, returns, days)
            found[i, j, k] = _worth(shares, keep, every, returns[WARMUP:])
    return found


def _shares(
    weights: str, held: NDArray[np.bool_], chosen: Floats, returns: Floats, days: NDArray[np.int64]
) -> Floats:
    """Return how those held share the money: in proportion, in one part each of `held`."""
    if weights == "equal":
        return held.astype(float)
    if weights == "volatility":
        seen = np.lib.stride_tricks.sliding_window_view(returns, VOLATILITY, 0).std(-1)
        parts = np.where(held, 1 / seen[days - VOLATILITY], 0.0)
    else:
        parts = np.where(held, np.maximum(chosen, 0.0) + COST, 0.0)
    sums = parts.sum(1, keepdims=True)
    return parts / np.where(sums > 0, sums, 1.0) * held.sum(1, keepdims=True)


def _worth(shares: Floats, keep: int, every: int, returns: Floats) -> list[float]:
    """Return the fitness at each target; a place that nothing fills is held in cash."""
    weights = shares / keep
    daily = (np.repeat(weights, every, 0)[: len(returns)] * returns).sum(1)
    turned = np.abs(np.diff(weights, axis=0, prepend=0.0)).sum(1)
    daily[::every] -= COST * turned[: len(daily[::every])]
    spread = np.full(len(daily), np.inf)
    seen = np.lib.stride_tricks.sliding_window_view(daily, VOLATILITY).std(1)
    spread[VOLATILITY:] = seen[:-1] * np.sqrt(YEAR)
    spread = np.maximum(spread, STILL)
    return [_calmar(daily * np.minimum(1.0, target / spread)) for target in AXES["target"]]


def _calmar(daily: Floats) -> float:
    equity = np.cumprod(1 + daily)
    growth = float(equity[-1] ** (YEAR / len(daily)) - 1)
    drawdown = float(np.max(1 - equity / np.maximum.accumulate(np.maximum(equity, 1.0))))
    return growth / max(drawdown, COST) if growth > 0 else float("nan")
