"""Equity curves and closed trades as tables, to be written as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from attrs import frozen

from leanopt_core.errors import UsageError
from leanopt_core.outputs import TRADE_FIELDS, ClosedTrade, Equity
from leanopt_core.report.tables import csv_line
from leanopt_core.report.windows import PathReport
from leanopt_core.work import Outcome

#: The ending of a file that is written as Parquet.
PARQUET: Final = ".parquet"
#: Columns that are no 64-bit floats in a Parquet file, and their types there.
_KINDS: Final = {
    "direction": "int64",
    "search": "int64",
    "trial": "int64",
    "day": "date32",
    "tag": "string",
}
_TIMES: Final = frozenset({"time", "entry_time", "exit_time"})


@frozen
class Series:
    """Columns of equal length by name; times are in seconds since 1970 UTC, unknown is None."""

    columns: Mapping[str, Sequence[Any]]

    def csv_lines(self) -> Iterator[str]:
        """Yield a header and a line for each row, without line ends.

        Times are UTC in ISO 8601, unknown values are empty, control characters are escaped.
        """
        yield csv_line(self.columns)
        cells = [map(_time, of) if name in _TIMES else of for name, of in self.columns.items()]
        yield from map(csv_line, zip(*cells, strict=True))

    def write_parquet(self, path: Path) -> None:
        """Write a Parquet file.

        Raises UsageError without pyarrow or for a time that Parquet cannot hold, OSError if the
        file cannot be written.
        """
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError:
            raise UsageError(
                f"a file named {PARQUET} needs pyarrow: pip install pyarrow; a file of another "
                "name is CSV"
            ) from None
        kinds = dict.fromkeys(_TIMES, pa.timestamp("s", tz="UTC"))
        kinds |= {name: getattr(pa, kind)() for name, kind in _KINDS.items()}
        try:
            arrays = {
                name: pa.array(list(values), kinds.get(name, pa.float64()))
                for name, values in self.columns.items()
            }
            parquet.write_table(pa.table(arrays), str(path))
        except pa.ArrowInvalid as error:
            raise UsageError(f"it cannot be written as Parquet: {error}; CSV can") from None


def equity_series(equity: Equity) -> Series:
    """Return an equity curve with the columns `time` and `value`."""
    return Series({"time": equity.times, "value": equity.values})


def trade_series(trades: Sequence[ClosedTrade]) -> Series:
    """Return closed trades, in order of exit, with a column for each of their fields."""
    return Series({name: [getattr(one, name) for one in trades] for name in TRADE_FIELDS})


def path_series(path: PathReport) -> Series:
    """Return a path's joined curve: each day with its search, the chosen trial and its return.

    `equity` is that of 1 before the first day.
    """
    curve = path.curve
    windows = [path.windows[at] for at in curve.windows]
    return Series(
        {
            "day": [date.fromordinal(day) for day in curve.days],
            "search": [window.search for window in windows],
            "trial": [window.trial for window in windows],
            "return": curve.values,
            "equity": curve.equity,
        }
    )


#: What an outcome can have as a series: its name, and how messages call it.
SERIES: Final[Mapping[str, str]] = MappingProxyType(
    {"equity": "equity curve", "trades": "closed trades"}
)


def series_of(outcome: Outcome, name: str) -> Series | None:
    """Return one of `SERIES` of an outcome, None if it has none."""
    if name == "equity":
        return None if outcome.equity is None else equity_series(outcome.equity)
    return None if outcome.trades is None else trade_series(outcome.trades)


def _time(seconds: int | None) -> str:
    if seconds is None:
        return ""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):  # a strategy's own time, not of this calendar
        return str(seconds)
