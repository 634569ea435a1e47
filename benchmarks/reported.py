"""A run of many trials, and what its report costs; a part of `evidence.py`."""

from __future__ import annotations

import time
from pathlib import Path

from common import alone, project, said

STRATEGY = """
from random import Random

from leanopt_harness import Result, backtest

TIMES = [86_400 * (15_000 + day) for day in range(253)]


@backtest
def run(parameters, scenario):
    chance, value, values = Random(repr(sorted(parameters.items()))), 100.0, []
    drift = 0.0005 - 0.000001 * abs(parameters["a"] - 37)
    for _ in TIMES:
        values.append(value)
        value *= 1 + drift + chance.gauss(0, 0.01)
    return Result({"Net Profit": values[-1] / 100 - 1, "Total Orders": 50}, TIMES, values)
"""
PIPELINE = """
name = "reported"
seed = 1
[strategy]
entry = "strategy.py:run"
[parameters]
a = {{ min = 0, max = 99 }}
b = {{ min = 0, max = 99 }}
c = {{ min = 0.0, max = 1.0, step = 0.001 }}
d = {{ choices = ["x", "y", "z"] }}
e = {{ min = 1, max = 20 }}
f = {{ min = 1, max = 20 }}
[fitness]
use = "statistic"
statistic = "Net Profit"
[[stage]]
use = "lhs"
trials = {first}
[[stage]]
use = "random"
trials = {rest}
"""


def reported(pipeline: Path) -> tuple[float, float]:
    """Return the seconds that a report of a run takes, and the MB of its file."""
    from leanopt_report._document import report_of
    from leanopt_report._html import html_text

    from leanopt_core import open_store
    from leanopt_core.plugins import discover

    began = time.perf_counter()
    with open_store(pipeline) as store:
        text = html_text(report_of(store, store.run(), discover().sections))
    seconds = time.perf_counter() - began
    size = len(text.encode()) / 1e6
    said(f"  report of {size:.2f} MB in {seconds:.2f} s")
    return seconds, size


def searched(pipeline: Path) -> None:
    """Make the run that is reported."""
    import leanopt_core

    leanopt_core.run(pipeline)


def report_figures(trials: int, repeats: int) -> dict[str, float]:
    """Return what a report of so many trials costs."""
    text = PIPELINE.format(first=trials // 10, rest=trials - trials // 10)
    with project(STRATEGY, text) as pipeline:
        alone(searched, pipeline)
        several = [alone(reported, pipeline) for _ in range(repeats)]
    return {
        "report_s": min(seconds for seconds, _ in several),
        "report_mb": max(size for _, size in several),
    }
