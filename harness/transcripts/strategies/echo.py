"""Gives back what it was asked: statistics made of parameters and scenario, a curve, a trade."""

# ruff: noqa: INP001 - a strategy is a file, not a package's module

from leanopt_harness import Parameters, Result, Scenario, Trade, backtest


@backtest
def run(parameters: Parameters, scenario: Scenario) -> Result:
    """Answer at once; what it prints must reach nobody who reads answers."""
    print("a strategy may print")  # noqa: T201
    return Result(
        {
            "Sharpe Ratio": 1.25,
            "Total Orders": parameters["fast"],
            "Profit-Loss Ratio": None,
            "totalPerformance": {"tradeStatistics": {"profitFactor": parameters.get("stop", 2.5)}},
            "runtime": {"symbol": scenario.symbol, "start": str(scenario.start)},
        },
        times=[1072915200, 1073001600, 1073088000],
        equity=[100000.0, 100250.5, 99875.25],
        trades=[
            Trade(1072915200, 110.5, 10, 1, 1073088000, 112.0, 15.0, 2.0, mae=-4.5, mfe=None),
        ],
    )
