"""Landscapes on two spans of days: what each point gave where it was chosen, and afterwards."""

from __future__ import annotations

import gzip
import json
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from attrs import evolve, frozen

from landscapes import quickstart
from landscapes._landscape import Landscape, allowed
from landscapes.enumerate_quickstart import enumerate_points
from leanopt_core.space import Axis, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from landscapes._landscape import Floats
    from leanopt_core.pipeline import Pipeline

WINDOWS: Final = Path(__file__).parent / "data" / "ema-bands-spy-walk-forward.jsonl.gz"
#: The two halves of the quickstart's days; each is chosen on once, and looked at once.
HALVES: Final = (
    (date(2000, 1, 3), date(2006, 12, 31)),
    (date(2007, 1, 1), date(2013, 12, 31)),
)
#: Half as many as the quickstart asks for in twice the time.
MIN_TRADES: Final = quickstart.MIN_TRADES // 2
#: Every second or third value of some axes: 24,192 points, a grid of which all can be told.
COARSE: Final = tuple(
    f"parameters.{name}.step={step}"
    for name, step in {"fast": 6, "slow": 30, "enter": 0.01, "leave": 0.01, "risk": 0.01}.items()
)


@frozen(eq=False, slots=False)
class Pair:
    """A landscape, and what each of its points gave on later or earlier days, by rank."""

    name: str
    train: Landscape
    test: Floats

    @cached_property
    def _sorted(self) -> Floats:
        """What all points gave that the constraints between parameters allow."""
        return np.sort(self.test[allowed(self.train.space)])

    def share_below(self, value: float) -> float:
        """Return which share of all points gave less."""
        return float(np.searchsorted(self._sorted, value) / len(self._sorted))


def halves(symbol: str, folder: Path) -> tuple[Pair, Pair]:
    """Return the pairs of an index: chosen on the first half, and on the second.

    Every point of a coarser grid is backtested, unless `folder` has what came of it.
    """
    found = [_outcomes(symbol, at, folder) for at in range(len(HALVES))]
    pipeline = _pipeline(symbol, 0)
    space, about = pipeline.space, f"the quickstart's strategy on {symbol.upper()}, a half"
    pairs = []
    for inside, outside in ((0, 1), (1, 0)):
        objective, violation = quickstart.judged(found[inside], MIN_TRADES)
        name = f"{symbol}_{'first' if inside == 0 else 'second'}"
        train = Landscape(name, about, space, objective, violation, allowed(space))
        pairs.append(Pair(name, train, quickstart.worth(*found[outside][:2])))
    return pairs[0], pairs[1]


def _pipeline(symbol: str, half: int) -> Pipeline:
    whole = quickstart.pipeline(symbol, COARSE)
    start, end = HALVES[half]
    return evolve(whole, scenarios=(evolve(whole.scenarios[0], start=start, end=end),))


def _outcomes(symbol: str, half: int, folder: Path) -> NDArray[np.float64]:
    file = folder / f"{symbol}-{half}.npy"
    if not file.is_file():
        np.save(file, enumerate_points(_pipeline(symbol, half), _silent))
    return quickstart.in_units(np.load(file))


def windows() -> list[Pair]:
    """Return the windows of LEAN's walk-forward on SPY: three years, then the next one, by Sharpe.

    A point that did not trade has a Sharpe ratio of 0, as LEAN says.
    """
    with gzip.open(WINDOWS, "rt", encoding="utf-8") as file:
        header, *lines = map(json.loads, file)
    space = Space([Axis.listed(name, values) for name, values in header["axes"].items()])
    values = np.full((2, len(header["windows"]), space.grid_size), np.nan)
    at = header["statistics"].index("Sharpe Ratio")
    for window, kind, point, statistics in lines:
        index = space.grid_index(space.point(dict(zip(header["axes"], point, strict=True))))
        values[int(kind == "test"), window, index] = float(statistics[at])
    if np.isnan(values).any():
        raise ValueError(f"{WINDOWS}: a backtest is missing")
    return [
        Pair(
            f"window {at + 1}",
            Landscape(f"window {at + 1}", "", space, train, np.zeros(space.grid_size)),
            test,
        )
        for at, (train, test) in enumerate(zip(*values, strict=True))
    ]


def _silent(*_: object, **__: object) -> None:
    """Report nothing."""
