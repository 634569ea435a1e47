"""Returns what is no result, in several ways."""

# ruff: noqa: ARG001, INP001 - a strategy is a file with two arguments, not a package's module

import math
from typing import Any

from leanopt_harness import Parameters, Result, Scenario, backtest

RESULTS: dict[str, Any] = {
    "nothing": None,
    "not a number": Result({"totalPerformance": {"Sharpe Ratio": math.nan}}),
    "unequal": Result({}, times=[1, 2], equity=[100.0]),
    "unsorted": Result({}, times=[1, 3, 2], equity=[100.0, 101.0, 102.0]),
    "infinite": Result({}, times=[1, 2], equity=[100.0, math.inf]),
    "list": Result({"Sharpe Ratio": [1.0]}),  # type: ignore[dict-item]  # what it is about
    "good": Result({"Sharpe Ratio": 1.0}),
}


@backtest
def run(parameters: Parameters, scenario: Scenario) -> Result:
    """Return what the parameter `what` names."""
    result: Result = RESULTS[parameters["what"]]
    return result
