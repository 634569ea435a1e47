"""LEAN's statistics from an equity curve and fills, without LEAN.

The way in is `lean_result`; a strategy that runs often over the same bars keeps a `Reporter`:

    from leanopt_harness.statistics import Reporter, load_interest_rate

    reporter = Reporter(bar_closes, risk_free=load_interest_rate(path))  # once
    return reporter.result(equity, fills, cash=100_000)                  # per backtest

Definitions are those of QuantConnect.Statistics. Where LEAN shows per cent there is a fraction,
where it stands in for an unknown with 0 or 10 there is None, and nothing is rounded. What needs a
benchmark (Alpha, Beta, Information Ratio, Tracking Error, Treynor Ratio) is left out.
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
