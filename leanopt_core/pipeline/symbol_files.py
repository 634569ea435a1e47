"""Read files of symbols: CSV, JSON, TOML, or a symbol a line; say where each item was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from leanopt_core.errors import Mistake, PipelineError
from leanopt_core.pipeline.listed_files import Found, cell_value, csv_tables, json_items
from leanopt_core.pipeline.toml import printable, read_document, read_text
from leanopt_core.suggest import did_you_mean

_MOST_SHOWN: Final = 60


def read_symbols(path: Path) -> Iterator[Found]:
    """Yield the items of a file, by its suffix: texts or tables, not yet checked.

    Raises PipelineError, with the line, if the file cannot be read.
    """
    return _READERS.get(path.suffix.lower(), _lines)(path)


def _lines(path: Path) -> Iterator[Found]:
    """Yield a symbol a line; lines that begin with `#` are comments."""
    for number, line in enumerate(read_text(path, path.suffix).split("\n"), 1):
        symbol = line.strip(" \t\r")
        if symbol and not symbol.startswith("#"):
            yield f"line {number}", symbol


def _csv(path: Path) -> Iterator[Found]:
    """Yield a table a line; the header names the keys, an empty cell sets nothing."""
    for place, row in csv_tables(path, partial(_check_head, path)):
        if isinstance(row, Mistake):
            raise PipelineError([row])
        yield place, {k: v if k == "symbol" else cell_value(v) for k, v in row.items()}


def _check_head(path: Path, place: str, head: Sequence[str]) -> None:
    twice = next((name for at, name in enumerate(head) if name in head[:at]), None)
    expected, hint = "", ""
    if "symbol" not in head:
        expected = "expected a header with the column 'symbol', separated by commas"
        near = did_you_mean("symbol", head)
        hint = near if near.startswith("did") else ""
    elif twice is not None:
        expected = f"expected each column once; '{twice}' comes twice"
    if expected:
        found = printable(", ".join(head))
        raise PipelineError([Mistake(str(path), place, found[:_MOST_SHOWN], expected, hint)])


def _toml(path: Path) -> Iterator[Found]:
    """Yield the items of the list `symbols`."""
    document = read_document(path, "expected symbols = [...]")
    items = document.get("symbols")
    if not isinstance(items, list) or len(document) > 1:
        found = ", ".join(document)
        expected = "expected one key, symbols = [...]"
        raise PipelineError([Mistake(str(path), "", printable(found)[:_MOST_SHOWN], expected)])
    yield from ((f"symbols[{index}]", item) for index, item in enumerate(items))


_READERS: Final[Mapping[str, Callable[[Path], Iterator[Found]]]] = MappingProxyType(
    {".csv": _csv, ".json": json_items, ".toml": _toml}
)
