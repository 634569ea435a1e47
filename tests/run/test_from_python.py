"""Python does what the command does, and reads what it has stored, without changing it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import leanopt_core
from leanopt_core.errors import PipelineError, StoreError, UsageError
from leanopt_core.store.database import Database

Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]

#: As `curves` has them: closes of four days, of which three have a return.
DAYS = np.array(["1970-01-02", "1970-01-03", "1970-01-04"], dtype="datetime64[D]")
LIGHT = """
import sys
import leanopt_core
assert "leanopt_core.search.run" not in sys.modules
with leanopt_core.open_store(".") as store:
    run = store.run()
    len(list(store.trials(run))), store.best(run), store.report(run), store.runs()
    assert "numpy" not in sys.modules
    store.equity(run, run.searches[0].best)
    assert "numpy" in sys.modules
"""


@pytest.mark.long
def test_the_same_run(project: Path, leanopt: Leanopt) -> None:
    """It has the trials of the command's run with the same values set; the same run is found."""
    ran = leanopt_core.run(project / "pipeline.toml", {"stage.1.trials": 12, "seed": 9})
    assert (ran.name, ran.state, ran.searches[0].told) == ("hill-1", "finished", 36)
    same = ("--set", "stage.1.trials=12", "--set", "seed=9")
    leanopt(project, "run", "pipeline.toml", "--again", *same)
    dumps = [
        leanopt(project, "export", name, "--to", "jsonl", "--canonical").stdout
        for name in ("hill-1", "hill-2")
    ]
    assert dumps[0] == dumps[1]
    with leanopt_core.open_store(project) as store:
        assert store.run("hill-1") == ran
        assert [one.name for one in store.runs()] == ["hill-2", "hill-1"]


def test_what_is_wrong_is_raised(project: Path) -> None:
    """With the words of the command."""
    with pytest.raises(PipelineError, match="did you mean 'seed'"):
        leanopt_core.run(project / "pipeline.toml", {"sed": 9})
    with pytest.raises(UsageError, match="there are no runs in"):
        leanopt_core.open_store(project)


@pytest.mark.long
def test_misuse_is_told(searched: Path) -> None:
    """In leanopt's own errors."""
    with pytest.raises(UsageError, match="does not exist"):
        leanopt_core.open_store(searched / "typo")
    with pytest.raises(UsageError, match="expected a mapping"):
        leanopt_core.run(searched / "pipeline.toml", ["seed=9"])  # type: ignore[arg-type]
    store = leanopt_core.open_store(searched)
    with pytest.raises(UsageError, match="expected 1 or more"):
        store.best(store.run(), 0)
    with ThreadPoolExecutor() as pool, pytest.raises(StoreError, match="belongs to one thread"):
        pool.submit(store.runs).result()
    store.close()
    with pytest.raises(StoreError, match="was closed"):
        store.runs()


@pytest.mark.long
def test_warnings_are_pythons(project: Path) -> None:
    """As that few trials are left, or what a run's owner should know."""
    overrides = {"executor.workers": 3, "search.lookahead": 1, "stage.1.trials": 2}
    with pytest.warns(UserWarning, match="lookahead"):
        leanopt_core.run(project / "pipeline.toml", overrides)


@pytest.fixture
def searched(project: Path) -> Path:
    """A project with one run, some trials of which failed."""
    leanopt_core.run(project / "pipeline.toml", {"stage.1.trials": 36})
    return project


@pytest.mark.long
def test_trials(searched: Path) -> None:
    """All of a search in order; a pipeline or the file name the store as well."""
    for path in (searched, searched / "pipeline.toml", searched / ".leanopt" / "leanopt.db"):
        with leanopt_core.open_store(path) as store:
            run = store.run()
            trials = list(store.trials(run))
            assert [trial.number for trial in trials] == list(range(1, 61))
            best = store.best(run)[0].trial
            assert best == trials[best.number - 1]
            assert set(best.values) == {"x", "y", "mode"}
            counts = store.report(run).tally
            assert counts.completed + counts.failed == 60
            with pytest.raises(UsageError, match="no search 2"):
                store.trials(run, search=2)


