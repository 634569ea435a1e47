"""Prices that LEAN asked its data for in vain: a backtest without them ends as if all were well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from leanopt_core.work import Files

# Of one list: more paths than anyone reads.
_LARGEST = 16 * 2**20
_RESOLUTIONS = frozenset({"tick", "second", "minute", "hour", "daily"})


def missing_prices(files: Files, prefix: str, symbol: str | None) -> tuple[str, ...]:
    """Return the price files of `symbol` that LEAN did not find, without repeats.

    Paths are relative to LEAN's data folder. Without a symbol those of all symbols are returned.
    """
    return prices_of(_failed_requests(files, f"{prefix}failed-data-requests-"), symbol)


def prices_of(paths: Iterable[str], symbol: str | None) -> tuple[str, ...]:
    """Return which of these paths are price files of `symbol`, or of any, without repeats."""
    ticker = symbol.partition(" ")[0].casefold() if symbol else None
    found = ((path, _ticker(path)) for path in dict.fromkeys(paths))
    return tuple(path for path, its in found if its is not None and ticker in (None, its))


def _failed_requests(files: Files, beginning: str) -> Iterator[str]:
    for name in files.names():
        if name.startswith(beginning):
            with files.open(name) as file:
                lines = file.read(_LARGEST).decode(errors="replace").splitlines()
            yield from (line.strip().replace("\\", "/").lstrip("/") for line in lines)


def _ticker(path: str) -> str | None:
    """Return whose prices a file holds, in lower case; None where it holds no prices.

    `equity/usa/daily/spy.zip` and `equity/usa/minute/spy/20131003_trade.zip` hold those of `spy`.
    """
    parts = PurePosixPath(path.casefold()).parts
    at = next((at for at, part in enumerate(parts) if part in _RESOLUTIONS), len(parts))
    match parts[at + 1 :]:
        case [file]:
            return PurePosixPath(file).stem.partition("_")[0]
        case [folder, *_]:
            return folder
    return None
