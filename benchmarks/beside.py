"""Two processes at one store: their rate together over that of each alone, with other points.

Each searches a million points at random with two workers. A backtest sleeps for 10 ms, so that
processors do not decide.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from common import options, project, report, said
from quiet import timed_run

STRATEGY = '''
import time

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """Sleep."""
    time.sleep(0.01)
    return Result({"Net Profit": parameters["x"] / 7})
'''

PIPELINE = """
name = "beside"

[strategy]
entry = "strategy.py:run"

[parameters]
x = { min = 1, max = 1000000, step = 1 }

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
trials = 1000
"""


def rate(pipeline: Path, trials: int) -> float:
    """Return trials a second from the first told one to the end of the run."""
    told, seconds = timed_run(pipeline, f"stage.0.trials={trials}")
    return told / seconds


def together(pipeline: Path, trials: int, processes: int) -> float:
    """Return the sum of the rates of so many processes at the same time."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(rate, [pipeline] * processes, [trials] * processes))


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--trials", type=int, help="of each process and repeat")
    parser.add_argument("--repeats", type=int, help="of each measurement")
    chosen = parser.parse_args()
    trials = chosen.trials or (1000 if chosen.quick else 3000)
    repeats = chosen.repeats or (3 if chosen.quick else 7)
    shares, alone = [], []
    with project(STRATEGY, PIPELINE) as pipeline:
        for turn in range(repeats):
            one, two = together(pipeline, trials, 1), together(pipeline, trials, 2)
            shares.append(two / (2 * one))
            alone.append(one)
            said(f"  {turn + 1} alone {one:.4g} a second, two {two:.4g}")
    figures = {"two_processes_share": median(shares), "alone_per_s": median(alone)}
    report("beside", figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
