"""What it costs to guard results against what no key covers, as a share of a 10 ms backtest.

`audit_share`: the Python harness notes what a strategy opens. The events of one backtest are
recorded, and noted again and again: as many as a strategy has that reads three files, lists a
folder, tries an import, and calls NumPy.

`check_warm_share`: a run makes some backtests again on fresh workers, another does not; the share
is how much longer the first one takes from its first told trial to its end.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from common import alone, interleaved, medians, options, project, report
from quiet import timed_run, without_store

#: The backtest that counts, in seconds.
BACKTEST = 0.01


STRATEGY = '''
import time

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """Wait as a short backtest takes."""
    for name in "abcd":
        parameters[name]
    time.sleep(0.01)
    return Result({"Net Profit": 0.25})
'''

PIPELINE = """
name = "guards"

[strategy]
entry = "strategy.py:run"

[parameters]
a = { min = 1, max = 14, step = 1 }
b = { min = 1, max = 11, step = 1 }
c = { min = 1, max = 9, step = 1 }
d = { min = 1, max = 7, step = 1 }

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
trials = 5000
"""


def work(folder: Path) -> float:
    """Do what a strategy may do in each of its backtests."""
    import numpy as np

    texts = [(folder / f"{name}.txt").read_text() for name in "abc"]
    with (folder / "a.txt").open("rb") as file:
        table = np.loadtxt(file)
    try:
        import no_such_module  # type: ignore[import-not-found]
    except ImportError:
        no_such_module = None
    found = len(list(folder.iterdir())) + (no_such_module is not None)
    return float(table.sum()) + len(texts) + found


def audit_seconds(repeats: int) -> float:
    """Return how long noting what one backtest does takes, in seconds: the best of five."""
    from leanopt_harness.opened import Opened

    events: list[tuple[str, tuple[Any, ...]]] = []
    listening = False

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if listening:
            events.append((event, arguments))

    with TemporaryDirectory() as made:
        folder = Path(made)
        for name in "abc":
            (folder / f"{name}.txt").write_text("1 2 3\n")
        work(folder)
        sys.addaudithook(hear)
        listening = True
        work(folder)
        listening = False
        # Not installed: the events come from the list.
        note = Opened()._hook  # noqa: SLF001 - the hook itself is measured
        return min(_replayed(note, events, repeats) for _ in range(5))


def _replayed(note: Any, events: list[tuple[str, tuple[Any, ...]]], repeats: int) -> float:
    began = time.perf_counter()
    for _ in range(repeats):
        for event, arguments in events:
            note(event, arguments)
    return (time.perf_counter() - began) / repeats


def seconds(pipeline: Path, trials: int, check_warm: float) -> float:
    """Return how long a run takes from its first told trial to its end."""
    sets = (f"stage.0.trials={trials}", f"search.check_warm={check_warm}")
    return timed_run(without_store(pipeline), *sets)[1]


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--repeats", type=int, help="of the events of one backtest")
    parser.add_argument("--trials", type=int, help="of each run")
    parser.add_argument("--rounds", type=int, help="of a run with checks and one without")
    chosen = parser.parse_args()
    repeats = chosen.repeats or (200 if chosen.quick else 2000)
    rounds = chosen.rounds or (3 if chosen.quick else 7)
    figures = {
        "audit_share": alone(audit_seconds, repeats) / BACKTEST,
        **warm_figures(chosen.trials or (1_500 if chosen.quick else 5_000), rounds),
    }
    report("guards", figures, as_json=chosen.json)


def warm_figures(trials: int, rounds: int) -> dict[str, float]:
    """Return how long runs take with checks and without, and the share of the checks."""
    with project(STRATEGY, PIPELINE) as pipeline:
        contenders = {
            "plain_s": partial(alone, seconds, pipeline, trials, 0.0),
            "check_warm_s": partial(alone, seconds, pipeline, trials, 0.01),
        }
        measured = interleaved(contenders, rounds)
    # Of each round, since the machine's speed differs more between rounds than within one.
    pairs = zip(measured["plain_s"], measured["check_warm_s"], strict=True)
    share = median(checked / plain - 1 for plain, checked in pairs)
    return {**medians(measured), "check_warm_share": share}


if __name__ == "__main__":
    main()
