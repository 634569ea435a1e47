"""Daily bars of a LEAN data folder, adjusted by its factor files for splits and dividends."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final
from zipfile import ZipFile

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: LEAN keeps prices of shares in units of a hundredth of a cent.
UNIT: Final = 1e-4


def daily(data: Path, symbol: str) -> dict[str, tuple[float, float, float]]:
    """Return by date (yyyymmdd) the adjusted high, low and close of a US share."""
    folder = data / "equity" / "usa"
    with ZipFile(folder / "daily" / f"{symbol}.zip") as packed:
        text = packed.read(packed.namelist()[0]).decode("ascii")
    rows = csv.reader(text.splitlines())
    factors = list(_factors(folder / "factor_files" / f"{symbol}.csv"))
    dates, values = [date for date, _ in factors], [factor for _, factor in factors]
    bars = {}
    for row in rows:
        date = row[0].split(" ")[0]
        factor = UNIT * values[int(np.searchsorted(dates, date))]
        high, low, close = (factor * int(row[i]) for i in (2, 3, 4))
        bars[date] = (high, low, close)
    return bars


def closes(data: Path, symbols: Sequence[str], first: str) -> Floats:
    """Return closes, a row a day on which all symbols have a bar, a column a symbol."""
    all_bars = [daily(data, symbol) for symbol in symbols]
    days = sorted(day for day in set.intersection(*map(set, all_bars)) if day >= first)
    return np.array([[bars[day][2] for bars in all_bars] for day in days])


def _factors(path: Path) -> Iterator[tuple[str, float]]:
    """Yield the last date of each factor, in order, and the factor."""
    with path.open(encoding="ascii") as file:
        for row in csv.reader(file):
            yield row[0], float(row[1]) * float(row[2])
    yield "99999999", 1.0
