"""How much processor time leanopt itself takes a backtest, beside one that takes 50 ms.

The strategy waits and answers what LEAN would: its statistics as texts, and an equity curve of
4,000 points, of which the daily returns are stored. Only leanopt's own process is counted.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from common import alone, interleaved, medians, options, project, report
from quiet import Quiet, run

STRATEGY = '''
import math
import time

from leanopt_harness import Result, backtest

POINTS = 4000
SECONDS = 0.05
PLAIN = (
    "Total Orders", "Average Win", "Average Loss", "Compounding Annual Return", "Drawdown",
    "Expectancy", "Start Equity", "End Equity", "Net Profit", "Sharpe Ratio", "Sortino Ratio",
    "Probabilistic Sharpe Ratio", "Loss Rate", "Win Rate", "Profit-Loss Ratio", "Alpha", "Beta",
    "Annual Standard Deviation", "Annual Variance", "Information Ratio", "Tracking Error",
    "Treynor Ratio", "Total Fees", "Estimated Strategy Capacity", "Portfolio Turnover",
)
TIMES = [1104762600 + 21600 * point for point in range(POINTS)]


@backtest
def run(parameters, scenario):
    """Wait, and answer as LEAN does."""
    values = [parameters[name] for name in "abcdefg"]
    time.sleep(SECONDS)
    value = sum(values) / 7
    texts = ("{:.3f}%", "${:.2f}", "{:.3f}", "-{:.3f}%")
    statistics = {name: texts[at % 4].format(value + at) for at, name in enumerate(PLAIN)}
    statistics["runtimeStatistics"] = {f"Runtime {at}": f"${value + at:,.2f}" for at in range(9)}
    statistics["totalPerformance"] = {
        "tradeStatistics": {f"trade{at}": f"{value / (at + 1):.4f}" for at in range(36)},
        "portfolioStatistics": {f"portfolio{at}": f"{value / (at + 2):.4f}" for at in range(24)},
    }
    equity = [100000 + value * 100 * math.sin(point / 50) + point for point in range(POINTS)]
    return Result(statistics, times=TIMES, equity=equity)
'''

PIPELINE = """
name = "own-share"
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

[[stage]]
use = "random"
trials = 400
"""

# Told trials before the first that counts: by then caches are full and code has been loaded.
WARM_UP = 20


class Clock(Quiet):
    """Knows the processor time that this process had taken when the warm-up was over."""

    begun = 0.0

    def told(self, record: object) -> None:
        """Count, and look at the clock once."""
        super().told(record)
        if self.told_count == WARM_UP:
            self.begun = time.process_time()


def own_ms(pipeline: Path, trials: int, workers: int) -> float:
    """Return leanopt's own processor time a backtest, in milliseconds."""
    clock = Clock()
    run(pipeline, clock, f"stage.0.trials={trials + WARM_UP}", f"executor.workers={workers}")
    return 1000 * (time.process_time() - clock.begun) / (clock.told_count - WARM_UP)


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--trials", type=int, help="of each run")
    parser.add_argument("--repeats", type=int, help="of each number of workers")
    chosen = parser.parse_args()
    repeats = chosen.repeats or (1 if chosen.quick else 3)
    trials = chosen.trials or (100 if chosen.quick else 400)
    with project(STRATEGY, PIPELINE) as pipeline:
        contenders = {
            f"own_ms_{workers}": partial(alone, own_ms, pipeline, trials, workers)
            for workers in (1, 2)
        }
        figures = medians(interleaved(contenders, repeats))
    figures["own_share_50ms"] = figures["own_ms_1"] / 50
    report("own_share", figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
