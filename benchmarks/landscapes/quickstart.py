"""The quickstart's strategy on its two indices, every point backtested beforehand.

The fitness is the quickstart's own: compound annual return over drawdown, from 20 closed trades on,
under the constraint `Drawdown <= 25%`. The files hold what it looks at, rounded as LEAN rounds the
return (to 0.001%) and a digit finer than LEAN rounds the drawdown (to 0.01%).
"""

from __future__ import annotations

import importlib.util
import json
import lzma
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from landscapes._landscape import Landscape, allowed
from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import discover
from leanopt_core.space import number_text

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from leanopt_core.pipeline import Pipeline

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "quickstart"
DATA: Final = EXAMPLE / "data"
SYMBOLS: Final = {"nasdaq": "ixic", "sp500": "spx"}
GROWTH_UNIT: Final = 1e-5
DRAWDOWN_UNIT: Final = 1e-4
MIN_TRADES: Final = 20
DRAWDOWN_LIMIT: Final = 0.25
DAY: Final = 86_400


@cache
def pipeline(symbol: str, sets: tuple[str, ...] = ()) -> Pipeline:
    """Return the quickstart's pipeline for one of its symbols, with keys overridden by `sets`."""
    path = EXAMPLE / "pipeline.toml"
    return load_pipeline(path, discover(), environment={}, symbol=symbol, sets=sets)


@cache
def strategy() -> ModuleType:
    """Return the quickstart's strategy, imported from its file."""
    spec = importlib.util.spec_from_file_location("quickstart_strategy", EXAMPLE / "strategy.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(EXAMPLE / "strategy.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look it up there
    spec.loader.exec_module(module)
    return module


def array_file(name: str) -> Path:
    """Return where the outcomes of a landscape's points are kept."""
    return Path(__file__).parent / "data" / f"quickstart-{name}.xz"


def source(symbol: str) -> dict[str, Any]:
    """Return what was backtested, in plain words: axes, constraints, scenario, bars."""
    found = pipeline(symbol)
    space, scenario = found.space, found.scenarios[0]
    bars = DATA / "equity" / "usa" / "daily" / f"{symbol}.zip"
    return {
        "axes": {axis.name: " ".join(map(number_text, axis.values)) for axis in space.axes},
        "fixed": {name: number_text(value) for name, value in space.fixed.items()},
        "constraints": [constraint.text for constraint in space.constraints],
        "scenario": f"{symbol} {scenario.start} {scenario.end} {scenario.cash:f}",
        "bars": sha256(bars.read_bytes()).hexdigest(),
    }


def years(first: int, last: int) -> float:
    """Return the years of 365 days from the midnight before the first close to the last close."""
    return (last - (first - 1) // DAY * DAY) / (365 * DAY)


def outcomes(name: str) -> NDArray[np.float64]:
    """Return compound return, drawdown and closed trades of every point, by rank."""
    packed = array_file(name).read_bytes()
    return in_units(np.frombuffer(lzma.decompress(packed), np.int16).reshape(3, -1))


def in_units(rows: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return outcomes as the files keep them in fractions and counts."""
    return np.asarray(rows * np.array([[GROWTH_UNIT], [DRAWDOWN_UNIT], [1.0]]))


def worth(growth: NDArray[np.float64], drawdown: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quickstart's fitness of each point, whether it counts or not."""
    return np.where(growth < 0, growth * (1 + drawdown), growth / np.maximum(drawdown, 0.001))


def judged(
    rows: NDArray[np.float64], min_trades: int = MIN_TRADES
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the objective of each point, NaN for too few trades, and its violation."""
    growth, drawdown, trades = rows
    few = trades < min_trades
    violation = np.where(few, 1 - trades / min_trades, 0.0)
    violation += np.where(drawdown > DRAWDOWN_LIMIT, drawdown / DRAWDOWN_LIMIT - 1, 0.0)
    return np.where(few, np.nan, worth(growth, drawdown)), violation


def landscape(name: str) -> Landscape:
    """Return the landscape `nasdaq` or `sp500`."""
    known = json.loads(array_file(name).with_suffix(".json").read_text(encoding="utf-8"))
    symbol = SYMBOLS[name]
    if known["made_from"] != source(symbol):
        raise ValueError(
            f"{array_file(name)} was made from another quickstart: "
            "run benchmarks/landscapes/enumerate_quickstart.py"
        )
    objective, violation = judged(outcomes(name))
    space = pipeline(symbol).space
    about = f"the quickstart's trend strategy on {symbol.upper()}, 2000-2013, return over drawdown"
    return Landscape(name, about, space, objective, violation, allowed(space))
