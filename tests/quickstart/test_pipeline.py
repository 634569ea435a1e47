"""The quickstart's pipeline.toml fits its strategy, and what it searches is worth a search."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from decimal import Decimal
from math import prod
from pathlib import Path
from statistics import median_low
from types import ModuleType
from typing import Any

import pytest
from leanopt_harness import Parameters, Scenario
from leanopt_harness.marking import is_backtest


def values(given: Any) -> list[Any]:
    """Return an axis' values as `min + i * step` up to `max`, or as they are listed."""
    if not isinstance(given, dict):
        return [given]
    if "min" not in given:
        (listed,) = given.values()
        return list(listed)
    count = int((given["max"] - given["min"]) / given["step"]) + 1
    return [given["min"] + i * given["step"] for i in range(count)]


def plain(value: Any) -> Any:
    """Return a value as JSON carries it."""
    return float(value) if isinstance(value, Decimal) else value


def point(axes: dict[str, list[Any]], pick: Callable[[list[Any]], Any]) -> Parameters:
    """Return parameters, one value of each axis as `pick` takes it."""
    return Parameters({name: plain(pick(axis)) for name, axis in axes.items()})


@pytest.fixture(scope="module")
def pipeline(quickstart: Path) -> dict[str, Any]:
    """Return the parsed pipeline, its numbers exact."""
    text = (quickstart / "pipeline.toml").read_text(encoding="utf-8")
    return tomllib.loads(text, parse_float=Decimal)


@pytest.fixture(scope="module")
def axes(pipeline: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the values of every parameter, one for those that are fixed."""
    return {name: values(given) for name, given in pipeline["parameters"].items()}


@pytest.fixture(scope="module")
def scenario(pipeline: dict[str, Any], quickstart: Path) -> Scenario:
    """Return the pipeline's scenario as the harness hands it over."""
    given = pipeline["scenario"]
    return Scenario(
        symbol=given["symbol"],
        start=given["start"],
        end=given["end"],
        cash=float(given["cash"]),
        data=quickstart / pipeline["strategy"]["data"],
    )


def test_space_is_large(axes: dict[str, list[Any]]) -> None:
    """Seven parameters are searched, over more than 600,000 feasible points."""
    assert sum(len(axis) > 1 for axis in axes.values()) == 7
    pairs = sum(fast < slow for fast in axes["fast"] for slow in axes["slow"])
    others = prod(len(axis) for name, axis in axes.items() if name not in {"fast", "slow"})
    assert len(axes["fast"]) * len(axes["slow"]) * others == 957_600
    assert pairs * others == 938_000
    assert pairs < len(axes["fast"]) * len(axes["slow"])


def test_entry_is_a_backtest(pipeline: dict[str, Any], strategy: ModuleType) -> None:
    """The entry names the function that is marked as a backtest."""
    file, function = pipeline["strategy"]["entry"].split(":")
    assert Path(strategy.__file__ or "").name == file
    assert is_backtest(getattr(strategy, function))


def test_every_parameter_is_read(
    axes: dict[str, list[Any]], strategy: ModuleType, scenario: Scenario
) -> None:
    """The strategy asks for what the pipeline gives, no less and no more."""
    parameters = point(axes, min)
    strategy.run(parameters, scenario)
    assert parameters.asked == set(axes)


def test_warm_up_lies_in_the_data(
    axes: dict[str, list[Any]], strategy: ModuleType, scenario: Scenario
) -> None:
    """Before the first day there are bars for the slowest average, after the last, years unseen."""
    times = strategy.read_bars(scenario.data, scenario.symbol).times
    before = sum(time < strategy.closing_time(scenario.start) for time in times)
    after = sum(time > strategy.closing_time(scenario.end) for time in times)
    assert before > max(axes["slow"])
    assert after > 4 * 250


def test_landscape_has_hills(
    pipeline: dict[str, Any],
    axes: dict[str, list[Any]],
    strategy: ModuleType,
    scenario: Scenario,
) -> None:
    """A fair share of the points counts, not all, and the best is far above the middle."""
    generator = random.Random(20)
    points = [point(axes, generator.choice) for _ in range(60)]
    results = [strategy.run(chosen, scenario) for chosen in points]
    enough = pipeline["fitness"]["min_trades"]
    ratios = sorted(
        result.statistics["Compounding Annual Return"] / result.statistics["Drawdown"]
        for result in results
        if len(result.trades) >= enough and result.statistics["Drawdown"] <= 0.25
    )
    assert len(points) * 0.3 < len(ratios) < len(points) * 0.9
    assert ratios[-1] > 1.5 * ratios[len(ratios) // 2] > 0


def test_result_is_the_same_again(
    axes: dict[str, list[Any]], strategy: ModuleType, scenario: Scenario
) -> None:
    """A backtest depends on its parameters and scenario, not on what ran before in the process."""
    first, _, again = (
        strategy.run(point(axes, pick), scenario) for pick in (median_low, max, median_low)
    )
    assert first == again
