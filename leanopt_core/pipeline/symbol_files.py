"""Read files of symbols: CSV, JSON, TOML, or a symbol a line; say where each item was found."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from leanopt_core.errors import Mistake, PipelineError
from leanopt_core.pipeline.toml import parse_toml, printable, read_document, read_text
from leanopt_core.suggest import did_you_mean

#: A place, such as `line 3`, and what is there.
Found: TypeAlias = tuple[str, object]

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
    rows = csv.reader(io.StringIO(read_text(path, ".csv"), newline=""), strict=True)
    head: list[str] | None = None
    try:
        for row in rows:
            place, cells = f"line {rows.line_num}", [cell.strip() for cell in row]
            if not any(cells):
                continue
            if head is None:
                head = cells
                _check_head(path, place, head)
            elif len(cells) != len(head):
                expected = f"expected {len(head)} cells, as in the header"
                raise PipelineError([Mistake(str(path), place, f"{len(cells)}", expected)])
            else:
                given = {key: cell for key, cell in zip(head, cells, strict=True) if cell}
                yield place, {k: v if k == "symbol" else _cell(v) for k, v in given.items()}
    except csv.Error as error:
        raise PipelineError(
            [Mistake(str(path), f"line {rows.line_num}", "", f"is not CSV: {error}")]
        ) from error


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


def _cell(text: str) -> object:
    """Return a cell as TOML reads it if that is a number, a date or a truth value, else as text."""
    try:
        value = parse_toml(f"value = {text}").get("value")
    except ValueError:
        return text
    if isinstance(value, datetime) or (isinstance(value, Decimal) and not value.is_finite()):
        return text
    return value if isinstance(value, bool | int | Decimal | date) else text


def _toml(path: Path) -> Iterator[Found]:
    """Yield the items of the list `symbols`."""
    document = read_document(path, "expected symbols = [...]")
    items = document.get("symbols")
    if not isinstance(items, list) or len(document) > 1:
        found = ", ".join(document)
        expected = "expected one key, symbols = [...]"
        raise PipelineError([Mistake(str(path), "", printable(found)[:_MOST_SHOWN], expected)])
    yield from ((f"symbols[{index}]", item) for index, item in enumerate(items))


def _json(path: Path) -> Iterator[Found]:
    """Yield the items of a JSON list, each with the line where it begins."""
    text = read_text(path, ".json")
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise _not_json(path, text, at, "expected a list")
    decoder = json.JSONDecoder(
        object_pairs_hook=_once, parse_float=Decimal, parse_constant=_refuse_constant
    )
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        try:
            item, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise _not_json(path, text, error.pos, f"is not JSON: {error.msg}") from error
        except (ValueError, RecursionError) as error:
            raise _not_json(path, text, at, f"is not JSON: {error}") from error
        yield f"line {_line(text, at)}", item
        at = _skip(text, end)
        if text[at : at + 1] not in (",", "]"):
            raise _not_json(path, text, at, "is not JSON: expected ',' or ']' here")
        if text[at] == ",":
            at = _skip(text, at + 1)
            if text[at : at + 1] == "]":
                raise _not_json(path, text, at, "is not JSON: expected an item after the comma")
    if (end := _skip(text, at + 1)) < len(text):
        raise _not_json(path, text, end, "is not JSON: expected nothing after the list")


def _skip(text: str, at: int) -> int:
    """Return the place of the next character that is no white space."""
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _not_json(path: Path, text: str, at: int, expected: str) -> PipelineError:
    return PipelineError([Mistake(str(path), f"line {_line(text, at)}", "", expected)])


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found = dict[str, Any]()
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} comes twice")
        found[key] = value
    return found


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")


_READERS: Final[Mapping[str, Callable[[Path], Iterator[Found]]]] = MappingProxyType(
    {".csv": _csv, ".json": _json, ".toml": _toml}
)
