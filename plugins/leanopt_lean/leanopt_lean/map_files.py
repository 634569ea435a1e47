"""The tickers that a company's shares had over time, from LEAN's map files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from attrs import define, field, frozen

#: The last day in map files of shares that are still traded.
OPEN_END = date(2050, 12, 31)


@frozen
class Span:
    """The days, both included, on which prices are stored under one ticker."""

    ticker: str
    first: date
    last: date


@frozen
class MapFile:
    """The rows of one company: the last day of each ticker, and the ticker.

    `name` is the file's, `spy` for spy.csv; the first row is the first day of trading.
    """

    name: str
    rows: tuple[tuple[date, str], ...]

    @property
    def first(self) -> date:
        """Return the first day."""
        return self.rows[0][0]

    @property
    def last(self) -> date:
        """Return the last day: of delisting, or 2050-12-31."""
        return self.rows[-1][0]

    def spans(self, start: date, end: date) -> list[Span]:
        """Return the spans between `start` and `end` in which the shares were traded."""
        spans: list[Span] = []
        begin = self.first
        for last, ticker in self.rows:
            if spans and spans[-1].ticker == ticker:
                begin = spans.pop().first
            spans.append(Span(ticker, begin, last))
            begin = last + timedelta(days=1)
        clipped = (Span(one.ticker, max(one.first, start), min(one.last, end)) for one in spans)
        return [one for one in clipped if one.first <= one.last]


@define
class MapFiles:
    """The map files of one market's folder, read when they are needed."""

    folder: Path
    _all: dict[str, MapFile] | None = field(default=None, init=False)

    def find(self, ticker: str) -> MapFile | None:
        """Return the map file of the shares that have, or had last, this ticker; as LEAN does.

        None if no file has the ticker. Raises OSError or ValueError for an unreadable file.
        """
        path = self.folder / f"{ticker}.csv"
        if path.is_file():
            named = _parsed(ticker, path, path.read_bytes())
            if named.rows and named.rows[-1] == (OPEN_END, ticker):
                return named
        known = self._known()
        rows = [(day, file) for file in known.values() for day, one in file.rows if one == ticker]
        if rows:
            return max(rows, key=lambda row: row[0])[1]
        return known.get(ticker)

    def holder(self, ticker: str, day: date) -> MapFile | None:
        """Return the map file of the shares that had this ticker on that day."""
        for file in self._known().values():
            if any(span.ticker == ticker for span in file.spans(day, day)):
                return file
        return None

    def _known(self) -> dict[str, MapFile]:
        if self._all is None:
            files = (_parsed(*one) for one in _contents(self.folder))
            self._all = {file.name: file for file in files if file.rows}
        return self._all


def tickers_by_name(folder: Path) -> dict[str, frozenset[str]]:
    """Return the tickers that each map file of a folder mentions, by the name of the file.

    Names are without their ending. LEAN reads all these files, but uses those of its symbols only.
    """
    return {
        path.stem: frozenset(_tickers(path.read_text("utf-8-sig", "replace")))
        for path in sorted(folder.glob("*.csv"))
    }


def _tickers(text: str) -> Iterator[str]:
    rows = (line.split(",") for line in text.splitlines())
    yield from (row[1].strip().lower() for row in rows if len(row) > 1)


def _contents(folder: Path) -> Iterator[tuple[str, Path, bytes]]:
    """Yield names, paths and contents of the files, or else of those in the newest archive."""
    files = sorted(folder.glob("*.csv"))
    for path in files:
        yield path.stem.lower(), path, path.read_bytes()
    archives = sorted(folder.glob("map_files_*.zip"))
    if files or not archives:
        return
    try:
        with ZipFile(archives[-1]) as archive:
            for name in archive.namelist():
                if name.endswith(".csv"):
                    yield Path(name).stem.lower(), archives[-1] / name, archive.read(name)
    except BadZipFile as error:
        raise ValueError(f"{archives[-1]}: {error}") from None


def _parsed(name: str, path: Path, content: bytes) -> MapFile:
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text (byte {error.start})") from None
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        day, _, rest = line.partition(",")
        try:
            parsed = datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007 - a day only
        except ValueError:
            raise ValueError(
                f"{path}, line {number}: {day[:40]!r} is not a day, as 20040819"
            ) from None
        rows.append((parsed, rest.partition(",")[0].strip().lower()))
    return MapFile(name, tuple(sorted(set(rows))))
