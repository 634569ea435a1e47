"""The prices that a backtest needs, and their files in LEAN's data folder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from leanopt_core.api import did_you_mean

#: LEAN's default market for each security type.
MARKETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("equity", "option", "index", "indexoption", "base"), "usa"),
        **dict.fromkeys(("forex", "cfd"), "oanda"),
        **dict.fromkeys(("future", "futureoption"), "cme"),
        "crypto": "coinbase",
        "cryptofuture": "binance",
    }
)
#: The kinds of price files that a backtest needs, by security type; one of them is enough.
TICK_TYPES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        **dict.fromkeys(("equity", "index"), ("trade",)),
        **dict.fromkeys(("forex", "cfd"), ("quote",)),
        **dict.fromkeys(("crypto", "cryptofuture"), ("trade", "quote")),
    }
)
#: Resolutions with one file for all days, and those with one file per day.
WHOLE: Final = ("daily", "hour")
BY_DAY: Final = ("minute", "second", "tick")
RESOLUTIONS: Final = (*WHOLE, *BY_DAY)


def _lower(text: str) -> str:
    return text.lower()


@frozen
class Series:
    """The prices of one symbol from `start` to `end`, both included; None: any day.

    An empty resolution is unknown.
    """

    symbol: str
    market: str = field(default="", converter=_lower)
    security_type: str = field(default="equity", converter=_lower)
    resolution: str = field(default="daily", converter=_lower)
    start: date | None = None
    end: date | None = None

    def __attrs_post_init__(self) -> None:
        """Fill in LEAN's default market."""
        object.__setattr__(self, "market", self.market or MARKETS.get(self.security_type, ""))

    @property
    def ticker(self) -> str:
        """Return the symbol in lower case, as in file names."""
        return self.symbol.lower()

    @property
    def dated(self) -> bool:
        """Return whether both days are known."""
        return self.start is not None and self.end is not None

    def market_folder(self, data: Path) -> Path:
        """Return the folder of the market's prices."""
        return data / self.security_type / self.market

    def folder(self, data: Path) -> Path:
        """Return the folder of this resolution's prices."""
        return self.market_folder(data) / self.resolution

    def files(self, data: Path, ticker: str) -> tuple[Path, ...]:
        """Return the candidate files for daily and hourly prices; one of them holds all days."""
        if self.security_type.startswith("crypto"):
            kinds = TICK_TYPES[self.security_type]
            return tuple(self.folder(data) / f"{ticker}_{kind}.zip" for kind in kinds)
        return (self.folder(data) / f"{ticker}.zip",)

    def mistakes(self) -> list[str]:
        """Return a message for each value that cannot be part of a path in LEAN's data."""
        known = {
            "scenario.security_type": (self.security_type, tuple(MARKETS)),
            "scenario.resolution": (self.resolution, ("", *RESOLUTIONS)),
        }
        found = [
            f"{key}: {value!r} is unknown to LEAN ({did_you_mean(value, filter(None, names))})"
            for key, (value, names) in known.items()
            if value not in names
        ]
        market = self.market or "none"
        for key, value in (("symbol", self.symbol), ("market", market)):
            if not value or len(PurePosixPath(value).parts) != 1 or value in {".", ".."}:
                found.append(f"scenario.{key}: {value!r} is not a {key}")
        if self.start and self.end and self.start > self.end:
            found.append(f"scenario.end: {self.end} is before the start, {self.start}")
        return found