@pytest.mark.long
def test_returns(searched: Path) -> None:
    """They are what the strategy's equity says, trial by trial; failed trials are left out."""
    with leanopt_core.open_store(searched) as store:
        run = store.run()
        trials = {trial.number: trial for trial in store.trials(run)}
        matrix = store.returns_matrix(run)
        failed = {number for number, trial in trials.items() if trial.failure}
        assert failed == set(matrix.left_out)
        assert all("no trading at x" in reason for reason in matrix.left_out.values())
        assert set(matrix.trials) == trials.keys() - failed
        assert matrix.values.shape == (3, len(matrix.trials))
        np.testing.assert_array_equal(matrix.days, DAYS)
        for column, number in enumerate(matrix.trials):
            statistics = trials[number].outcomes[0].statistics
            assert statistics is not None
            x, y = trials[number].values["x"], trials[number].values["y"]
            closes = [100.0, 100 + x, 99 + float(y), 100 * (1 + (statistics.net_profit or 0.0))]
            expected = [after / before - 1 for before, after in pairwise(closes)]
            np.testing.assert_allclose(matrix.values[:, column], expected, rtol=1e-6, atol=1e-7)
            equity = store.equity(run, number)
            np.testing.assert_array_equal(equity.days, DAYS)
            np.testing.assert_allclose(equity.values, np.array(closes[1:]) / 100, rtol=1e-6)
        with pytest.raises(UsageError, match=f"trial {min(failed)} of run hill-1: strategy error"):
            store.equity(run, min(failed))
        with pytest.raises(UsageError, match="no scenario 'up'"):
            store.equity(run, 1, scenario="up")


@pytest.mark.long
def test_days_that_not_all_have(project: Path) -> None:
    """A trial without a value on a day has no change on it."""
    strategy = project / "strategy.py"
    text = strategy.read_text().replace("range(4)", "range(0, 4 + 4 * (x % 2), 1 + x % 2)")
    strategy.write_text(text)
    leanopt_core.run(project / "pipeline.toml", {"stage.1.trials": 2})
    with leanopt_core.open_store(project) as store:
        run = store.run()
        matrix = store.returns_matrix(run)
        for column, number in enumerate(matrix.trials):
            growth = np.cumprod(1 + matrix.values[:, column])
            assert growth[-1] == pytest.approx(store.equity(run, number).values[-1])
        assert len(matrix.days) == 5
        missing = 5 - np.count_nonzero(matrix.values, axis=0)
        assert matrix.filled == dict(zip(matrix.trials, missing.tolist(), strict=True))
        assert {int(np.count_nonzero(column)) for column in matrix.values.T} <= {2, 3}


@pytest.mark.long
def test_a_ruined_trial_loses_all(project: Path) -> None:
    """On the day on which its equity is 0 or below; a return beyond 32 bits is left out."""
    strategy = project / "strategy.py"
    old = "[100.0, 100 + x, 99 + y, 100 * (1 + profit)]"
    text = strategy.read_text()
    assert old in text
    new = "[100.0, 101.0, (-5.0, 0.0, 1e60, 102.0)[x % 4], 100.0]"
    strategy.write_text(text.replace(old, new))
    leanopt_core.run(project / "pipeline.toml", {"stage.1.trials": 12})
    with leanopt_core.open_store(project) as store:
        run = store.run()
        rest = {trial.number: int(trial.values["x"]) % 4 for trial in store.trials(run)}
        matrix = store.returns_matrix(run)
    kept = {rest[number] for number in matrix.trials}
    assert kept == {0, 1, 3}
    for column, number in enumerate(matrix.trials):
        ruined = rest[number] < 2
        assert (matrix.values[1:, column].tolist() == [-1, 0]) == ruined
        assert matrix.filled.get(number, 0) == ruined
    beyond = {number for number, why in matrix.left_out.items() if "returns end early" in why}
    assert {rest[number] for number in beyond} == {2}


@pytest.mark.long
def test_nothing_is_written(searched: Path) -> None:
    """Nor is an older store brought up to date."""
    file = searched / ".leanopt" / "leanopt.db"
    before = sha256(file.read_bytes()).digest()
    with leanopt_core.open_store(searched) as store:
        store.report(store.run())
        with pytest.raises(StoreError, match="permissions"):
            store._store.runs.delete(1)
    assert sha256(file.read_bytes()).digest() == before
    forget_a_migration(file)
    with pytest.raises(StoreError, match="update it: leanopt runs -C "):
        leanopt_core.open_store(searched)


def forget_a_migration(file: Path) -> None:
    """Make a store look as if an older leanopt had made it."""
    import sqlite3

    with sqlite3.connect(file) as connection:
        database = Database(file, connection)
        database.run("DELETE FROM _sqlite_migrations WHERE rowid = 1")
    connection.close()


def test_light(searched: Path) -> None:
    """NumPy is loaded for daily returns only, and the search for nothing of this."""
    subprocess.run([sys.executable, "-c", LIGHT], cwd=searched, check=True)
