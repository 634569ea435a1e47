"""What a fitness function sees: the same, fresh or cached, with any workers, resumed or not."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from statistics import fmean, variance
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.projects import lay

Leanopt = Callable[..., "CompletedProcess[str]"]

STRATEGY = '''
import os
import time
from random import Random

from leanopt_harness import Result, Trade, backtest

DELAY = os.path.join(os.path.dirname(__file__), ".DELAY")


@backtest
def run(parameters, scenario):
    """A walk of its own for each point and scenario, its trades taken from it."""
    random = Random(f"{parameters['x']} {scenario.symbol}")
    wait = random.random()
    if os.path.islink(DELAY):
        time.sleep(wait * float(os.readlink(DELAY)))
    value, times, equity, trades = 100.0, [], [], []
    for hour in range(0, 24 * 30, 7):
        value *= 1 + random.gauss(0.001, 0.01)
        times.append(1_000_000_000 + 3600 * hour)
        equity.append(value)
        if hour % 49 == 0 and parameters["x"] % 5:
            tag = random.choice(["stop", "target", None])
            trades.append(Trade(0, 1.1, 3, 1, hour, value, value / 3, 0.1, tag=tag))
    if "bare" in parameters:
        return Result({"Net Profit": value})
    return Result({"Net Profit": value / 100 - 1}, times=times, equity=equity, trades=trades)
'''

PLUGIN = '''
"""Fitness functions that look at everything."""

import os
from hashlib import sha256

from attrs import frozen

from leanopt_core.api import hookimpl
from leanopt_core.fitness import Fitness
from leanopt_core.specs import FitnessSpec

NEEDS = ("returns", "equity", "trades")


@frozen
class Options:
    needs: str = ""


LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_fitness():
    return [
        FitnessSpec("all", "leanopt_nosy:All", needs=NEEDS),
        FitnessSpec("told", "leanopt_nosy:Told"),
        FitnessSpec("blind", "leanopt_nosy:Blind"),
        FitnessSpec("three", "leanopt_nosy:Three"),
        FitnessSpec("curve", "leanopt_nosy:Curve", needs="equity"),
        FitnessSpec("shut", "leanopt_nosy:Shut", needs=["trades", "returns"]),
    ]


class All:
    """Every bit of what it is given, as a number from 0 to 1."""

    direction, target = "max", None

    def __init__(self, options):
        self.calls = 0

    def __call__(self, backtests, context):
        self.calls += 1
        if self.calls == int(os.environ.get("DIE_AT", "0")):
            os._exit(9)
        seen = [context]
        for one in backtests:
            seen += [one.scenario, one.closed_trades, list(one.returns.days)]
            seen += [list(one.returns.values), one.returns.ended, list(one.equity.times)]
            seen += [list(one.equity.values), *one.trades]
        digest = sha256(repr(seen).encode()).digest()
        half = int.from_bytes(digest[:4]) / 2**32
        return Fitness(int.from_bytes(digest[4:8]) / 2**32, values={"half": half})


class Told:
    """A statistic, and what it was told of the search."""

    direction, target = "max", None

    def __init__(self, options):
        pass

    def __call__(self, backtests, context):
        seen = {"stage": context.stage_trials or 0, "search": context.search_trials or 0}
        for name, moments in context.values.items():
            if name in ("fitness", "profit"):
                seen |= {f"{name} count": moments.count, f"{name} mean": moments.mean}
                if moments.variance is not None:
                    seen[f"{name} variance"] = moments.variance
        profit = backtests[0].statistics.net_profit
        if profit < 0:
            return Fitness(reasons=("a loss",), values={"profit": profit, **seen})
        return Fitness(2 * profit, values={"profit": profit, **seen})


class Blind(Told):
    """It needs nothing, so it is given nothing."""

    def __call__(self, backtests):
        given = [one for b in backtests for one in (b.returns, b.equity, b.trades)]
        return Fitness(float(any(one is not None for one in given)))


class Curve(Told):
    def __call__(self, backtests):
        assert backtests[0].returns is None is backtests[0].trades
        return Fitness(sum(value / 1000 for one in backtests for value in one.equity.values))


class Three(Told):
    def __call__(self, backtests, context, more):
        return Fitness(1.0)


class Shut(Told):
    def __call__(self, backtests):
        raise AssertionError("it has been called")
'''

PIPELINE = """
name = "nosy"
seed = 11

[strategy]
entry = "strategy.py:run"

[[scenario]]
name = "one"
symbol = "ONE"

[[scenario]]
name = "two"
symbol = "TWO"

[parameters]
x = { min = 1, max = 400, step = 1 }

