"""What `@backtest` takes and what it does to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from leanopt_harness import Parameters, Result, Scenario, backtest


def no_argument() -> Result:
    """Take nothing."""
    return Result({})


def one_argument(parameters: Parameters) -> Result:
    """Take too little."""
    return Result({})


def three_arguments(parameters: Parameters, scenario: Scenario, data: object) -> Result:
    """Take too much."""
    return Result({})


def keyword_only(*, parameters: Parameters, scenario: Scenario) -> Result:
    """Take them by name only."""
    return Result({})


async def coroutine(parameters: Parameters, scenario: Scenario) -> Result:
    """Return a promise."""
    return Result({})


def generator(parameters: Parameters, scenario: Scenario) -> Iterator[Result]:
    """Yield."""
    yield Result({})


async def both(parameters: Parameters, scenario: Scenario) -> AsyncIterator[Result]:
    """Yield promises."""
    yield Result({})


def test_the_function_stays_as_it_was() -> None:
    """It can be called directly, as in a strategy's own tests."""

    def run(parameters: Parameters, scenario: Scenario) -> Result:
        return Result({"Total Orders": parameters["orders"]})

    assert backtest(run) is run
    assert run(Parameters({"orders": 3}), Scenario()).statistics == {"Total Orders": 3}


@pytest.mark.parametrize(
    "function",
    [
        lambda parameters, scenario: Result({}),
        lambda p, s, verbose=False: Result({}),
        lambda *arguments: Result({}),
    ],
)
def test_whatever_takes_two_arguments_will_do(function: Callable[..., Result]) -> None:
    """Their names are the strategy's."""
    assert backtest(function) is function


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (no_argument, "no_argument() -> 'Result' must take two arguments"),
        (one_argument, "must take two arguments, (parameters, scenario)"),
        (three_arguments, "must take two arguments"),
        (keyword_only, "must take two arguments"),
        (coroutine, "coroutine is async or yields; it must return a Result"),
        (generator, "generator is async or yields"),
        (both, "both is async or yields"),
        (Result({}), "marks a function (parameters, scenario), not Result("),
    ],
)
def test_what_cannot_be_called_so_is_refused(function: Any, message: str) -> None:
    """When it is marked, not when it is first run."""
    with pytest.raises(TypeError) as caught:
        backtest(function)
    assert message in str(caught.value)
