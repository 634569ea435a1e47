"""Fails as it is told: an exception, an exit, an interrupt, or not at all."""

# ruff: noqa: ARG001, INP001 - a strategy is a file with two arguments, not a package's module

import sys

from leanopt_harness import Parameters, Result, Scenario, backtest


@backtest
def run(parameters: Parameters, scenario: Scenario) -> Result:
    """Fail in the way that the parameter `how` says."""
    how = parameters["how"]
    if how == "value":
        raise ValueError("the window is longer than the data")
    if how == "exit":
        sys.exit("no data")
    if how == "interrupt":
        raise KeyboardInterrupt
    return Result({"Total Orders": 1})
