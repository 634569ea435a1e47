"""How many backtests that do nothing a second: leanopt, durable, beside what does less.

Every contender searches the same 679,140 points at random: the seven parameters of the search
benchmark's landscapes. leanopt runs each backtest in one of two worker processes and commits
it before the search learns of it; Optuna's objective returns a constant in the same process.
"""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from barrier import Barrier
from common import alone, interleaved, medians, options, project, report
from quiet import timed_run, without_store

STRATEGY = '''
from leanopt_harness import Result, backtest

STATISTICS = {"Net Profit": 0.25, "Drawdown": 0.1, "Total Orders": 42}


@backtest
def run(parameters, scenario):
    """Read every parameter and do nothing."""
    for name in "abcdefg":
        parameters[name]
    return Result(STATISTICS)
'''

PIPELINE = """
name = "throughput"
seed = 7

[strategy]
entry = "strategy.py:run"

[parameters]
a = { min = 1, max = 14, step = 1 }
b = { min = 1, max = 11, step = 1 }
c = { min = 1, max = 9, step = 1 }
d = { min = 1, max = 7, step = 1 }
e = { min = 1, max = 7, step = 1 }
f = { min = 1, max = 5, step = 1 }
g = { min = 1, max = 2, step = 1 }

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"

[search]
curves = "none"

[executor]
workers = 2

[[stage]]
use = "random"
trials = 20000
"""


def leanopt(pipeline: Path, trials: int, durability: str) -> float:
    """Return trials a second from the first told one to the end of the run."""
    sets = (f"stage.0.trials={trials}", f"search.durability={durability}")
    told, seconds = timed_run(without_store(pipeline), *sets)
    return told / seconds


def optuna(folder: Path, trials: int, *, stored: bool) -> float:
    """Return trials a second of a study whose objective does nothing."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file = folder / f"optuna-{time.time_ns()}.db"
    storage = f"sqlite:///{file}" if stored else None
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=7), storage=storage)
    begun = time.perf_counter()
    study.optimize(_objective, n_trials=trials)
    return trials / (time.perf_counter() - begun)


def _objective(trial: Any) -> float:
    for name, length in zip("abcdefg", (14, 11, 9, 7, 7, 5, 2), strict=True):
        trial.suggest_int(name, 1, length)
    return 0.25


def barrier(pipeline: Path, trials: int) -> float:
    """Return backtests a second of the dispatcher with a barrier, by the same two harnesses."""
    from leanopt_core.pipeline import load_pipeline
    from leanopt_core.plugins import discover

    space = load_pipeline(pipeline, discover()).space
    sample = zip(range(trials), space.sample(7), strict=False)
    points = [{name: float(v) for name, v in space.values(p).items()} for _, p in sample]
    with Barrier(pipeline.with_name("strategy.py"), workers=2) as dispatcher:
        begun = time.perf_counter()
        dispatcher.run(points)
        return trials / (time.perf_counter() - begun)


def fdatasync_ms(folder: Path, repeats: int = 50) -> float:
    """Return how long this disk takes to make a 4 KiB page durable, the median in milliseconds."""
    taken = []
    with (folder / "synced").open("wb", buffering=0) as file:
        for _ in range(repeats):
            file.write(bytes(4096))
            begun = time.perf_counter()
            (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(file.fileno())
            taken.append((time.perf_counter() - begun) * 1000)
    return median(taken)


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--trials", type=int, help="of each fast contender and repeat")
    parser.add_argument("--repeats", type=int, help="of each contender")
    chosen = parser.parse_args()
    repeats = chosen.repeats or (3 if chosen.quick else 7)
    trials = chosen.trials or (5_000 if chosen.quick else 30_000)
    with project(STRATEGY, PIPELINE) as pipeline:
        folder = pipeline.parent
        contenders = {
            "leanopt_per_s": partial(alone, leanopt, pipeline, trials, "process"),
            "optuna_memory_per_s": partial(alone, _in_memory, folder, trials),
            "leanopt_power_per_s": partial(alone, leanopt, pipeline, trials // 5, "power"),
            "optuna_sqlite_per_s": partial(alone, _on_sqlite, folder, max(trials // 300, 5)),
            "barrier_per_s": partial(alone, barrier, pipeline, trials // 2),
            "fdatasync_ms": partial(fdatasync_ms, folder),
        }
        figures = medians(interleaved(contenders, repeats))
    report("throughput", figures, as_json=chosen.json)


def _in_memory(folder: Path, trials: int) -> float:
    return optuna(folder, trials, stored=False)


def _on_sqlite(folder: Path, trials: int) -> float:
    return optuna(folder, trials, stored=True)


if __name__ == "__main__":
    main()
