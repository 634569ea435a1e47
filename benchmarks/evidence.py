"""What the statistics of `leanopt-evidence` cost: time and memory of a process of its own.

The Probability of Backtest Overfitting is that of 10,000 trials x 2,500 days in 16 blocks: 12,870
choices. Its memory is the largest that the process had, the returns (float64) among it.
Combinatorial purged cross-validation is of the same returns in 10 groups, 2 tested: 45 splits.
The sensitivity is that of 20,000 trials over eight parameters, some infeasible.
The report is that of a run of 20,000 trials with daily returns of a year, read from its store.
"""

from __future__ import annotations

import resource
import sys
import time

from common import alone, options, report, said
from reported import report_figures

ROWS, TRIALS, BLOCKS = 2_500, 10_000, 16
REPORTED = 20_000
REPEATS = 3
#: Of 20 levels of a parameter the others are infeasible.
ENOUGH = 15


def overfitting(trials: int) -> tuple[float, float]:
    """Return seconds and MB of one PBO."""
    import numpy as np
    from leanopt_evidence import probability_of_overfitting

    returns = np.random.default_rng(1).normal(0, 0.01, size=(ROWS, trials))
    began = time.perf_counter()
    found = probability_of_overfitting(returns, BLOCKS)
    seconds = time.perf_counter() - began
    said(f"  {trials} trials: PBO {found.probability.value:.3f} in {seconds:.2f} s")
    return seconds, largest()


def cross_validation(trials: int) -> tuple[float, float]:
    """Return seconds and MB of one cross-validation."""
    import numpy as np
    from leanopt_evidence import combinatorial_splits, cross_validate

    returns = np.random.default_rng(1).normal(0, 0.01, size=(ROWS, trials))
    began = time.perf_counter()
    splits = combinatorial_splits(ROWS, 10, 2, purge=1, embargo=5)
    found = cross_validate(returns, splits)
    seconds = time.perf_counter() - began
    said(f"  {trials} trials: {found.sharpe.count} paths in {seconds:.2f} s")
    return seconds, largest()


def sensitivity(trials: int) -> tuple[float, float]:
    """Return seconds and MB of the sensitivity of twice as many trials."""
    from itertools import islice

    from leanopt_evidence import sensitivity

    from leanopt_core.api import Axis, Space, Told

    space = Space([Axis.integers(name, 0, 19) for name in "abcdefgh"], {}, [])
    told = []
    for number, point in enumerate(islice(space.sample(1), 2 * trials), 1):
        feasible = point[7] < ENOUGH
        objective = point[0] - (point[1] - 9) ** 2 / 5 + point[2] * point[3] / 20
        told.append(Told(number, point, objective if feasible else None, 0.0 if feasible else 1.0))
    began = time.perf_counter()
    found = sensitivity(space, told)
    seconds = time.perf_counter() - began
    said(f"  {len(told)} trials: explained {found.fitness.explained} in {seconds:.2f} s")
    return seconds, largest()


def largest() -> float:
    """Return the most MB that this process had."""
    # Linux counts in KiB, macOS in bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> None:
    """Measure and print; the least of several, whose rest is other work of the machine."""
    parser = options(__doc__)
    parser.add_argument("--trials", type=int, default=TRIALS)
    chosen = parser.parse_args()
    repeats = 1 if chosen.quick else REPEATS
    figures = dict[str, float]()
    for name, measured in (
        ("pbo", overfitting),
        ("cpcv", cross_validation),
        ("sensitivity", sensitivity),
    ):
        several = [alone(measured, chosen.trials) for _ in range(repeats)]
        figures[f"{name}_s"] = min(seconds for seconds, _ in several)
        figures[f"{name}_mb"] = max(size for _, size in several)
    figures |= report_figures(min(REPORTED, 2 * chosen.trials), repeats)
    report("evidence", figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
