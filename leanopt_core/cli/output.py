"""How the command line prints: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from leanopt_core.canonical import canonical_json


def print_json(value: Any) -> None:
    """Print one JSON document."""
    click.echo(canonical_json(value))


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns; numbers to the right, an unknown value as `-`."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[column]) for row in [list(head), *cells]) for column in range(len(head))]
    numeric = [
        bool(rows) and all(isinstance(row[column], int | float | None) for row in rows)
        for column in range(len(head))
    ]
    for row in [list(head), *cells]:
        line = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        )
        click.echo("  ".join(line).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    return plain(str(value))


def plain(text: str) -> str:
    """Return text from elsewhere without control characters: a terminal must not act on them."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def one_line(text: str) -> str:
    """Return text from elsewhere in one line, without control characters."""
    return plain(text).replace("\n", " ")