[fitness]
use = "all"

[search]
lookahead = 6

[executor]
workers = 2

[[stage]]
use = "lhs"
trials = 12

[[stage]]
use = "random"
trials = 20
"""


SIZES = {
    "returns": "SELECT avg(length(daily)) FROM returns",
    "equity": "SELECT avg(length(times) + length(points)) FROM equity_curves",
    "trades": "SELECT avg(length(trades)) FROM closed_trades",
}


@pytest.fixture
def project(tmp_path: Path, install: Callable[..., Path]) -> Path:
    """A folder with a strategy and a pipeline, and the plugin installed."""
    install("leanopt-nosy", PLUGIN)
    return written(tmp_path / "project")


def written(folder: Path) -> Path:
    """Write the project into a new folder."""
    folder.mkdir()
    lay(folder, STRATEGY, PIPELINE)
    return folder


def fitted(leanopt: Leanopt, folder: Path, use: str, *more: str, **how: Any) -> Any:
    """Run the pipeline with one of the plugin's functions, and return what was printed."""
    return leanopt(folder, "run", "pipeline.toml", f"--set=fitness.use={use}", *more, **how)


def trials(leanopt: Leanopt, folder: Path) -> list[Mapping[str, Any]]:
    """Return what the newest run's export says of its trials."""
    lines = leanopt(folder, "export", "--to", "jsonl").stdout.splitlines()
    return [one for one in map(json.loads, lines) if "parameters" in one]


@pytest.mark.long
def test_fresh_and_cached_score_the_same(
    project: Path, leanopt: Leanopt, canonical: Callable[[Path], str]
) -> None:
    """To the last bit, the daily returns of 32 bits included."""
    fresh = fitted(leanopt, project, "all").stdout
    assert "64 backtests run, 0 from the cache" in fresh
    truth = canonical(project)
    cached = fitted(leanopt, project, "all", "--workers=1", "--again").stdout
    assert "0 backtests run, 64 from the cache" in cached
    assert canonical(project) == truth


@pytest.mark.long
def test_backtests_without_what_is_needed_run_again(
    project: Path, leanopt: Leanopt, canonical: Callable[[Path], str], tmp_path: Path
) -> None:
    """Those that another function left behind do not answer, but hers answer it."""
    fitted(leanopt, project, "told")
    assert "64 backtests run, 0 from the cache" in fitted(leanopt, project, "all").stdout
    other = written(tmp_path / "other")
    fitted(leanopt, other, "all")
    assert canonical(project) == canonical(other)
    assert "0 backtests run, 64 from the cache" in fitted(leanopt, project, "blind").stdout
    assert {one["fitness"] for one in trials(leanopt, project)} == {0.0}


@pytest.mark.long
def test_any_number_of_workers(
    project: Path, leanopt: Leanopt, canonical: Callable[[Path], str], tmp_path: Path
) -> None:
    """Whichever backtest ends first, each score is made of the same."""
    fitted(leanopt, project, "all", "--workers=4", DELAY="0.02")
    other = written(tmp_path / "other")
    fitted(leanopt, other, "all", "--workers=1")
    assert canonical(project) == canonical(other)


@pytest.mark.long
def test_killed_and_resumed(
    project: Path,
    leanopt: Leanopt,
    canonical: Callable[[Path], str],
    tmp_path: Path,
    site: Path,
) -> None:
    """A run that died in the middle is continued as if it had not."""
    how = {"process": True, "PYTHONPATH": str(site)}
    died = fitted(leanopt, project, "all", check=False, DIE_AT="17", **how)
    assert died.returncode == 9
    assert fitted(leanopt, project, "all", "--resume", **how).returncode == 0
    other = written(tmp_path / "other")
    fitted(leanopt, other, "all")
    assert canonical(project) == canonical(other)


