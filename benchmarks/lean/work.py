"""The backtests that are measured, and where LEAN and the strategy are."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from attrs import field, frozen
from leanopt_lean.config import template

ALGORITHM = "EmaBands"
STRATEGY = Path(__file__).parent / "strategy"
_SEED = 7


@frozen
class Work:
    """A backtest's days and resolution; `python` says that the strategy is in Python."""

    start: str
    end: str
    resolution: str = "daily"
    python: bool = False


WORKS: Mapping[str, Work] = {
    "1y": Work("2003-01-01", "2003-12-31"),
    "5y": Work("2003-01-01", "2007-12-31"),
    "20y": Work("1998-06-01", "2018-05-31"),
    "minute": Work("2013-10-07", "2013-10-11", "minute"),
    "python_1y": Work("2003-01-01", "2003-12-31", python=True),
}


@frozen
class Place:
    """LEAN's folder, its data, the compiled harness and strategy, and a folder to write to."""

    lean: Path
    data: Path
    harness: Path
    assembly: Path
    folder: Path
    _numbers: count[int] = field(factory=count)

    def strategy(self, work: Work) -> Path:
        """Return the file that LEAN loads."""
        return STRATEGY / "ema_bands.py" if work.python else self.assembly

    def config(self, work: Work, parameters: Mapping[str, int]) -> dict[str, Any]:
        """Return LEAN's configuration as leanopt words it, without folders to write to."""
        language = "Python" if work.python else "CSharp"
        worded = template(ALGORITHM, language, str(self.strategy(work)), launcher=str(self.lean))
        days = {"start": work.start, "end": work.end, "resolution": work.resolution}
        given = {**days, **{name: str(value) for name, value in parameters.items()}}
        return {**json.loads(worded.filled(given, folders=False)), "data-folder": str(self.data)}

    def scratch(self) -> Path:
        """Return a new folder."""
        folder = self.folder / f"scratch-{next(self._numbers)}"
        folder.mkdir()
        return folder


def drawn() -> Iterator[Mapping[str, int]]:
    """Yield parameter sets without end, the same ones each time."""
    draw = random.Random(_SEED).randrange  # noqa: S311 - parameters, no secret
    while True:
        yield {
            "fast": draw(3, 15),
            "slow": draw(20, 70, 5),
            "entry": draw(0, 10, 2),
            "exit": -draw(0, 10, 2),
            "stop": draw(0, 15, 5),
        }
