"""Cannot be imported."""

# ruff: noqa: ARG001, INP001 - a strategy is a file with two arguments, not a package's module

from leanopt_harness import Parameters, Result, Scenario, backtest

PERIODS: list[int] = []
LONGEST = PERIODS[0]


@backtest
def run(parameters: Parameters, scenario: Scenario) -> Result:
    """Never run."""
    return Result({"Longest": LONGEST})
