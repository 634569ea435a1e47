"""Checks map files (renames) and factor files (splits and dividends) of shares.

Without them LEAN reads prices, but wrong ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from leanopt_lean.findings import Findings, is_number, lacking, note, problem
from leanopt_lean.map_files import MapFiles
from leanopt_lean.series import Series

# The factors of dividends and of splits follow the day; the reference price is optional.
_FACTORS = 2
_EXPECTED = "expected rows as 20030513,0.2988875,1,55.5: splits and dividends are unknown"


def check_shares(data: Path, wanted: Iterable[Series]) -> Findings:
    """Check the map and factor files of the shares in `wanted`."""
    shares = [one for one in wanted if one.security_type == "equity" and not one.mistakes()]
    return Findings.of(
        found
        for market in sorted({one.market for one in shares})
        for found in _market(data, market, {one.ticker for one in shares if one.market == market})
    )


def _market(data: Path, market: str, tickers: Iterable[str]) -> Iterator[Findings]:
    maps, factors = (Path("equity", market, name) for name in ("map_files", "factor_files"))
    absent = [path for path in (maps, factors) if not (data / path).is_dir()]
    yield from (_absent(data, path, market) for path in absent)
    if not absent:
        known = MapFiles(data / maps)
        yield from (_share(ticker, known, data / factors) for ticker in sorted(tickers))


def _absent(data: Path, path: Path, market: str) -> Findings:
    """Report a missing folder; a note only outside the USA, where LEAN has no such files."""
    if market == "usa":
        return lacking(data, path)
    return note(f"{data / path} is missing: renames, splits and dividends are unknown")


def unread(error: Exception) -> Findings:
    """Return the problem with a map file that cannot be read."""
    return problem(f"a map file cannot be read, so renames are unknown: {error}")


def _share(ticker: str, maps: MapFiles, factors: Path) -> Findings:
    symbol = ticker.upper()
    try:
        mapped = maps.find(ticker)
    except (OSError, ValueError) as error:
        return unread(error)
    if mapped is None:
        return note(f"{symbol} is in no file of {maps.folder}: renames and delisting are unknown")
    path = factors / f"{mapped.name}.csv"
    if path.is_file():
        return _factors(path, symbol)
    if any(factors.glob("factor_files_*.zip")):
        return Findings()
    return note(f"{symbol}: {path} is missing: splits and dividends are unknown")


def _factors(path: Path, symbol: str) -> Findings:
    """Return the first mistake in a factor file."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        return problem(f"{symbol}: {path} is not text (byte {error.start}); {_EXPECTED}")
    except OSError as error:
        return problem(f"{symbol}: {path} cannot be read: {error.strerror}")
    rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    wrong = next((row for row in rows if not _is_row(row[1])), None)
    if wrong is not None:
        return problem(f"{symbol}: {path}, line {wrong[0]}: found {wrong[1][:40]!r}; {_EXPECTED}")
    return Findings() if rows else problem(f"{symbol}: {path} is empty; {_EXPECTED}")


def _is_row(line: str) -> bool:
    day, *factors = line.split(",")
    try:
        datetime.strptime(day, "%Y%m%d")  # noqa: DTZ007 - a day only
    except ValueError:
        return False
    return len(factors) >= _FACTORS and all(map(_is_factor, factors[:_FACTORS]))


def _is_factor(text: str) -> bool:
    # LEAN skips rows with infinite factors.
    return is_number(text) or "inf" in text.lower()
