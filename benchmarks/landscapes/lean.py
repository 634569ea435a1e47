"""4,800 parameter sets of a moving-average strategy on SPY, 2003-2007, backtested by LEAN.

The file holds LEAN's own statistics; a set that traded fewer than ten times does not count.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from landscapes._landscape import Landscape
from leanopt_core.plugins import Kind, discover
from leanopt_core.scoring import ResultConstraint, Scorer
from leanopt_core.space import Axis, Space
from leanopt_core.statistics import Statistics
from leanopt_core.work import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE: Final = Path(__file__).parent / "data" / "ema-bands-spy-2003-2007.jsonl.gz"
CONSTRAINT: Final = "Total Orders >= 10"
WHAT: Final = "4,800 backtests of LEAN: moving averages on SPY, 2003-2007, "
#: What is optimised: in words, the fitness function, its options.
OBJECTIVES: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    "lean_sharpe": ("Sharpe ratio", "statistic", {"statistic": "Sharpe Ratio"}),
    "lean_calmar": ("return over drawdown", "calmar", {"min_trades": 0}),
}


def landscape(name: str) -> Landscape:
    """Return the landscape `lean_sharpe` or `lean_calmar`."""
    words, use, options = OBJECTIVES[name]
    registered = discover().entries[Kind.FITNESS, use]
    fitness = registered.load()(registered.spec.options(**options))
    constraints = [ResultConstraint.parse(CONSTRAINT)]
    header, backtests = read()
    space = Space([Axis.listed(name, values) for name, values in header["axes"].items()])
    objective, violation = np.full((2, space.grid_size), np.nan)
    scorer = Scorer(fitness, constraints, label=use)
    for point, statistics in backtests:
        outcome = {"default": Outcome(Statistics.read(statistics))}
        found = scorer(outcome)
        index = space.grid_index(space.point(point))
        objective[index] = np.nan if found.objective is None else found.objective
        violation[index] = found.violation
    return Landscape(name, WHAT + words, space, objective, violation)


def read() -> tuple[dict[str, Any], Iterator[tuple[dict[str, int], dict[str, str]]]]:
    """Return the file's header, and each backtest's parameters and statistics."""
    with gzip.open(FILE, "rt", encoding="utf-8") as file:
        lines = list(file)
    header = json.loads(lines[0])
    names, statistics = list(header["axes"]), header["statistics"]

    def backtests() -> Iterator[tuple[dict[str, int], dict[str, str]]]:
        for line in lines[1:]:
            point, values = json.loads(line)
            yield (
                dict(zip(names, point, strict=True)),
                dict(zip(statistics, values, strict=True)),
            )

    return header, backtests()
