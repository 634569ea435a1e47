"""Thirty real equity curves and thirty real lists of closed trades, for tests of formulas."""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from attrs import frozen
from leanopt_harness import Parameters, Scenario

ROOT = Path(__file__).parents[1]
COUNT = 30


@frozen
class Curve:
    """One of LEAN's curves: its days as ordinals, the equity at each, and LEAN's statistics."""

    days: Sequence[int]
    equity: Sequence[float]
    statistics: Mapping[str, Any]

    @property
    def returns(self) -> list[float]:
        """Return the change of each day but the first, as a fraction."""
        return [after / before - 1 for before, after in pairwise(self.equity)]


@cache
def lean_curves() -> list[Curve]:
    """Return curves of LEAN, five years of SPY, spread over the parameters; all of them traded."""
    path = ROOT / "tests" / "lean-results" / "ema-bands-spy-2003-2007.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        header, *lines = map(json.loads, file)
    days = [date.fromisoformat(day).toordinal() for day in header["days"]]
    traded = [line for line in lines if line["orders"] > 0]
    return [
        Curve(days, line["equity"], line["portfolioStatistics"])
        for line in traded[:: len(traded) // COUNT][:COUNT]
    ]


@cache
def quickstart_trades() -> list[Sequence[Any]]:
    """Return the closed trades of the quickstart's strategy for thirty sets of parameters."""
    folder = ROOT / "examples" / "quickstart"
    spec = importlib.util.spec_from_file_location("quickstart_for_trades", folder / "strategy.py")
    assert spec is not None
    assert spec.loader is not None
    strategy = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = strategy  # dataclasses look their module up there
    spec.loader.exec_module(strategy)
    scenario = Scenario(symbol="ixic", start=date(2000, 1, 3), cash=1e6, data=folder / "data")
    others = {"leave": 0.005, "atr": 20, "trail": "trailing", "risk": 0.02}
    axes = product((4, 8, 16, 24, 32), (40, 80, 120), (2, 4))
    return [
        strategy.run(
            Parameters({"fast": fast, "slow": slow, "stop": stop, "enter": 0.0, **others}), scenario
        ).trades
        for fast, slow, stop in axes
    ]
