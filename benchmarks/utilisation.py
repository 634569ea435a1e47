"""How busy workers are in steady state, beside those of a dispatcher with a barrier.

The strategy sleeps, 100 ms on average, all alike or lognormally spread (by their coefficient of
variation), and tells when it began and ended. Busy is the share of the workers' time in which a
strategy slept: what is missing is all that leanopt, the protocol and waiting for others take. With
`--searches N` a run has a search for each of N symbols, of 20 trials each: all of them share the
workers, and there is no barrier beside. With `--windows` too, the searches are windows of
walk-forward, and the best trial of each is tested when it has ended.

With `--stage NAME` that method searches seven parameters with two workers and backtests of 10 ms,
once by default and once with `asks_per_second`, if it has that option. Beside how busy the workers
are, the figures have the machine's load while they were measured, in processes by processor.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Mapping
from os import cpu_count, getloadavg
from pathlib import Path
from statistics import median
from typing import Any

from attrs import field, fields_dict, frozen
from barrier import IN_FLIGHT, Barrier
from common import alone, options, project, report, said
from quiet import Quiet

from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import Kind, discover
from leanopt_core.search.advice import advised
from leanopt_core.search.run import run_pipeline
from leanopt_core.store.store import open_store

STRATEGY = '''
import math
import random
import time

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """Sleep as long as the parameters say, and tell from when to when."""
    begun = time.monotonic()
    spread = math.log(1 + parameters["cv"] ** 2)
    draw = random.Random(parameters["x"])
    value = -sum((parameters[name] - 4) ** 2 for name in "abcdefg" if name in parameters)
    time.sleep(draw.lognormvariate(math.log(parameters["mean"]) - spread / 2, math.sqrt(spread)))
    return Result({"begun": begun, "ended": time.monotonic(), "value": value})
'''

PIPELINE = """
name = "utilisation"
seed = 7

[strategy]
entry = "strategy.py:run"

[parameters]
x = { min = 1, max = 1000000, step = 1 }
cv = 0
mean = 0.1

[fitness]
use = "statistic"
statistic = "ended"
direction = "max"

[search]
curves = "none"

[executor]
workers = 2

[[stage]]
use = "random"
trials = 1
"""

WORKERS = (2, 4, 16, 64)
SPREADS = (0, 0.5, 1)
KINDS = ("busy", "barrier_busy")
# Of runs with `--stage`: seconds of a backtest, workers, and asks a second.
MEAN, TWO, RATE = 0.01, 2, 200
Interval = tuple[float, float]


@frozen
class Load:
    """What is asked of the workers: how many they are, and how long each sleeps, in seconds.

    `trials` are those of each search; with `windows`, each search has a test. `more` are further
    keys of the pipeline, with their values.
    """

    workers: int
    spread: float
    mean: float
    trials: int
    searches: int = 1
    windows: bool = False
    more: Mapping[str, object] = field(factory=dict)


def leanopt(pipeline: Path, load: Load) -> float:
    """Return the share busy in a real run at the lookahead that is advised for so many workers."""
    lookahead = advised(load.workers)
    sets = {
        "executor.workers": load.workers,
        "search.lookahead": lookahead,
        "parameters.cv": load.spread,
        "parameters.mean": load.mean,
        "stage.0.trials": load.trials + (2 * lookahead if load.searches == 1 else 0),
        **load.more,
    }
    if load.windows:
        sets["scenario"] = f"{{ start = 2000-01-01, end = {2000 + load.searches}-12-31 }}"
        sets["walk_forward"] = '{ train = "1y", test = "1y" }'
    elif load.searches > 1:
        symbols = [f"S{number}" for number in range(load.searches)]
        sets["scenario"] = f"{{ universe = {symbols}, separate = true }}"
    registry = discover()
    loaded = load_pipeline(pipeline, registry, sets=[f"{key}={sets[key]}" for key in sets])
    run_pipeline(loaded, registry, Quiet())
    with open_store(pipeline.parent / ".leanopt" / "leanopt.db") as store:
        run = store.runs.find()
        # Once each: a test can be a backtest of the next window's trial.
        intervals = {
            _times(outcome.statistics.values)
            for search in run.searches
            for trial in store.reader.trials(search.id)
            for outcome in trial.outcomes.values()
            if trial.told and outcome.statistics is not None
        }
    # In between the first proposals, made all at once, and the last, after which none are made.
    begun = sorted(begin for begin, _ in intervals)
    return busy(intervals, load.workers, begun[lookahead], begun[-lookahead])


def _times(statistics: Mapping[str, Any]) -> Interval:
    return float(statistics["begun"]), float(statistics["ended"])


def barrier(pipeline: Path, load: Load) -> float:
    """Return the share busy behind the barrier, with at least as many in flight as workers."""
    points = [{"x": x, "cv": load.spread, "mean": load.mean} for x in range(load.trials)]
    strategy = pipeline.with_name("strategy.py")
    with Barrier(strategy, load.workers, max(IN_FLIGHT, load.workers)) as dispatcher:
        answers = dispatcher.run(points)
    intervals = [_times(answer["statistics"]) for answer in answers]
    start = min(begin for begin, _ in intervals)
    return busy(intervals, load.workers, start, max(end for _, end in intervals))


def busy(intervals: Collection[Interval], workers: int, start: float, stop: float) -> float:
    """Return which share of the workers' time from `start` to `stop` the intervals cover."""
    covered = sum(max(0.0, min(end, stop) - max(begin, start)) for begin, end in intervals)
    return covered / (workers * (stop - start))


