"""Converts the index bars that the `arch` package carries to LEAN's format, beside this file.

    python convert.py            # needs arch: pip install arch

Prices went through 32-bit floats before `arch` got them (1248.810059 for 1248.81), so they are
rounded to cents, which moves none by more than 0.00025. The archives come out the same on every
run: sorted days, fixed time stamps.
"""

from __future__ import annotations

import zipfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

#: A day with its open, high, low, close (dollars) and volume.
Bar: TypeAlias = "tuple[date, float, float, float, float, int]"

#: LEAN's place, below a data folder, for daily bars of what trades like a US share.
DAILY = Path("equity", "usa", "daily")
#: The modules of `arch.data` that hold the bars, by the symbol they get here.
SOURCES = {"ixic": "arch.data.nasdaq", "spx": "arch.data.sp500"}
#: LEAN writes share prices as whole numbers of 1/10,000 dollar.
UNITS_PER_CENT = 100
#: The earliest time stamp that the zip format knows.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def source(module: str) -> list[Bar]:
    """Return the bars of one of `arch`'s data modules; ImportError if it is not installed."""
    frame = import_module(module).load()
    columns = ["Open", "High", "Low", "Close", "Volume"]
    return list(frame[columns].itertuples(name=None))


def lean_csv(bars: Iterable[Bar]) -> str:
    """Return LEAN's daily csv of `bars`, oldest first.

    A line is `YYYYMMDD 00:00,open,high,low,close,volume`, prices in 1/10,000 dollar.
    """
    lines = []
    for day, *prices, volume in sorted(bars):
        units = (str(round(price * 100) * UNITS_PER_CENT) for price in prices)
        lines.append(f"{day:%Y%m%d} 00:00,{','.join(units)},{volume}\n")
    return "".join(lines)


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write an archive a symbol (`spx.zip` with `spx.csv` in it) to LEAN's place below `folder`."""
    (folder / DAILY).mkdir(parents=True, exist_ok=True)
    for symbol, text in texts.items():
        entry = zipfile.ZipInfo(f"{symbol}.csv", date_time=ZIP_EPOCH)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.create_system = 3  # Unix, wherever the conversion runs
        entry.external_attr = 0o644 << 16
        with zipfile.ZipFile(folder / DAILY / f"{symbol}.zip", "w") as archive:
            archive.writestr(entry, text, compresslevel=9)


def convert(folder: Path) -> None:
    """Convert every symbol of `SOURCES` into the data folder `folder`."""
    write(folder, {symbol: lean_csv(source(module)) for symbol, module in SOURCES.items()})


if __name__ == "__main__":
    convert(Path(__file__).parent)
