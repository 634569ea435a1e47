"""Each fitness function judges the quickstart's backtests as NumPy does, run beside it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from leanopt_harness import Parameters, Result, Scenario

from leanopt_core import open_store
from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import discover

pytestmark = pytest.mark.slow

SETS = ("stage.lhs.trials=6", "stage.random.trials=2", "executor.workers=2")


def returns(result: Result) -> tuple[np.ndarray, float]:
    """Return the daily returns, rounded as the store keeps them, and how many make a year."""
    changes = np.array([b / a - 1 for a, b in pairwise(result.equity)], dtype=np.float32)
    days = [time // 86_400 for time in result.times[1:]]
    years = (days[-1] - days[0] + 1) / 365.25
    return changes.astype(float), len(changes) / years


def net(result: Result) -> np.ndarray:
    """Return the profits of closed trades after fees."""
    return np.array([trade.profit - trade.fees for trade in result.trades])


def sharpe(result: Result) -> float:
    """Return mean over deviation, with a risk-free rate of 2%."""
    changes, periods = returns(result)
    rate = 1.02 ** (1 / periods) - 1
    return (changes.mean() - rate) / changes.std(ddof=1) * np.sqrt(periods)


def deflated_sharpe(result: Result) -> float:
    """Return the chance below the ratio's distance from the best of 50 trials without skill."""
    changes, periods = returns(result)
    spread = changes - changes.mean()
    second, third, fourth = ((spread**k).mean() for k in (2, 3, 4))
    ratio = changes.mean() / changes.std(ddof=1)
    normal = NormalDist()
    tails = normal.inv_cdf(1 - 1 / 50), normal.inv_cdf(1 - 1 / (50 * np.e))
    threshold = np.sqrt(0.2 / periods) * (
        (1 - np.euler_gamma) * tails[0] + np.euler_gamma * tails[1]
    )
    squared = 1 - third / second**1.5 * ratio + (fourth / second**2 - 1) / 4 * ratio**2
    return normal.cdf((ratio - threshold) * np.sqrt((len(changes) - 1) / squared))


def sortino(result: Result) -> float:
    """Return mean over downside deviation."""
    changes, periods = returns(result)
    return changes.mean() / np.sqrt((np.minimum(changes, 0) ** 2).mean()) * np.sqrt(periods)


def ulcer(result: Result) -> float:
    """Return compound annual return over ulcer index."""
    changes, periods = returns(result)
    wealth = np.concatenate([[1.0], np.cumprod(1 + changes)])
    index = np.sqrt(((wealth / np.maximum.accumulate(wealth) - 1) ** 2).mean())
    excess = wealth[-1] ** (periods / len(changes)) - 1
    return excess / index if excess > 0 else excess * (1 + index)


def profit_factor(result: Result) -> float:
    """Return gross profit over gross loss."""
    profits = net(result)
    return profits[profits > 0].sum() / -profits[profits < 0].sum()


def sqn(result: Result) -> float:
    """Return mean over deviation, times the root of at most 100 trades."""
    profits = net(result)
    return profits.mean() / profits.std(ddof=1) * np.sqrt(min(len(profits), 100))


def expression(result: Result) -> float:
    """Return the formula below."""
    statistics: Any = result.statistics
    return statistics["Sharpe Ratio"] * min(1, statistics["Total Orders"] / 100)


CASES: dict[Callable[[Result], float], str] = {
    sharpe: 'risk_free_rate = "2%", min_years = 13.9',
    deflated_sharpe: "trials = 50, variance = 0.2",
    sortino: "min_years = 13.9",
    ulcer: "",
    profit_factor: "",
    sqn: "",
    expression: 'formula = "[Sharpe Ratio] * min(1, [Total Orders] / 100)"',
}


@pytest.fixture(scope="module")
def project(quickstart: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the quickstart; its runs share a store."""
    folder = tmp_path_factory.mktemp("fitness") / "quickstart"
    shutil.copytree(quickstart, folder, ignore=shutil.ignore_patterns(".leanopt"))
    return folder


@pytest.mark.alike(1)
@pytest.mark.parametrize("expected", CASES, ids=lambda case: case.__name__)
def test_a_run_ranks_by_it(
    expected: Callable[[Result], float],
    project: Path,
    strategy: ModuleType,
    leanopt: Callable[..., Any],
) -> None:
    """Every trial with enough trades has the value that follows from its curve and trades."""
    options = ", ".join(filter(None, [f'use = "{expected.__name__}"', CASES[expected]]))
    sets = (*SETS, f"fitness={{ {options}, min_trades = 20 }}")
    leanopt(project, "run", "pipeline.toml", *(word for one in sets for word in ("--set", one)))
    scenario = load_pipeline(project / "pipeline.toml", discover({}), environment={}).scenarios[0]
    told = Scenario(
        symbol=scenario.symbol,
        start=scenario.start,
        end=scenario.end,
        cash=float(scenario.cash or 0),
        data=project / "data",
    )
    with open_store(project) as store:
        trials = [one for one in store.trials(store.run()) if one.fitness is not None]
    assert len(trials) > 4
    for trial in trials:
        result = strategy.run(Parameters(trial.values), told)
        assert len(result.trades) >= 20
        assert trial.fitness == pytest.approx(expected(result), rel=1e-9)
