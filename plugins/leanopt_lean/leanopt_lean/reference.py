"""Checks LEAN's reference data. Without it a backtest fails, or its numbers differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

from leanopt_lean.findings import Findings, is_number, lacking, note, problem
from leanopt_lean.market_hours import DATABASE, read_market_hours
from leanopt_lean.series import Series
from leanopt_lean.shares import check_shares

_PROPERTIES = Path("symbol-properties", "symbol-properties-database.csv")
_RATES = Path("alternative", "interest-rate", "usa", "interest-rate.csv")
_BENCHMARK = Path("equity", "usa", "hour", "spy.zip")
# Market, symbol, type, description, currency, multiplier, smallest change, lot.
_COLUMNS = 8
_NUMBERS = slice(5, 8)
_SHOWN = 3


def check_reference(data: Path, wanted: Iterable[Series] = ()) -> Findings:
    """Report what is missing or damaged in the reference data in LEAN's data folder `data`.

    `wanted` are the prices that backtests read: the hours of their markets must be known, and
    shares need map and factor files. Each problem names the path and where to get it.
    """
    if not data.is_dir():
        return problem(f"strategy.data: {data} is not a folder; expected LEAN's data folder")
    series = tuple(dict.fromkeys(wanted))
    return Findings.of(
        (
            _checked(data, _PROPERTIES, _wrong_properties),
            _hours(data, series),
            _checked(data, _RATES, _wrong_rates),
            check_shares(data, series),
            *_benchmark(data),
        )
    )


def _checked(data: Path, path: Path, wrong: Callable[[Iterable[str]], list[str]]) -> Findings:
    """Return the problem with a text file; names the first few bad lines."""
    try:
        with (data / path).open(encoding="utf-8-sig") as file:
            mistakes = wrong(file)
    except FileNotFoundError:
        return lacking(data, path)
    except (OSError, ValueError) as error:
        return lacking(data, path, f"cannot be read: {error}")
    if not mistakes:
        return Findings()
    more = f"; {len(mistakes)} in all" if len(mistakes) > _SHOWN else ""
    return lacking(data, path, f"is damaged: {'; '.join(mistakes[:_SHOWN])}{more}")


def _wrong_properties(lines: Iterable[str]) -> list[str]:
    """Return the bad lines: short rows, cells that are not numbers, duplicate rows."""
    wrong, seen = [], set[tuple[str, ...]]()
    rows = [
        (number, line.rstrip("\n").split(","))
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.startswith("#")
    ]
    for number, row in rows[1:]:
        key = tuple(part.casefold() for part in row[:3])
        if len(row) < _COLUMNS:
            wrong.append(f"line {number} has {len(row)} columns")
        elif not all(map(is_number, row[_NUMBERS])):
            wrong.append(f"line {number}: found a cell that is not a number")
        elif key in seen:
            wrong.append(f"line {number}: {'-'.join(key)} is a duplicate")
        seen.add(key)
    return wrong or ([] if len(rows) > 1 else ["it has no rows"])


def _wrong_rates(lines: Iterable[str]) -> list[str]:
    wrong, rates = [], 0
    for number, line in enumerate(lines, 1):
        day, _, rate = line.strip().partition(",")
        if number > 1 and day:
            rates += 1
            if not (_is_day(day) and is_number(rate.partition(",")[0])):
                wrong.append(f"line {number}: {line.strip()!r} is not a day and a rate")
    return wrong or ([] if rates else ["it has no rates"])


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _hours(data: Path, wanted: Iterable[Series]) -> Findings:
    """Report markets whose hours are unknown."""
    try:
        hours = read_market_hours(data)
    except FileNotFoundError:
        return lacking(data, DATABASE)
    except (OSError, ValueError) as error:
        return lacking(data, DATABASE, f"cannot be read: {error}")
    unknown = {
        f"{one.security_type} {one.market}"
        for one in wanted
        if not one.mistakes() and not hours.has(one.security_type, one.market, one.ticker)
    }
    if unknown:
        return lacking(data, DATABASE, f"has no hours for {', '.join(sorted(unknown))}")
    return Findings()


def _benchmark(data: Path) -> Iterator[Findings]:
    if not (data / _BENCHMARK).is_file():
        yield note(
            f"{data / _BENCHMARK} is missing: if the strategy sets no benchmark, Alpha, Beta and "
            "other statistics relative to SPY are meaningless"
        )
