"""How right the time left is that `run` and `watch` show, in ten runs.

Each strategy sleeps, 100 ms on average: evenly or not, after a slow start, with results from the
cache, in several stages, for several symbols, after a resume. An estimate is looked at four times a
second, from when a tenth of the backtests have ended until nine tenths have; its error is a share
of what was left in truth. After that the error is a share of that last part of the run, since
nothing is left at its end. Of run times that are spread more, a tenth says too little for any
estimate.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Thread

from attrs import evolve, field, frozen
from common import alone, options, project, report, said

from leanopt_core.cli.progress import View
from leanopt_core.cli.screen import ProgressScreen
from leanopt_core.cli.watch import follow
from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import discover
from leanopt_core.project_files import STORE
from leanopt_core.report.subject import process_of
from leanopt_core.search.events import BacktestEnded, RunEvent, TrialTold
from leanopt_core.search.run import run_pipeline
from leanopt_core.search.wanted import Wanted
from leanopt_core.store.store import open_store

STRATEGY = '''
import math
import random
import time

from leanopt_harness import Result, backtest

first = True
time.sleep(IMPORT)


@backtest
def run(parameters, scenario):
    """Sleep as long as the parameters say; the first time in a process longer."""
    global first
    spread = math.log(1 + parameters["cv"] ** 2)
    draw = random.Random(parameters["x"])
    seconds = draw.lognormvariate(math.log(parameters["mean"]) - spread / 2, math.sqrt(spread))
    time.sleep(seconds * (parameters["cold"] if first else 1))
    first = False
    return Result({"value": parameters["x"] % 997})
'''

PIPELINE = """
name = "time-left"
seed = 7

[strategy]
entry = "strategy.py:run"

[parameters]
x = { min = 1, max = 100000, step = 1 }
cv = 0
cold = 1
mean = 0.1

[fitness]
use = "statistic"
statistic = "value"

[search]
curves = "none"
lookahead = 16
check_warm = 0

[executor]
workers = 2

[[stage]]
use = "random"
trials = 300

