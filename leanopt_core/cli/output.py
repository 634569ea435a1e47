"""How the command line prints: tables for people, JSON for programs."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

import click

from leanopt_core.canonical import canonical_json
from leanopt_core.errors import UsageError
from leanopt_core.report.figures import number

_GAP = 2
_NUMBER = re.compile(r"-|-?[\d,]+(\.\d+)?(e[+-]?\d+)?%?")


def print_json(value: Any) -> None:
    """Print one JSON document."""
    click.echo(canonical_json(value))


def print_table(
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    keep: int | None = None,
    part: int | None = None,
) -> None:
    """Print rows in columns: numbers right-aligned, unknown values as `-`.

    If the terminal is too narrow and `keep` is given, print several tables. Each begins with the
    first `keep` columns; the column `part` begins a new table.
    """
    cells = [[one_line(name) for name in head], *([_cell(value) for value in row] for row in rows)]
    columns = list(zip(*cells, strict=True))
    width = terminal_width()
    tables = [list(range(len(columns)))]
    if keep is not None and width is not None and _wide(columns, tables[0]) > width:
        tables = list(_split(columns, keep, part, width))
    for index, chosen in enumerate(tables):
        if index:
            click.echo()
        _print_columns([columns[index] for index in chosen])


def _wide(columns: Sequence[Sequence[str]], chosen: Sequence[int]) -> int:
    return sum(max(map(len, columns[one])) + _GAP for one in chosen) - _GAP


def _split(
    columns: Sequence[Sequence[str]], keep: int, part: int | None, width: int
) -> Iterator[list[int]]:
    """Yield the column indexes of each table."""
    chosen = list(range(keep))
    for index in range(keep, len(columns)):
        full = _wide(columns, [*chosen, index]) > width or index == part
        if full and len(chosen) > keep:
            yield chosen
            chosen = list(range(keep))
        chosen.append(index)
    yield chosen


def _print_columns(columns: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in columns]
    numeric = [all(map(_NUMBER.fullmatch, column[1:])) for column in columns]
    for row in zip(*columns, strict=True):
        line = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        )
        click.echo((" " * _GAP).join(line).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return number(value)
    return one_line(str(value))


def plain(text: str) -> str:
    """Return foreign text without control characters: a terminal must not act on them."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def near(path: Path) -> Path:
    """Return a path relative to the current folder if it is below it, else unchanged."""
    absolute, here = path.absolute(), Path.cwd()
    return absolute.relative_to(here) if absolute.is_relative_to(here) else path


def one_line(text: str) -> str:
    """Return foreign text as one line, without control characters."""
    return plain(text).replace("\n", " ")


def first_line(text: str, limit: int | None = None) -> str:
    """Return the first line of foreign text, at most `limit` characters of it."""
    line = one_line(text.partition("\n")[0])
    return line if limit is None or len(line) <= limit else f"{line[: limit - 3]}..."


def wrapped(text: str) -> str:
    """Return text wrapped to the terminal's width, unchanged without a terminal."""
    width = terminal_width()
    return text if width is None else click.wrap_text(text, width, preserve_paragraphs=True)


def terminal_width() -> int | None:
    """Return the number of columns of standard output, None if it is not a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield where to write a file, so that it is written completely or not at all.

    A pipe or a device is written directly. Raises UsageError if the file cannot be written.
    """
    part = None
    try:
        if path.is_file() or not path.exists():
            real = path.resolve()
            # Of a length of its own: the name of the file itself may be as long as can be.
            part = real.with_name(f".leanopt-{token_hex(8)}")
        yield part or path
        if part is not None:
            part.replace(real)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink()