def test_the_context_is_that_of_the_proposal(project: Path, leanopt: Leanopt) -> None:
    """Of trial n the first n - 6 were told; the moments are those of plain formulas."""
    fitted(leanopt, project, "told")
    found = trials(leanopt, project)
    assert len(found) == 32
    for at, trial in enumerate(found):
        # A stage begins when the one before has ended.
        told = found[: max(at - 5, 12 if at >= 12 else 0)]
        seen = trial["values"]
        assert (seen["stage"], seen["search"]) == (12 if at < 12 else 20, 32)
        values = {
            "profit": [one["values"]["profit"] for one in told],
            "fitness": [one["fitness"] for one in told if one["fitness"] is not None],
        }
        for name, known in values.items():
            assert seen.get(f"{name} count", 0) == len(known)
            if known:
                assert seen[f"{name} mean"] == pytest.approx(fmean(known), rel=1e-12)
            assert (f"{name} variance" in seen) == (len(known) > 1)
            if len(known) > 1:
                assert seen[f"{name} variance"] == pytest.approx(variance(known), rel=1e-9)
    assert any(one["fitness"] is None for one in found)


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_returns_that_are_not_stored_are_an_error(
    project: Path, leanopt: Leanopt, command: str
) -> None:
    """Before anything runs, naming the key and the plugin."""
    said = leanopt(project, command, "pipeline.toml", "--set=search.curves=none", check=False)
    assert said.returncode == 3
    assert 'search.curves: found "none", expected "daily"' in said.stderr
    assert "fitness function 'all' of leanopt-nosy 1.0 needs daily returns" in said.stderr


@pytest.mark.long
def test_plan_says_how_much_the_store_takes(project: Path, leanopt: Leanopt) -> None:
    """Not before it is known; of a probe, and then of the backtests that are stored."""
    said = leanopt(project, "plan", "pipeline.toml").stdout
    assert "store: unknown for equity, returns, trades; estimate with --probe 10" in said
    probed = json.loads(leanopt(project, "plan", "pipeline.toml", "--json", "--probe=6").stdout)
    assert probed["needs"] == ["equity", "returns", "trades"]
    fitted(leanopt, project, "all")
    planned = json.loads(leanopt(project, "plan", "pipeline.toml", "--json").stdout)
    with closing(sqlite3.connect(project / ".leanopt" / "leanopt.db")) as store:
        for name, sql in SIZES.items():
            ((mean,),) = store.execute(sql)
            assert planned["stored_bytes"][name] == pytest.approx(mean)
            assert probed["stored_bytes"][name] == pytest.approx(mean, rel=0.5)
    assert "store: about" in leanopt(project, "plan", "pipeline.toml").stdout
    plain = leanopt(project, "plan", "pipeline.toml", "--set=fitness.use=blind").stdout
    assert "store:" not in plain


@pytest.mark.long
def test_without_daily_returns_the_curve_can_be_had(project: Path, leanopt: Leanopt) -> None:
    """It has a table of its own; its backtests do not answer who wants daily returns."""
    none = ("--set=search.curves=none", "--again")
    fitted(leanopt, project, "curve", *none)
    fresh = [one["fitness"] for one in trials(leanopt, project)]
    assert "0 backtests run, 64 from the cache" in fitted(leanopt, project, "curve", *none).stdout
    assert [one["fitness"] for one in trials(leanopt, project)] == fresh
    assert len(set(fresh)) > 10
    again = fitted(leanopt, project, "curve", "--again").stdout
    assert "64 backtests run, 0 from the cache" in again


def test_a_strategy_without_a_curve_is_an_error(project: Path, leanopt: Leanopt) -> None:
    """At the first trial, before the function is called or a method is told."""
    said = fitted(leanopt, project, "shut", "--set=parameters.bare=1", check=False)
    assert said.returncode == 5
    assert "fitness function 'shut' (leanopt-nosy 1.0) needs daily returns" in said.stderr
    assert "engine 'python' (leanopt-core" in said.stderr
    assert all(one["state"] == "proposed" for one in trials(leanopt, project))


def test_a_function_of_three_arguments_is_an_error(project: Path, leanopt: Leanopt) -> None:
    """Its signature is looked at before anything runs."""
    said = fitted(leanopt, project, "three", check=False)
    assert said.returncode == 4
    assert (
        "fitness function 'three' (leanopt-nosy 1.0) takes (backtests, context, more): "
        "expected the backtests, or the backtests and a context"
    ) in said.stderr
    assert leanopt(project, "runs", "--json").stdout.strip() == '{"runs":[]}'


def test_needs_are_shown(project: Path, leanopt: Leanopt) -> None:
    """Before a pipeline uses the function."""
    said = leanopt(project, "plugins", "all").stdout
    assert "needs of each backtest: equity, returns, trades" in said
    assert "needs" not in leanopt(project, "plugins", "blind").stdout


def test_an_unknown_need_is_named(
    tmp_path: Path, install: Callable[..., Path], leanopt: Leanopt
) -> None:
    """With the nearest one there is."""
    install("leanopt-nosy", PLUGIN.replace('("returns", "equity"', '("return", "equity"'))
    said = fitted(leanopt, written(tmp_path / "project"), "all", check=False)
    assert (
        "plugin leanopt-nosy: leanopt_fitness: 'all' needs 'return'; did you mean 'returns'?"
        in (said.stderr)
    )
