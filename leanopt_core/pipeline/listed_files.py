"""Read lists from files, with the place of each item: rows of CSV, items of JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from leanopt_core.errors import Mistake, PipelineError
from leanopt_core.pipeline.toml import parse_toml, read_text

#: A place, such as `line 3`, and what is there.
Found: TypeAlias = tuple[str, object]


def csv_rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the rows of a CSV file, without empty ones and spaces around cells.

    Raises PipelineError, with the line, if the file cannot be read or is no CSV.
    """
    rows = csv.reader(io.StringIO(read_text(path, ".csv"), newline=""), strict=True)
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield f"line {rows.line_num}", cells
    except csv.Error as error:
        raise PipelineError(
            [Mistake(str(path), f"line {rows.line_num}", "", f"is not CSV: {error}")]
        ) from error


def csv_tables(
    path: Path, check_head: Callable[[str, Sequence[str]], None]
) -> Iterator[tuple[str, dict[str, str] | Mistake]]:
    """Yield the cells of each line below the header by column, without empty ones, with its place.

    A line with another number of cells is a mistake. `check_head` is called with the place and the
    cells of the header, and may raise. Raises PipelineError as `csv_rows`.
    """
    rows = csv_rows(path)
    place, head = next(rows, ("", []))
    if head:
        check_head(place, head)
    for place, cells in rows:
        if len(cells) == len(head):
            yield place, {name: cell for name, cell in zip(head, cells, strict=True) if cell}
        else:
            expected = f"expected {len(head)} cells, as in the header"
            yield place, Mistake(str(path), place, f"{len(cells)}", expected)


def cell_value(text: str) -> object:
    """Return a cell as TOML reads it if that is a number, a date or a truth value, else as text."""
    try:
        document = parse_toml(f"value = {text}")
    except ValueError:
        return text
    # A cell of several lines can be a document.
    value = document.get("value") if len(document) == 1 else None
    if isinstance(value, datetime) or (isinstance(value, Decimal) and not value.is_finite()):
        return text
    return value if isinstance(value, bool | int | Decimal | date) else text


def exact_decoder() -> json.JSONDecoder:
    """Return a decoder with exact decimals that refuses keys that come twice, NaN and infinity."""
    return json.JSONDecoder(
        object_pairs_hook=_once, parse_float=Decimal, parse_constant=_refuse_constant
    )


def json_items(path: Path) -> Iterator[Found]:
    """Yield the items of a JSON list, each with the line where it begins; decimals are exact.

    Raises PipelineError, with the line, if the file is no such list.
    """
    text = read_text(path, ".json")
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise _not_json(path, text, at, "expected a list")
    decoder = exact_decoder()
    line, counted = 1, 0
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        try:
            item, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise _not_json(path, text, error.pos, f"is not JSON: {error.msg}") from error
        except (ValueError, RecursionError) as error:
            raise _not_json(path, text, at, f"is not JSON: {error}") from error
        # From the last item on: a long list would be counted again for each of its items.
        line, counted = line + text.count("\n", counted, at), at
        yield f"line {line}", item
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
