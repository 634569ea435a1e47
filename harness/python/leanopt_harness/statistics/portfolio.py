"""Computes LEAN's `totalPerformance.portfolioStatistics` for a curve and its closings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from math import fsum, sqrt
from typing import TYPE_CHECKING

from leanopt_harness.statistics.days import DAY, Days
from leanopt_harness.statistics.moments import Moments, power, probabilistic_sharpe, ratio

if TYPE_CHECKING:
    from leanopt_harness.values import Fill

# quantiles of the standard normal distribution
_Z99 = -2.3263478740408408
_Z95 = -1.6448536269514722

#: Statistics by LEAN's camelCase key; an unknown one is None.
Numbers = Mapping[str, "float | int | None"]


def growth(days: Days, start_equity: float, end_equity: float) -> Numbers:
    """Return start and end equity, net profit, and the compound return a year of 365 days."""
    net = ratio(end_equity - start_equity, start_equity)
    grown = None if net is None else power(1 + net, 1 / days.years)
    return {
        "startEquity": start_equity,
        "endEquity": end_equity,
        "totalNetProfit": net,
        "compoundingAnnualReturn": None if grown is None else grown - 1,
    }


def risk(
    days: Days, equity: Sequence[float], cash: float, risk_free: float, trading_days: int
) -> Numbers:
    """Return the statistics of daily returns: deviation, Sharpe, Sortino, value at risk.

    As in LEAN, a closed day has a return of 0, and the first day's return is left out.
    """
    returns = _returns([cash, *(equity[close] for close in days.closes)])
    if days.traded[0] == 0:
        del returns[0]
    count = days.count - 1
    moments = Moments.of(returns, count - len(returns)) if count else None
    variance = moments.variance if moments else None
    if moments is None or variance is None:
        return {}
    deviation = sqrt(variance * trading_days)
    grown = power(1 + moments.mean, trading_days)
    excess = None if grown is None else grown - 1 - risk_free
    losses = [value for value in returns if value < 0]
    downside = Moments.of(losses).variance if losses else None
    return {
        "annualVariance": variance * trading_days,
        "annualStandardDeviation": deviation,
        "sharpeRatio": ratio(excess, deviation),
        "sortinoRatio": ratio(excess, sqrt(downside * trading_days) if downside else None),
        "probabilisticSharpeRatio": probabilistic_sharpe(
            moments, 1 / sqrt(trading_days), risk_free / trading_days
        ),
        **_value_at_risk(days, returns, trading_days),
    }


def _returns(values: Sequence[float]) -> list[float]:
    if min(values) > 0:
        return [(now - before) / before for before, now in pairwise(values)]
    # LEAN reports a return of 0 after a value of 0
    return [(now - before) / before if before else 0.0 for before, now in pairwise(values)]


def _value_at_risk(days: Days, returns: Sequence[float], lookback: int) -> Numbers:
    """Return the normal quantiles of the last `lookback` days' returns, as fractions of equity."""
    since = max(1, days.count - lookback)
    traded = sum(1 for day in days.traded[-lookback:] if day >= since)
    recent = Moments.of(returns[len(returns) - traded :], days.count - since - traded)
    variance = recent.variance
    if variance is None:
        return {}
    return {
        "valueAtRisk99": recent.mean + _Z99 * sqrt(variance),
        "valueAtRisk95": recent.mean + _Z95 * sqrt(variance),
    }


def drawdown(days: Days, equity: Sequence[float], cash: float) -> Numbers:
    """Return the deepest fall from a peak (a fraction) and the longest recovery in whole days.

    A recovery lasts from the last sample at the peak to the first at or above it. Unfinished
    ones do not count; if a curve fell and never recovered, it is None.
    """
    if cash <= 0:
        return {}
    values = [cash, *equity]
    times = (days.start, *days.times)
    holds = (days.start + days.traded[0] * DAY, *days.holds)
    falls = _falls(values)
    recoveries = [times[back] - holds[peak] for peak, _, back in falls if back is not None]
    return {
        "drawdown": max((1 - low / values[peak] for peak, low, _ in falls), default=0.0),
        "drawdownRecovery": None if falls and not recoveries else max(recoveries, default=0) // DAY,
    }


def _falls(values: Sequence[float]) -> list[tuple[int, float, int | None]]:
    """Return every fall: the index of its peak, its lowest value, and where it was recovered."""
    falls: list[tuple[int, float, int | None]] = []
    peak = low = values[0]
    since = 0
    for i, value in enumerate(values):
        if value < peak:
            low = min(low, value)
            continue
        if low < peak:
            falls.append((since, low, i))
        peak = low = value
        since = i
    if low < peak:
        falls.append((since, low, None))
    return falls


def turnover(days: Days, equity: Sequence[float], cash: float, fills: Sequence[Fill]) -> float:
    """Return the mean over calendar days of the value traded, as a share of the day's last equity.

    Raises ValueError for a fill outside the curve.
    """
    values = [*equity, cash]
    shares = (
        ratio(abs(fill.quantity * fill.price), values[days.close_of(fill.time)]) for fill in fills
    )
    return fsum(share or 0.0 for share in shares) / days.count


def winning(closings: Sequence[float], capital: float) -> Numbers:
    """Return rates and averages of `closings` (profits after fees), each as a share of capital.

    The capital is `capital` plus the earlier closings. The average of nothing is unknown, and so is
    anything divided by it.
    """
    before = list(accumulate(closings, initial=capital))[:-1]
    if not closings or min(before) <= 0:
        return {}
    shares = [profit / held for profit, held in zip(closings, before, strict=True)]
    wins = [share for share in shares if share > 0]
    losses = [share for share in shares if share <= 0]
    win_rate, loss_rate = len(wins) / len(shares), len(losses) / len(shares)
    average_win, average_loss = ratio(fsum(wins), len(wins)), ratio(fsum(losses), len(losses))
    payoff = ratio(average_win, -average_loss if average_loss is not None else None)
    return {
        "averageWinRate": average_win,
        "averageLossRate": average_loss,
        "profitLossRatio": payoff,
        "winRate": win_rate,
        "lossRate": loss_rate,
        "expectancy": _expectancy(win_rate, payoff, loss_rate),
    }


def _expectancy(win_rate: float, payoff: float | None, loss_rate: float) -> float | None:
    if win_rate == 0:
        return -loss_rate
    return None if payoff is None else win_rate * payoff - loss_rate
