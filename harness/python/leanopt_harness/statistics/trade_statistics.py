"""Computes LEAN's `totalPerformance.tradeStatistics` for closed trades."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from math import fsum, sqrt
from typing import TYPE_CHECKING, TypeAlias

from leanopt_harness.statistics.moments import Moments, ratio

if TYPE_CHECKING:
    from leanopt_harness.values import Trade

#: A flat section of statistics; an unknown one is None.
Section: TypeAlias = Mapping[str, "float | int | str | None"]


def trade_statistics(
    trades: Sequence[Trade], end_drawdowns: Sequence[float | None] | None = None
) -> Section:
    """Return the statistics of `trades`, in order of exit, under LEAN's keys.

    Money is before fees, durations are in seconds, times ISO 8601 UTC. `end_drawdowns` is what each
    trade gave back from its best moment, where known. Definitions:
    QuantConnect.Statistics.TradeStatistics, without its stand-ins (0 or 10) for what is unknown.
    """
    wins = [trade for trade in trades if trade.profit > 0]
    losses = [trade for trade in trades if trade.profit <= 0]
    return {
        "startDateTime": _iso(min((trade.entry_time for trade in trades), default=None)),
        "endDateTime": _iso(max((trade.exit_time for trade in trades), default=None)),
        "totalNumberOfTrades": len(trades),
        "numberOfWinningTrades": len(wins),
        "numberOfLosingTrades": len(losses),
        **_profits(trades, wins, losses),
        **_durations("Trade", trades),
        **_durations("WinningTrade", wins),
        **_durations("LosingTrade", losses),
        "maxConsecutiveWinningTrades": _longest(trade.profit > 0 for trade in trades),
        "maxConsecutiveLosingTrades": _longest(trade.profit <= 0 for trade in trades),
        **_drawdowns(trades),
        **_excursions(trades, end_drawdowns),
        "totalFees": fsum(trade.fees for trade in trades),
    }


def _profits(trades: Sequence[Trade], wins: Sequence[Trade], losses: Sequence[Trade]) -> Section:
    gains = [trade.profit for trade in wins]
    lost = [trade.profit for trade in losses]
    total, profit, loss = fsum((*gains, *lost)), fsum(gains), fsum(lost)
    average, average_profit, average_loss = _mean((*gains, *lost)), _mean(gains), _mean(lost)
    deviation, downside = _deviation((*gains, *lost)), _deviation(lost)
    return {
        "totalProfitLoss": total,
        "totalProfit": profit,
        "totalLoss": loss,
        "largestProfit": max(gains, default=None),
        "largestLoss": min(lost, default=None),
        "averageProfitLoss": average,
        "averageProfit": average_profit,
        "averageLoss": average_loss,
        "profitLossRatio": ratio(average_profit, None if average_loss is None else -average_loss),
        "winLossRatio": ratio(len(wins), len(losses)),
        "winRate": ratio(len(wins), len(trades)),
        "lossRate": ratio(len(losses), len(trades)),
        "profitLossStandardDeviation": deviation,
        "profitLossDownsideDeviation": downside,
        "profitFactor": ratio(profit, -loss),
        "sharpeRatio": ratio(average, deviation),
        "sortinoRatio": ratio(average, downside),
    }


def _drawdowns(trades: Sequence[Trade]) -> Section:
    """Drawdowns of the cumulated profit, and the longest recovery."""
    if not trades:
        return dict.fromkeys(
            ("maximumClosedTradeDrawdown", "profitToMaxDrawdownRatio", "maximumDrawdownDuration")
        )
    total = high = deepest = 0.0
    longest: int | None = None
    peak_time, under = trades[0].entry_time, False
    for trade in trades:
        total += trade.profit
        if total > high:
            high = total
            if under:
                longest = max(longest or 0, trade.exit_time - peak_time)
            peak_time, under = trade.exit_time, False
        elif trade.profit <= 0:
            deepest = min(deepest, total - high)
            under = True
    return {
        "maximumClosedTradeDrawdown": deepest,
        "profitToMaxDrawdownRatio": ratio(total, -deepest),
        # a drawdown that never ended has no duration yet
        "maximumDrawdownDuration": None if longest is None and under else longest or 0,
    }


def _excursions(trades: Sequence[Trade], end_drawdowns: Sequence[float | None] | None) -> Section:
    adverse = [trade.mae for trade in trades if trade.mae is not None]
    favourable = [trade.mfe for trade in trades if trade.mfe is not None]
    given_back = [value for value in end_drawdowns or () if value is not None]
    if not trades or not len(adverse) == len(favourable) == len(trades):
        adverse, favourable = [], []
    average, average_mfe = _mean([trade.profit for trade in trades]), _mean(favourable)
    return {
        "averageMAE": _mean(adverse),
        "averageMFE": average_mfe,
        "largestMAE": min((0.0, *adverse)) if adverse else None,
        "largestMFE": max((0.0, *favourable)) if favourable else None,
        "maximumIntraTradeDrawdown": _intra_trade(trades, adverse, favourable),
        "maximumEndTradeDrawdown": max(given_back) if len(given_back) == len(trades) > 0 else None,
        "averageEndTradeDrawdown": (
            None if average is None or average_mfe is None else average - average_mfe
        ),
    }


def _intra_trade(
    trades: Sequence[Trade], adverse: Sequence[float], favourable: Sequence[float]
) -> float | None:
    """Deepest fall from the best moment so far to the worst of a trade, entries in sequence."""
    if not adverse:
        return None
    before = accumulate((trade.profit for trade in trades), initial=0.0)
    high = deepest = 0.0
    for total, low, top in zip(before, adverse, favourable, strict=False):
        high = max(high, total + top)
        deepest = min(deepest, total + low - high)
    return deepest


def _durations(kind: str, trades: Sequence[Trade]) -> Section:
    lengths = sorted(trade.exit_time - trade.entry_time for trade in trades)
    return {
        f"average{kind}Duration": _mean(lengths),
        # of an even number of values, LEAN takes the upper middle one
        f"median{kind}Duration": lengths[len(lengths) // 2] if lengths else None,
    }


def _longest(hits: Iterable[bool]) -> int:
    longest = run = 0
    for hit in hits:
        run = run + 1 if hit else 0
        longest = max(longest, run)
    return longest


def _mean(values: Sequence[float]) -> float | None:
    return fsum(values) / len(values) if values else None


def _deviation(values: Sequence[float]) -> float | None:
    variance = Moments.of(values).variance if values else None
    return None if variance is None else sqrt(variance)


def _iso(time: int | None) -> str | None:
    return None if time is None else f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ}"
