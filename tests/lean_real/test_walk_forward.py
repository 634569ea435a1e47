"""A walk-forward by real LEAN: eight windows, with a warm-up, and the source as it is.

LEANOPT_WINDOW_TRIALS sets the number of trials of each window (default: 6).
"""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from array import array
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from attrs import frozen

from leanopt_core.content import hash_data
from tests.lean_real.conftest import PYTHON
from tests.lean_real.searches import Command, Search, Start
from tests.stored import told

pytestmark = pytest.mark.slow

TRIALS = int(os.environ.get("LEANOPT_WINDOW_TRIALS", "6"))
WINDOWS = 8
#: In seconds, on a busy machine.
LIMIT = 1800.0
DAYS = ("scenario.start=2003-01-01", "scenario.end=2014-01-31")
WALK = 'walk_forward={ train = "3y", test = "1y", embargo = "5d", warmup = "60d" }'
#: Few points with few orders, so that each window has a feasible trial.
FEW = (
    'constraints.results=["Total Orders >= 2"]',
    f'stage=[{{ use = "lhs", trials = {TRIALS} }}]',
)


@frozen
class Walk:
    """A search of an example that walks forward, in a folder of its own for each run."""

    search: Search
    leanopt: Command

    def words(self, *sets: str, workers: int = 2) -> tuple[str, ...]:
        """Return the options of the commands that run it."""
        every = (*self.search.options, *DAYS, *FEW, f"executor.workers={workers}", *sets)
        return ("pipeline.toml", *(word for one in every for word in ("--set", one)))

    def run(self, workers: int) -> Path:
        """Run it; return the project."""
        project = self.search.project()
        self.leanopt(project, "run", *self.words(WALK, workers=workers), timeout=LIMIT)
        return project

    def run_killed(self, start: Start) -> Path:
        """Run it, killed at random and resumed twice; return the project."""
        project = self.search.project()
        process = start(project, "run", *self.words(WALK))
        for at in sorted(Random(8).sample(range(1, WINDOWS * TRIALS), 2)):
            while told(project) < at:
                assert process.poll() is None, process.communicate()[1]
                time.sleep(0.05)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process = start(project, "resume", "--workers", "1")
        _, errors = process.communicate(timeout=LIMIT)
        assert process.returncode == 0, errors
        return project

    def single(self, project: Path, test: Mapping[str, Any], trial: Mapping[str, Any]) -> Single:
        """Backtest a chosen trial on its test's days alone, in a project that knows no run."""
        first, last = test["test"].removeprefix("SPY ").split(" to ")
        sets = (f"scenario.start={first}", f"scenario.end={last}", 'scenario.warmup="60d"')
        params = (f"{name}={value}" for name, value in trial["parameters"].items())
        point = (word for one in params for word in ("--param", one))
        words = ("backtest", *self.words(*sets, workers=1), *point, "--to", "equity", "--json")
        (folder := project / first).mkdir()
        done = self.leanopt(project, *words, "-o", str(folder), timeout=LIMIT)
        (found,) = json.loads(done.stdout)["backtests"]
        assert found["failure"] is None
        assert not found["from_cache"]
        return Single(found["statistics"], folder / "equity.csv")


@frozen
class Single:
    """The statistics of a backtest, and the file of its curve."""

    statistics: Mapping[str, Any]
    curve: Path

    def returns(self) -> Iterator[tuple[str, float]]:
        """Yield each day with its return: the day's last value over that of the day before."""
        lasts: dict[str, float] = {}
        with self.curve.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                day = datetime.fromisoformat(row["time"]).astimezone(UTC).date().isoformat()
                lasts[day] = float(row["value"])
        for before, day in pairwise(lasts):
            # As the store keeps it, in 32 bits.
            yield day, array("f", [lasts[day] / lasts[before] - 1])[0]


@pytest.fixture(scope="module", params=["lean", "lean-python"])
def walk(request: pytest.FixtureRequest, searching, leanopt: Command, local: tuple[str, ...]):
    """The search of an example, by processes of this machine."""
    if request.param == "lean-python" and not Path(os.environ.get(PYTHON, "")).is_file():
        pytest.skip(f"needs Python for LEAN: {PYTHON} names its shared library")
    return Walk(searching(request.param, *local), leanopt)


@pytest.fixture(scope="module")
def walked(walk: Walk) -> Path:
    """The project of an undisturbed run on two workers."""
    return walk.run(2)


def lines(walk: Walk, project: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the trials and the tests of a project's run."""
    every = [json.loads(line) for line in walk.search.dump(project).splitlines()]
    return [one for one in every if "test" not in one], [one for one in every if "test" in one]


def test_each_window_has_its_trials_and_a_test(walk: Walk, walked: Path) -> None:
    """LEAN takes the dates of each; the source is the example's, byte for byte."""
    assert hash_data(walked / "Trend") == hash_data(walk.search.example / "Trend")
    trials, tests = lines(walk, walked)
    assert {one["state"] for one in trials} == {"completed"}
    assert len(trials) == WINDOWS * TRIALS
    assert [one["search"] for one in tests] == list(range(1, WINDOWS + 1))
    assert [one["failure"] for one in tests] == [None] * WINDOWS
    assert len({json.dumps(one["statistics"], sort_keys=True) for one in tests}) == WINDOWS


def test_killed_and_resumed_it_is_the_same(walk: Walk, walked: Path, start: Start) -> None:
    """On other numbers of workers, too."""
    assert walk.search.dump(walk.run_killed(start)) == walk.search.dump(walked)


def test_the_joined_curve_is_that_of_single_backtests(
    walk: Walk, walked: Path, tmp_path: Path
) -> None:
    """To the last bit of what is stored; so are the statistics of the tests."""
    trials, tests = lines(walk, walked)
    chosen = {(one["search"], one["number"]): one for one in trials}
    project, joined = walk.search.project(), list[tuple[str, str, str, float]]()
    for test in tests:
        single = walk.single(project, test, chosen[test["search"], test["number"]])
        assert single.statistics == test["statistics"]
        place = (str(test["search"]), str(test["number"]))
        returns = dict(single.returns())
        # The warm-up shows days to the algorithm, but no curve has them.
        first, last = test["test"].removeprefix("SPY ").split(" to ")
        assert first <= min(returns) <= max(returns) <= last
        joined += [(day, *place, value) for day, value in returns.items()]
    file = tmp_path / "joined.csv"
    walk.leanopt(walked, "export", "--to", "path", "-o", str(file))
    with file.open(newline="", encoding="utf-8") as text:
        rows = [
            (row["day"], row["search"], row["trial"], array("f", [float(row["return"])])[0])
            for row in csv.DictReader(text)
        ]
    assert rows == joined
    assert len(rows) > 250 * WINDOWS * 0.9
    assert any(value for *_, value in rows)
