"""LEAN's statistics from an equity curve and fills, without LEAN.

Call `lean_result`; a strategy that runs often over the same bars should keep a `Reporter`:

    from leanopt_harness.statistics import Reporter, load_interest_rate

    reporter = Reporter(bar_closes, risk_free=load_interest_rate(path))  # once
    return reporter.result(equity, fills, cash=100_000)                  # per backtest

Definitions are those of QuantConnect.Statistics. Percentages are fractions, nothing is
rounded, and unknown values are None (LEAN shows 0 or 10). Statistics that need a benchmark (Alpha,
Beta, Information Ratio, Tracking Error, Treynor Ratio) are left out.
"""

from leanopt_harness.statistics.rates import InterestRates, load_interest_rate
from leanopt_harness.statistics.report import Reporter, lean_result
from leanopt_harness.statistics.trade_statistics import trade_statistics
from leanopt_harness.statistics.trades import ClosedTrade, match_fills

__all__ = [
    "ClosedTrade",
    "InterestRates",
    "Reporter",
    "lean_result",
    "load_interest_rate",
    "match_fills",
    "trade_statistics",
]
