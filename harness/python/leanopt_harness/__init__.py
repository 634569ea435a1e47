"""Runs Python backtests for leanopt in a warm process: the strategy is imported once."""

from leanopt_harness.marking import backtest
from leanopt_harness.parameters import Parameters, UnknownParameterError
from leanopt_harness.scenario import Scenario
from leanopt_harness.values import Fill, Result, Statistic, Trade

__all__ = [
    "Fill",
    "Parameters",
    "Result",
    "Scenario",
    "Statistic",
    "Trade",
    "UnknownParameterError",
    "__version__",
    "backtest",
]

__version__ = "0.1.0"
