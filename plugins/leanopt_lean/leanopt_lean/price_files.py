"""Reads LEAN's price files: the days with prices, and the symbols."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from leanopt_core.api import nearest
from leanopt_lean.series import BY_DAY, RESOLUTIONS, TICK_TYPES, Series

_DAY = re.compile(rb"^(\d{4})(\d\d)(\d\d) ", re.MULTILINE)
_BY_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)_(\w+)\.zip")
_SHOWN = 6


def days_in(path: Path) -> frozenset[date]:
    """Return the days in a file of daily or hourly prices.

    Raises OSError if it cannot be read, ValueError if it is not such a file.
    """
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
            text = archive.read(names[0]) if names else b""
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(str(error)) from None
    found = set(_DAY.findall(text))
    if not found:
        raise ValueError("no line begins with a day, as 20040102 00:00")
    return frozenset(date(*map(int, day)) for day in found)


def days_named(folder: Path, kinds: tuple[str, ...]) -> frozenset[date]:
    """Return the days for which a folder has a file; `kinds` are trade or quote."""
    if not folder.is_dir():
        return frozenset()
    matches = (_BY_DAY.fullmatch(path.name) for path in folder.iterdir())
    return frozenset(
        date(int(match[1]), int(match[2]), int(match[3]))
        for match in matches
        if match and match[4] in kinds
    )


def symbols(series: Series, data: Path) -> list[str]:
    """Return the symbols with prices of this resolution, or of any if it is unknown."""
    if not series.resolution:
        return sorted({one for name in RESOLUTIONS for one in symbols(_by(series, name), data)})
    folder = series.folder(data)
    if not folder.is_dir():
        return []
    if series.resolution in BY_DAY:
        return sorted(path.name for path in folder.iterdir() if path.is_dir())
    ends = tuple(f"_{kind}" for kind in TICK_TYPES[series.security_type])
    stems = (path.stem for path in folder.glob("*.zip"))
    return sorted({stem.rpartition("_")[0] if stem.endswith(ends) else stem for stem in stems})


def hint(series: Series, data: Path, ticker: str) -> str:
    """Return what there is instead of the prices of `ticker`."""
    there = symbols(series, data)
    for name in there:
        if name != ticker and name.lower() == ticker:
            return f"found {name}, but LEAN reads lower-case names only"
    if others := resolutions(series, data, ticker):
        return f"found its prices in other resolutions: {', '.join(others)}"
    if close := nearest(ticker, there):
        return f"did you mean {close.upper()}?"
    return f"found {', '.join(_some(there))}" if there else _markets(series, data)


def resolutions(series: Series, data: Path, ticker: str) -> list[str]:
    """Return the resolutions in which a ticker has prices."""
    return [one for one in RESOLUTIONS if ticker in symbols(_by(series, one), data)]


def _by(series: Series, resolution: str) -> Series:
    return Series(series.symbol, series.market, series.security_type, resolution)


def _some(names: list[str]) -> Iterator[str]:
    yield from (name.upper() for name in names[:_SHOWN])
    if len(names) > _SHOWN:
        yield f"... {len(names)} in all"


def _markets(series: Series, data: Path) -> str:
    """Return the markets that have prices, if this one has none."""
    folder = data / series.security_type
    if series.market_folder(data).is_dir() or not folder.is_dir():
        return f"{series.folder(data)} is missing or empty"
    markets = ", ".join(sorted(path.name for path in folder.iterdir() if path.is_dir()))
    return f"the markets of {folder} are {markets}"
