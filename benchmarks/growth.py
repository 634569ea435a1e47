"""Whether the millionth trial costs what the thousandth did: time, memory, and room on disk.

The run is a real one (state machine, random stage, scoring, loop, engine, store) in one store over
a space of 10**12 points, but without worker processes: answers are there at once. What workers cost
does not depend on how many trials there were before.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from common import options, project, report, said
from growth_run import PIPELINE, STRATEGY, State, drive

from leanopt_core.project_files import STORE

THREE = ("Net Profit", "Drawdown", "Total Orders")
LEAN = (
    *("Total Orders", "Average Win", "Average Loss", "Compounding Annual Return", "Drawdown"),
    *("Expectancy", "Start Equity", "End Equity", "Net Profit", "Sharpe Ratio", "Sortino Ratio"),
    *("Probabilistic Sharpe Ratio", "Loss Rate", "Win Rate", "Profit-Loss Ratio", "Alpha", "Beta"),
    *("Annual Standard Deviation", "Annual Variance", "Information Ratio", "Tracking Error"),
    *("Treynor Ratio", "Total Fees", "Estimated Strategy Capacity", "Lowest Capacity Asset"),
    *("Portfolio Turnover", "Drawdown Recovery", "Total Trades"),
)

POINTS = (1_000, 10_000, 100_000, 1_000_000)
#: The longest stretch that is timed at once; it holds two rewrites of the store's log.
STRETCH = 20_000
#: The trials of the run that is run again, and of the one that is resumed and has a few more left.
AGAIN, RESUMED, LEFT = 10_000, 100_000, 20


class Driven:
    """A run in a process of its own."""

    def __init__(self, pipeline: Path, names: Sequence[str]) -> None:
        context = get_context("spawn")
        self._line, other = context.Pipe()
        self._process = context.Process(target=drive, args=(other, pipeline, names))
        self._process.start()
        other.close()
        self._begun = False

    def begin(self, goal: int) -> None:
        """Have it go to trial `goal`; `arrive` says when it is there."""
        self._line.send(goal)

    def arrive(self) -> State:
        """Return its state at the goal."""
        if self._begun:
            self._before: State = self._line.recv()
        self._begun = True
        after: State = self._line.recv()
        return after

    def timed(self, goal: int) -> tuple[State, float, int]:
        """Go to trial `goal`; return the state there, the seconds and the trials it took."""
        self.begin(goal)
        after = self.arrive()
        return after, after.seconds - self._before.seconds, after.trials - self._before.trials

    def close(self) -> None:
        """End the run; its store is then complete."""
        self._line.close()
        self._process.join()


@contextmanager
def driven(names: Sequence[str]) -> Iterator[tuple[Driven, Path]]:
    """Yield a run and its store's file."""
    with project(STRATEGY, PIPELINE) as pipeline:
        run = Driven(pipeline, names)
        try:
            yield run, pipeline.parent / STORE
        finally:
            run.close()


def around(run: Driven, trial: int, start: int, stop: int) -> tuple[float, float | None]:
    """Continue from trial `start` to `stop`: microseconds a trial, and MB at `trial` if passed."""
    goals = [goal for goal in (trial, stop) if start < goal <= stop]
    seconds, trials, memory = 0.0, 0, None
    for goal in sorted(set(goals)):
        state, took, made = run.timed(goal)
        seconds, trials = seconds + took, trials + made
        memory = state.rss_mb if goal == trial else memory
    return seconds / trials * 1e6, memory


def in_passing(points: Sequence[int]) -> tuple[dict[str, float], float]:
    """Measure one run once around each of `points`; return that and its store's bytes a trial."""
    figures: dict[str, float] = {}
    with driven(THREE) as (run, file):
        for point in points:
            half = min(point, STRETCH) // 2
            run.begin(point - half)
            run.arrive()
            cost, memory = around(run, point, point - half, point + half)
            figures |= {f"us_per_trial_at_{point}": cost, f"rss_mb_at_{point}": memory or 0.0}
            said(f"  at {point}: {cost:.1f} us, {memory:.1f} MB")
        run.close()
        return figures, file.stat().st_size / (points[-1] + half)


def repeated(points: Sequence[int], repeats: int) -> tuple[dict[str, float], float]:
    """Measure runs at all `points` in turn, `repeats` times; a point's run is restarted if early.

    Early is where the stretches of all repeats would not lie around the point.
    """
    costs: dict[int, list[float]] = {point: [] for point in points}
    memories: dict[int, list[float]] = {point: [] for point in points}
    with ExitStack() as stack:
        late = {
            point: stack.enter_context(driven(THREE))
            for point in points
            if point > repeats * STRETCH / 2
        }
        for point, (run, _) in late.items():
            run.begin(point - repeats * STRETCH // 2)
        for run, _ in late.values():
            run.arrive()
        for turn in range(repeats):
            for point in points:
                if point in late:
                    start = point + STRETCH * turn - repeats * STRETCH // 2
                    cost, memory = around(late[point][0], point, start, start + STRETCH)
                else:
                    cost, memory = restarted(point)
                costs[point].append(cost)
                memories[point] += [] if memory is None else [memory]
                said(f"  {turn + 1}/{repeats} at {point}: {cost:.1f} us")
        size = 0.0
        for point, (run, file) in late.items():
            run.close()
            size = file.stat().st_size / (point + repeats * STRETCH / 2)
    figures: dict[str, float] = {}
    for point in points:
        figures[f"us_per_trial_at_{point}"] = median(costs[point])
        figures[f"rss_mb_at_{point}"] = median(memories[point])
        said(f"  at {point}: {min(costs[point]):.1f} to {max(costs[point]):.1f} us")
    return figures, size


def restarted(point: int) -> tuple[float, float | None]:
    """Measure a fresh run from half of `point` to half as much again."""
    with driven(THREE) as (run, _):
        run.begin(point // 2)
        run.arrive()
        return around(run, point, point // 2, point + point // 2)


def bytes_per_trial(names: Sequence[str], trials: int) -> float:
    """Return how large a store becomes, by trial."""
    with driven(names) as (run, file):
        run.begin(trials)
        run.arrive()
        run.close()
        return file.stat().st_size / trials


def command_s(told: int, trials: int, *words: str) -> float:
    """Return the seconds of a `leanopt` command after `told` of `trials` trials of a search."""
    with project(STRATEGY, f"{PIPELINE}trials = {trials}\n") as pipeline:
        run = Driven(pipeline, THREE)
        run.begin(told)
        run.arrive()
        run.close()
        command = [Path(sys.executable).with_name("leanopt"), *words]
        began = time.perf_counter()
        subprocess.run(command, cwd=pipeline.parent, check=True, capture_output=True)
        return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--largest", type=int, default=POINTS[-1], help="leave out later trials")
    chosen = parser.parse_args()
    points = [point for point in POINTS if point <= chosen.largest]
    if chosen.quick:
        measured, three = in_passing(points)
    else:
        measured, three = repeated(points, repeats=5)
    names = [f"{what}_at_{point}" for what in ("us_per_trial", "rss_mb") for point in POINTS]
    figures: dict[str, float | None] = {name: measured.get(name) for name in names}
    figures["store_bytes_per_trial"] = three
    figures["store_bytes_per_trial_28"] = bytes_per_trial(LEAN, min(50_000, chosen.largest))
    again, resumed = (min(trials, chosen.largest) for trials in (AGAIN, RESUMED))
    figures["again_s"] = command_s(again, again, "run", "pipeline.toml", "--again")
    figures["resume_s"] = command_s(resumed, resumed + LEFT, "resume")
    report("growth", figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