[[stage]]
use = "lhs"
trials = 1
"""

KINDS = ("run", "watch")
Views = list[tuple[float, float | None]]


@frozen
class Case:
    """A run to follow: its settings, those of a run before it, and where it is interrupted.

    `interrupted` is after how many trials; the run that is followed continues it.
    """

    sets: Mapping[str, object] = field(factory=dict)
    before: Mapping[str, object] | None = None
    interrupted: int = 0
    slow: bool = False


CASES = {
    "even": Case({"stage.0.trials": 300}),
    "spread": Case({"parameters.cv": 0.5, "stage.0.trials": 300}),
    "slow_start": Case({"parameters.cold": 5, "stage.0.trials": 600}, slow=True),
    "searches": Case(
        {
            "scenario": '{ universe = ["A", "B", "C"], separate = true }',
            "executor.workers": 4,
            "parameters.cv": 0.5,
            "stage.0.trials": 200,
        }
    ),
    "stages": Case({"stage.0.trials": 150, "stage.1.trials": 150, "parameters.cv": 0.5}),
    "points": Case({"parameters.x.max": 250, "stage.0.trials": 600}),
    "cached_first": Case(before={"stage.0.trials": 150}, sets={"stage.0.trials": 400}),
    "resumed": Case({"parameters.cv": 0.5, "stage.0.trials": 600}, interrupted=200),
    "resumed_late": Case({"parameters.cold": 5, "stage.0.trials": 900}, interrupted=300, slow=True),
    "resumed_stages": Case(
        {"stage.0.trials": 150, "stage.1.trials": 250, "parameters.cv": 0.5}, interrupted=200
    ),
}


class Looking(ProgressScreen):
    """Keep the time left of each view, with when it was shown; stop a run after some trials."""

    EVERY = 0.25

    def __init__(self, stop_after: int = 0) -> None:
        super().__init__()
        self.views: Views = []
        self.ended: list[float] = []
        self._left = stop_after

    def show(self, view: View) -> None:
        """Keep the view."""
        self.views.append((time.monotonic(), view.left))

    def observe(self, event: RunEvent) -> None:
        """Count trials, and interrupt the process after enough."""
        super().observe(event)
        if isinstance(event, BacktestEnded):
            self.ended.append(time.monotonic())
        if self._left and isinstance(event, TrialTold):
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGINT)


@frozen
class Seen:
    """What was shown of a run, by kind; when its backtests ended, and when it did."""

    backtests: list[float]
    ended: float
    views: Mapping[str, Views]


def followed(pipeline: Path, case: Case) -> Seen:
    """Run a case, and watch it as another process would; return what was shown."""
    if case.before is not None:
        run(pipeline, {**case.sets, **case.before})
    if case.interrupted:
        run(pipeline, case.sets, Looking(case.interrupted))
    shown, watched = Looking(), Looking()
    watcher = Thread(target=watch, args=(pipeline, watched))
    watcher.start()
    run(pipeline, case.sets, shown, resume=bool(case.interrupted))
    ended = time.monotonic()
    watcher.join()
    return Seen(shown.ended, ended, dict(zip(KINDS, (shown.views, watched.views), strict=True)))


def run(
    pipeline: Path,
    sets: Mapping[str, object],
    screen: Looking | None = None,
    *,
    resume: bool = False,
) -> None:
    """Run a pipeline with these settings, to its end or until `screen` interrupts it."""
    registry = discover()
    loaded = load_pipeline(pipeline, registry, sets=[f"{key}={sets[key]}" for key in sets])
    run_pipeline(loaded, registry, screen or Looking(), wanted=Wanted(resume=resume))


def watch(pipeline: Path, screen: Looking) -> None:
    """Follow the run that comes next to its end."""
    path = pipeline.parent / STORE
    while True:
        time.sleep(0.05)
        if not path.is_file():
            continue
        with open_store(path) as store:
            found = next((one for one in store.runs.unfinished() if process_of(store, one)), None)
            if found is not None:
                follow(store, found, screen)
                return


def errors(seen: Seen, views: Views) -> tuple[float, float]:
    """Return the largest error until the last tenth of the run, and in it."""
    first, last = (seen.backtests[len(seen.backtests) * tenths // 10] for tenths in (1, 9))
    middle = [error(left, seen.ended - now) for now, left in views if first <= now < last]
    end = [error(left, seen.ended - now, seen.ended - last) for now, left in views if now >= last]
    return max(middle, default=1.0), max(end, default=1.0)


def error(left: float | None, truth: float, least: float = 0.0) -> float:
    """Return by how much an estimate is off, as a share of the truth; without one, by all."""
    return 1.0 if left is None else abs(left - truth) / max(truth, least)


def measured(names: Iterable[str], trials: float) -> dict[str, float | None]:
    """Return the largest error of each case and kind; `trials` is the share of its trials."""
    figures: dict[str, float | None] = {}
    ends: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for name in names:
        case = CASES[name]
        strategy = STRATEGY.replace("IMPORT", "1" if case.slow else "0")
        with project(strategy, PIPELINE) as pipeline:
            seen = alone(followed, pipeline, scaled(case, trials))
        for kind, views in seen.views.items():
            figures[f"{kind}_{name}"], end = errors(seen, views)
            ends[kind].append(end)
            said(f"  {kind} {name}: {figures[f'{kind}_{name}']:.3f}, in the last tenth {end:.3f}")
    return figures | {f"{kind}_last_tenth": max(ends[kind]) for kind in KINDS}


def scaled(case: Case, share: float) -> Case:
    """Return a case with this share of its trials."""

    def less(sets: Mapping[str, object]) -> dict[str, object]:
        return {
            key: max(1, round(float(str(value)) * share)) if key.endswith("trials") else value
            for key, value in sets.items()
        }

    before = None if case.before is None else less(case.before)
    return evolve(
        case, sets=less(case.sets), before=before, interrupted=round(case.interrupted * share)
    )


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--only", choices=CASES, help="one of the runs")
    parser.add_argument("--trials", type=float, default=1.0, help="share of each run's trials")
    chosen = parser.parse_args()
    names = [chosen.only] if chosen.only else list(CASES)
    share = min(chosen.trials, 0.4) if chosen.quick else chosen.trials
    figures = dict.fromkeys(f"{kind}_{name}" for kind in KINDS for name in CASES)
    report("time_left", figures | measured(names, share), as_json=chosen.json)


if __name__ == "__main__":
    main()
