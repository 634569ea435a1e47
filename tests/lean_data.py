"""A LEAN data folder for tests: a tiny one that is made, or the real one where there is one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from attrs import frozen

_BESIDE = Path(__file__).parents[2] / "shared" / "lean-data"
REAL = Path(os.environ.get("LEAN_DATA", _BESIDE))

needs_real = pytest.mark.skipif(
    not (REAL / "equity" / "usa" / "daily" / "spy.zip").is_file(),
    reason="no LEAN data: set LEAN_DATA to the data folder of LEAN's repository",
)

_TESTS = Path(__file__).resolve().parent
_PROJECT = '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup></PropertyGroup></Project>\n'
_OPEN = [{"start": "09:30:00", "end": "16:00:00", "state": "market"}]
_DAY = [{"start": "00:00:00", "end": "1.00:00:00", "state": "market"}]
_EVENING = [{"start": "17:00:00", "end": "1.00:00:00", "state": "market"}]
_EARLY = [{"start": "04:00:00", "end": "09:30:00", "state": "premarket"}]
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday")


def hours() -> dict[str, object]:
    """Return market hours as LEAN's: by day, from Sunday evening, and always."""
    shares = {**dict.fromkeys(_WEEK, _OPEN), "saturday": _EARLY, "sunday": []}
    currencies = {**dict.fromkeys(_WEEK, _DAY), "saturday": [], "sunday": _EVENING}
    coins = dict.fromkeys((*_WEEK, "saturday", "sunday"), _DAY)
    entries = {
        "Equity-usa-[*]": {**shares, "holidays": ["1/1/2020", "1/20/2020"]},
        "Equity-usa-SPY": {**shares, "holidays": ["1/8/2020"]},
        "Forex-oanda-[*]": {**currencies, "holidays": []},
        "Crypto-coinbase-[*]": {**coins, "holidays": []},
        "CryptoFuture-binance-[*]": {**coins, "holidays": []},
    }
    return {"entries": entries}


@frozen
class Folder:
    """A data folder that begins with sound reference data."""

    path: Path

    def reference(self) -> Folder:
        """Write the reference data."""
        self.write("market-hours/market-hours-database.json", json.dumps(hours()))
        header = "market,symbol,type,description,quote_currency,contract_multiplier,minimum,lot\n"
        rows = "# a comment\n\nusa,[*],equity,,USD,1,0.01,1\noanda,EURUSD,forex,,USD,1,0.00001,1\n"
        self.write("symbol-properties/symbol-properties-database.csv", header + rows)
        self.write(
            "alternative/interest-rate/usa/interest-rate.csv",
            "date,rate\n2003-01-09,2.25\n2023-07-27,5.5\n",
        )
        self.write("equity/usa/map_files/spy.csv", "19980102,spy,P\n20501231,spy,P\n")
        self.write("equity/usa/factor_files/spy.csv", "19980102,0.9,1,1\n20501231,1,1,0\n")
        self.days("equity/usa/hour/spy.zip", weekdays("2020-01-02", "2020-01-03"))
        return self

    def write(self, name: str, text: str) -> Path:
        """Write a text file."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def days(self, name: str, days: Iterable[date]) -> Path:
        """Write a file of prices on these days."""
        path = self.write(name, "")
        lines = "".join(f"{day:%Y%m%d} 00:00,1,1,1,1,1\n" for day in days)
        with ZipFile(path, "w") as archive:
            archive.writestr(f"{path.stem}.csv", lines)
        return path

    def by_day(self, folder: str, days: Iterable[date], kind: str = "trade") -> None:
        """Write a file for each day."""
        for day in days:
            self.days(f"{folder}/{day:%Y%m%d}_{kind}.zip", [day])


def every_day(first: str, last: str) -> list[date]:
    """Return all days from `first` to `last`."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [start + timedelta(days=after) for after in range((end - start).days + 1)]


def weekdays(first: str, last: str) -> list[date]:
    """Return Mondays to Fridays from `first` to `last`."""
    return [day for day in every_day(first, last) if day.isoweekday() <= 5]


def ema_bands(folder: Path) -> None:
    """Lay out the strategy whose landscape is recorded, `EmaBands`, and `data` that it asks for."""
    project = folder / "EmaBands"
    project.mkdir(parents=True)
    shutil.copy(_TESTS / "lean-results" / "EmaBands.cs", project)
    (project / "EmaBands.csproj").write_text(_PROJECT)
    data = Folder(folder / "data").reference()
    data.days("equity/usa/daily/spy.zip", weekdays("2003-01-01", "2007-12-31"))
