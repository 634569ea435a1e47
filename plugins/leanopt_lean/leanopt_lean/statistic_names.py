"""The statistics that LEAN reports for every strategy, by the names that leanopt gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_BARE: Final = (
    "Alpha, Annual Standard Deviation, Annual Variance, Average Loss, Average Win, Beta, "
    "Compounding Annual Return, Drawdown, Drawdown Recovery, End Equity, "
    "Estimated Strategy Capacity, Expectancy, Information Ratio, Loss Rate, Net Profit, "
    "Portfolio Turnover, Probabilistic Sharpe Ratio, Profit-Loss Ratio, Sharpe Ratio, "
    "Sortino Ratio, Start Equity, Total Fees, Total Orders, Tracking Error, Treynor Ratio, Win Rate"
)
_RUNTIME: Final = (
    "Equity, Fees, Holdings, Net Profit, Probabilistic Sharpe Ratio, Return, Unrealized, Volume"
)
_PORTFOLIO: Final = (
    "alpha, annualStandardDeviation, annualVariance, averageLossRate, averageWinRate, beta, "
    "compoundingAnnualReturn, drawdown, drawdownRecovery, endEquity, expectancy, "
    "informationRatio, lossRate, portfolioTurnover, probabilisticSharpeRatio, profitLossRatio, "
    "sharpeRatio, sortinoRatio, startEquity, totalNetProfit, trackingError, treynorRatio, "
    "valueAtRisk95, valueAtRisk99, winRate"
)
_TRADES: Final = (
    "averageEndTradeDrawdown, averageLoss, averageMAE, averageMFE, averageProfit, "
    "averageProfitLoss, largestLoss, largestMAE, largestMFE, largestProfit, lossRate, "
    "maxConsecutiveLosingTrades, maxConsecutiveWinningTrades, maximumClosedTradeDrawdown, "
    "maximumEndTradeDrawdown, maximumIntraTradeDrawdown, numberOfLosingTrades, "
    "numberOfWinningTrades, profitFactor, profitLossDownsideDeviation, profitLossRatio, "
    "profitLossStandardDeviation, profitToMaxDrawdownRatio, sharpeRatio, sortinoRatio, totalFees, "
    "totalLoss, totalNumberOfTrades, totalProfit, totalProfitLoss, winLossRatio, winRate"
)


def _names(section: str, names: str) -> tuple[str, ...]:
    return tuple(f"{section}{name}" for name in names.split(", "))


_DURATIONS: Final = (
    "averageLosingTradeDuration, averageTradeDuration, averageWinningTradeDuration, "
    "maximumDrawdownDuration, medianLosingTradeDuration, medianTradeDuration, "
    "medianWinningTradeDuration"
)

#: Those with a number as value; a strategy can add others.
STATISTICS: Final = (
    *_names("", _BARE),
    *_names("runtimeStatistics.", _RUNTIME),
    *_names("totalPerformance.portfolioStatistics.", _PORTFOLIO),
    *_names("totalPerformance.tradeStatistics.", _TRADES),
    *_names("totalPerformance.tradeStatistics.", _DURATIONS),
)
#: Those that are texts, and those of other versions of LEAN.
_OTHERS: Final = (
    "Lowest Capacity Asset",
    "Total Trades",
    *_names("totalPerformance.tradeStatistics.", "startDateTime, endDateTime"),
)
# How a strategy adds a statistic, in C# and in Python.
_ADDING: Final = re.compile(rb"(?:summary|runtime)_?statistic", re.IGNORECASE)


def reported(files: Iterable[Path]) -> tuple[str, ...] | None:
    """Return all statistics of a strategy with these files, None if it may add some of its own."""
    sources = (file for file in files if file.suffix in (".py", ".cs"))
    try:
        adds = any(_ADDING.search(file.read_bytes()) for file in sources)
    except OSError:
        return None
    return None if adds else (*STATISTICS, *_OTHERS)
