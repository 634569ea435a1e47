"""A strategy's sources are copies in containers too: saving one during a run harms nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from leanopt_core.engines.base import PrepareContext
from leanopt_core.engines.python import create
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.executors.docker.spec import SCRATCH
from leanopt_core.executors.pool import Pool
from leanopt_core.harness.events import Hello
from leanopt_core.options import PythonStrategy
from leanopt_core.work import Backtest, Command, Scenario

STRATEGY = """
from pathlib import Path

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    return Result({"Net Profit": float(Path(__file__).with_name("side.txt").read_text())})
"""


def test_workers_run_what_was_prepared(make: Callable[..., DockerExecutor], folder: Path) -> None:
    """A container that starts after the file was saved finds the files beside it, and no news."""
    file = folder / "strategy.py"
    file.write_text(STRATEGY)
    (folder / "side.txt").write_text("2.5")
    executor, engine = make(), create(PythonStrategy("strategy.py:run"), folder)
    build = engine.prepare(executor.run_command, executor.runtime(), PrepareContext())
    file.write_text("raise RuntimeError('saved in mid-run')")
    backtest = Backtest("key", {}, Scenario())
    with Pool[int](executor, build.launch, workers=1) as pool:
        pool.submit(1, engine.request(backtest, frozenset(), Hello()))
        (finished,) = pool.wait()
    assert finished.answer is not None
    outcome = engine.read(finished.answer, backtest, frozenset())
    assert outcome.statistics is not None
    assert outcome.statistics.values == {"Net Profit": 2.5}


def test_workers_write_in_the_users_scratch_folder(
    make: Callable[..., DockerExecutor], folder: Path
) -> None:
    """Below it in a folder of this user's, which is empty again once the executor is closed."""
    elsewhere = folder / "else where"
    elsewhere.mkdir()
    executor = make(scratch_folder=elsewhere)
    wrote = ("python3", "-c", f"open('{SCRATCH}/a', 'w')")
    done = executor.run_command(Command(wrote))
    assert (done.exit_code, done.errors) == (0, "")
    mine = elsewhere / f"leanopt-{os.getuid()}"
    assert len(list(mine.glob("*/"))) == 1
    executor.close()
    assert list(mine.glob("*/")) == []
    assert not (folder / ".leanopt" / "scratch").exists()
