"""Marks the function that runs a backtest."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

from leanopt_harness.parameters import Parameters
from leanopt_harness.scenario import Scenario
from leanopt_harness.values import Result

Run = TypeVar("Run", bound=Callable[[Parameters, Scenario], Result])

_MARK = "__leanopt_backtest__"
_PROMISES = (
    inspect.iscoroutinefunction,
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
)


def backtest(function: Run) -> Run:
    """Mark `function` as a backtest and return it unchanged, so that it stays callable.

    It is called with the parameters and the scenario, in this order, and returns a `Result`.
    Raises TypeError if its signature does not fit.
    """
    name = getattr(function, "__qualname__", repr(function))
    if not callable(function):
        raise TypeError(f"@backtest marks a function (parameters, scenario), not {name}")
    if any(is_one(function) for is_one in _PROMISES):
        raise TypeError(f"@backtest: {name} is async or yields; it must return a Result")
    signature = inspect.signature(function)
    try:
        signature.bind(None, None)
    except TypeError:
        raise TypeError(
            f"@backtest: {name}{signature} must take two arguments, (parameters, scenario)"
        ) from None
    setattr(function, _MARK, True)
    return function


def is_backtest(candidate: object) -> bool:
    """Return whether `candidate` was marked with `@backtest`."""
    return callable(candidate) and getattr(candidate, _MARK, False) is True
