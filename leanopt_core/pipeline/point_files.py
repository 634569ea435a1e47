"""Read files of parameter sets: CSV, JSON or JSON lines; report each bad row with its line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from attrs import frozen

from leanopt_core.errors import Mistake, PipelineError
from leanopt_core.pipeline.listed_files import (
    cell_value,
    csv_tables,
    exact_decoder,
    json_items,
)
from leanopt_core.pipeline.points import GivenPoint, PointError, read_point
from leanopt_core.pipeline.toml import printable, read_text, toml_text
from leanopt_core.space import Space
from leanopt_core.suggest import did_you_mean

_LINES: Final = (".jsonl", ".ndjson")
_INACTIVE: Final = "it is inactive"
_SHOWN: Final = 60

#: A place, such as `line 3`, and the values there by parameter, or what is wrong there.
Row: TypeAlias = "tuple[str, Mapping[str, object] | Mistake]"


@frozen
class PointFile:
    """The points of a file, each once, in its order; `repeats` are the places that repeat others.

    A point may be off the grid of the pipeline.
    """

    points: tuple[GivenPoint, ...]
    repeats: tuple[str, ...]


def read_points(path: Path, space: Space) -> PointFile:
    """Return the points of a file: CSV with a header, a JSON list, or JSON lines, by its suffix.

    Raises PipelineError that names each bad row with its line: one that is no set of values, that
    lacks a searched parameter, has an unknown one or breaks a constraint.
    """
    mistakes: list[Mistake] = []
    found: dict[frozenset[tuple[str, object]], GivenPoint] = {}
    repeats: list[str] = []
    for place, row in _rows(path, space):
        if isinstance(row, Mistake):
            mistakes.append(row)
            continue
        try:
            point = _point(space, row)
        except PointError as error:
            mistakes += _mistakes(path, place, row, error)
            continue
        if (key := frozenset(point.values.items())) in found:
            repeats.append(place)
        found.setdefault(key, point)
    if not found and not mistakes:
        mistakes.append(Mistake(str(path), "", "", "expected at least one set of parameters"))
    if mistakes:
        raise PipelineError(mistakes)
    return PointFile(tuple(found.values()), tuple(repeats))


def _point(space: Space, row: Mapping[str, object]) -> GivenPoint:
    """Return the point of a row; raises PointError if no search of it could run."""
    point = read_point(space, row)
    inactive = {name: why for name, why in point.off.items() if why.startswith(_INACTIVE)}
    if inactive or point.broken:
        raise PointError.of(inactive, broken=point.broken)
    return point


def _mistakes(
    path: Path, place: str, row: Mapping[str, object], error: PointError
) -> Iterator[Mistake]:
    for name, found, problem in error.problems(row):
        where = place if name is None else f"{place}, {printable(name)}"
        yield Mistake(str(path), where, printable(found), problem)


def _rows(path: Path, space: Space) -> Iterator[Row]:
    suffix = path.suffix.lower()
    if suffix in _LINES:
        yield from _json_lines(path)
    elif suffix == ".json":
        yield from (_table(path, *found) for found in json_items(path))
    else:
        yield from _csv(path, space)


def _csv(path: Path, space: Space) -> Iterator[Row]:
    """Yield a row for each line below the header; an empty cell sets nothing."""
    for place, row in csv_tables(path, partial(_check_head, path, space)):
        given = row if isinstance(row, Mistake) else {k: _cell(v) for k, v in row.items()}
        yield place, given


def _check_head(path: Path, space: Space, place: str, head: Sequence[str]) -> None:
    """Raise PipelineError for a header that makes every row wrong."""
    known = {*space.names, *space.fixed}
    always = [name for name in space.names if name not in space.conditions]
    wrong = [] if all(head) else ["expected a name for each column"]
    if len(head) == 1 and ";" in head[0]:
        raise PipelineError([Mistake(str(path), place, "", "expected commas between columns")])
    for at, name in enumerate(head):
        if name in head[:at]:
            wrong.append(f"expected each column once; '{printable(name)}' comes twice")
        elif name and name not in known:
            hint = did_you_mean(name, known)
            wrong.append(f"'{printable(name)[:_SHOWN]}' is no parameter ({hint})")
    absent = [name for name in always if name not in head]
    if absent and not wrong:
        wrong.append(f"expected a column for each searched parameter; add {', '.join(absent)}")
    if wrong:
        raise PipelineError([Mistake(str(path), place, "", text) for text in wrong])


def _cell(text: str) -> object:
    value = cell_value(text)
    return text if isinstance(value, date) else value


def _json_lines(path: Path) -> Iterator[Row]:
    decoder = exact_decoder()
    for number, line in enumerate(read_text(path, path.suffix).splitlines(), 1):
        place = f"line {number}"
        if not line.strip():
            continue
        try:
            yield _table(path, place, decoder.decode(line))
        except json.JSONDecodeError as error:
            problem = f"is not JSON: {error.msg} (column {error.colno})"
            yield place, Mistake(str(path), place, "", problem)
        except (ValueError, RecursionError) as error:
            yield place, Mistake(str(path), place, "", f"is not JSON: {error}")


def _table(path: Path, place: str, item: object) -> Row:
    if isinstance(item, dict):
        # As an empty cell, null sets nothing.
        return place, {name: value for name, value in item.items() if value is not None}
    found = printable(toml_text(item))
    return place, Mistake(str(path), place, found, "expected an object with parameters")