def several(chosen: Namespace) -> None:
    """Measure runs of several searches and print."""
    trials = 10 if chosen.quick else 20
    figures: dict[str, float | None] = {}
    for workers in (workers for workers in WORKERS if workers <= chosen.most):
        for spread in SPREADS:
            load = Load(workers, spread, chosen.mean, trials, chosen.searches, chosen.windows)
            with project(STRATEGY, PIPELINE) as pipeline:
                share = alone(leanopt, pipeline, load)
            what = "windows" if chosen.windows else "searches"
            figures[f"busy_{workers}_cv{spread:g}_{what}_{chosen.searches}"] = share
            said(f"  {chosen.searches} {what}, {workers} workers, CV {spread:g}: {share:.3f}")
    report("utilisation", figures, as_json=chosen.json)


def of_stage(chosen: Namespace) -> None:
    """Measure runs of one method and print."""
    registered = discover().find(Kind.STAGE, chosen.stage)
    known = fields_dict(registered.spec.options) if registered else {}
    rates = [None, RATE] if "asks_per_second" in known else [None]
    seconds, repeats = (3, 1) if chosen.quick else (10, 3)
    figures: dict[str, float | None] = {}
    for rate in rates:
        more: dict[str, object] = {
            "stage.0.use": chosen.stage,
            **({} if rate is None else {"stage.0.asks_per_second": rate}),
            "parameters.x": 0,
            **{f"parameters.{name}": "{ min = 1, max = 9 }" for name in "abcdefg"},
            "fitness.statistic": "value",
        }
        load = Load(TWO, 0, MEAN, round(seconds / MEAN * TWO), more=more)
        shares, loads = [], []
        for _ in range(repeats):
            with project(STRATEGY, PIPELINE) as pipeline:
                shares.append(alone(leanopt, pipeline, load))
            loads.append(getloadavg()[0] / (cpu_count() or 1))
        name = f"busy_{TWO}_{chosen.stage}" + ("" if rate is None else f"_{rate}")
        figures |= {name: median(shares), f"load_{name}": median(loads)}
        said(
            f"  {name}: {[f'{one:.3f}' for one in shares]}, load {[f'{one:.1f}' for one in loads]}"
        )
    report("utilisation", figures, as_json=chosen.json)


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--mean", type=float, default=0.1, help="of the strategy's sleep, seconds")
    parser.add_argument("--most", type=int, default=WORKERS[-1], help="leave out more workers")
    parser.add_argument("--searches", type=int, default=1, help="searches of a run")
    parser.add_argument("--windows", action="store_true", help="searches are of windows")
    parser.add_argument("--stage", help="of one method, by its name")
    chosen = parser.parse_args()
    if chosen.stage:
        of_stage(chosen)
        return
    if chosen.searches > 1:
        several(chosen)
        return
    seconds, repeats = (1.5, 1) if chosen.quick else (4, 3)
    names = [f"{what}_{w}_cv{c:g}" for what in KINDS for w in WORKERS for c in SPREADS]
    figures: dict[str, float | None] = dict.fromkeys(names)
    for workers in (workers for workers in WORKERS if workers <= chosen.most):
        for spread in SPREADS:
            trials = round(max(seconds / 0.1 * workers, 2 * IN_FLIGHT))
            load = Load(workers, spread, chosen.mean, trials)
            shares: dict[str, list[float]] = {kind: [] for kind in KINDS}
            for _ in range(repeats):
                with project(STRATEGY, PIPELINE) as pipeline:
                    shares["busy"].append(alone(leanopt, pipeline, load))
                    shares["barrier_busy"].append(alone(barrier, pipeline, load))
            for kind, values in shares.items():
                figures[f"{kind}_{workers}_cv{spread:g}"] = median(values)
                said(f"  {kind} {workers} workers, CV {spread:g}: {[f'{v:.3f}' for v in values]}")
    report("utilisation", figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
