"""Matches fills to closed trades by LEAN's rule: fill to fill, first in first out."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from leanopt_harness.values import Fill, Trade

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A remainder below this share of a fill is a rounding error, not a position.
DUST = 1e-9


@dataclass(frozen=True)
class ClosedTrade:
    """A closed trade and the most it gave back from its best moment, in money (None: unknown)."""

    trade: Trade
    end_drawdown: float | None


@dataclass
class _Entry:
    """The open part of an entry; `seen` is its index among the prices seen."""

    time: int
    price: float
    quantity: float
    fees: float
    seen: int


class _Position:
    """One instrument's open entries, all on one side, and the prices seen since it was opened."""

    def __init__(self, marked: bool) -> None:
        self.closed: list[ClosedTrade] = []
        self._marked = marked
        self._entries: deque[_Entry] = deque()
        self._side = 0
        self._prices: list[float] = []

    def see(self, prices: Sequence[float]) -> None:
        """Take market prices into account; a flat position sees none."""
        if self._entries:
            self._prices.extend(prices)

    def apply(self, fill: Fill) -> None:
        """Open, add to, reduce, close or reverse the position."""
        side = 1 if fill.quantity > 0 else -1
        if not self._entries:
            self._open(fill, abs(fill.quantity), fill.fee, side)
            return
        self._prices.append(fill.price)
        if side == self._side:
            self._add(fill, abs(fill.quantity), fill.fee)
            return
        left = self._match(fill)
        if left > 0:
            # the order's fee went to the trades that it closed
            self._open(fill, left, 0.0, side)

    def _open(self, fill: Fill, quantity: float, fee: float, side: int) -> None:
        self._prices = [fill.price]
        self._side = side
        self._add(fill, quantity, fee)

    def _add(self, fill: Fill, quantity: float, fee: float) -> None:
        seen = len(self._prices) - 1
        self._entries.append(_Entry(fill.time, fill.price, quantity, fee, seen))

    def _match(self, fill: Fill) -> float:
        """Close entries, the oldest first; return the quantity that no entry took."""
        dust = DUST * abs(fill.quantity)
        left, fee = abs(fill.quantity), fill.fee
        while self._entries and left > dust:
            entry = self._entries[0]
            if left >= entry.quantity - dust:
                self._entries.popleft()
            quantity = min(left, entry.quantity)
            self.closed.append(self._close(entry, fill, quantity, fee))
            left -= quantity
            entry.quantity -= quantity
            entry.fees = fee = 0.0
        return left if left > dust else 0.0

    def _close(self, entry: _Entry, fill: Fill, quantity: float, fee: float) -> ClosedTrade:
        mae, mfe, drawdown = self._excursions(entry, quantity)
        trade = Trade(
            entry_time=entry.time,
            entry_price=entry.price,
            quantity=quantity,
            direction=self._side,
            exit_time=fill.time,
            exit_price=fill.price,
            profit=(fill.price - entry.price) * quantity * self._side,
            fees=entry.fees + fee,
            mae=mae,
            mfe=mfe,
            tag=fill.tag,
        )
        return ClosedTrade(trade, drawdown)

    def _excursions(
        self, entry: _Entry, quantity: float
    ) -> tuple[float | None, float | None, float | None]:
        """Adverse, favourable excursion and end drawdown.

        LEAN's excursions use all prices since the position was opened, even for later entries.
        """
        if not self._marked:
            return None, None, None
        low = (min(self._prices) - entry.price) * quantity
        high = (max(self._prices) - entry.price) * quantity
        path = [price * self._side for price in self._prices[entry.seen :]]
        given_back = max(best - now for best, now in zip(accumulate(path, max), path, strict=True))
        if self._side > 0:
            return low, high, given_back * quantity
        return -high, -low, given_back * quantity


def match_fills(
    fills: Sequence[Fill], times: Sequence[int] = (), marks: Sequence[float] | None = None
) -> list[ClosedTrade]:
    """Return the closed trades of one instrument's `fills` (in order of time), in order of exit.

    `marks` are its prices at `times`; with them the excursions are known. As in LEAN a price counts
    before the fills of its own time. The rule is FillToFill, FIFO of QuantConnect.Statistics.
    """
    position = _Position(marks is not None)
    done = 0
    for fill in fills:
        if marks is not None:
            now = bisect_right(times, fill.time, done)
            position.see(marks[done:now])
            done = now
        position.apply(fill)
    return position.closed


def closings(fills: Sequence[Fill]) -> list[tuple[int, float]]:
    """Return time and profit of every fill of one instrument that reduces or closes its position.

    Profit is against the position's average price, less twice the fill's own fee: LEAN's record of
    transactions (SecurityPortfolioModel), from which it takes Win Rate, Average Win and Expectancy.
    """
    done: list[tuple[int, float]] = []
    held = average = 0.0
    for fill in fills:
        now = held + fill.quantity
        if held * fill.quantity < 0:
            closed = min(abs(fill.quantity), abs(held))
            profit = (fill.price - average) * (closed if held > 0 else -closed)
            done.append((fill.time, profit - 2 * fill.fee))
            if abs(now) <= DUST * abs(fill.quantity):
                now = 0.0
            elif now * held < 0:
                average = fill.price
        else:
            average = (average * held + fill.price * fill.quantity) / now
        held = now
    return done
