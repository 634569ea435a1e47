"""Print a heat map: numbers where they fit, else digits from worst to best."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import click

from leanopt_core.cli.output import plain, print_json, terminal_width, wrapped
from leanopt_core.report.figures import counted
from leanopt_core.report.heat_map import Cell, HeatMap, best_of, document
from leanopt_core.shown import shortened
from leanopt_core.space import Axis, number_text

#: What is drawn for pairs that were not tried, and without a feasible trial.
UNTRIED: Final = "."
NOTHING: Final = "-"
#: What marks the best cell: in place of its digit, after its number.
BEST: Final = "*"
_WIDTH: Final = 80
_MOST_ROWS: Final = 40
#: The most characters of a name or a value beside the map.
_LONGEST: Final = 20
#: Backgrounds from worst to best, of 256 colours, and from which on the text is black.
_SHADES: Final = (17, 18, 24, 30, 36, 71, 107, 143, 179, 220)
_DARK: Final = 5

Cells = Mapping[tuple[int, int], Cell]


def show_map(found: HeatMap, *, as_json: bool) -> None:
    """Print a heat map as wide as the terminal at most, 80 columns without one."""
    if as_json:
        print_json(document(found))
        return
    by = f"best {found.column.label} by {found.x.name} (across) and {found.y.name} (down)"
    where = f" with {found.where}" if found.where else ""
    click.echo(wrapped(plain(f"{by}, {counted(found.kept, 'trial')}{where}")))
    best = found.best
    if best is None:
        click.echo("No feasible trial.")
        return
    for line in drawing(found, terminal_width() or _WIDTH):
        click.echo(line)
    (x, y), cell = best
    at = f"{found.x.name} = {_text(found.x, x)}, {found.y.name} = {_text(found.y, y)}"
    value = found.column.show(cell.value)
    search = f" of search {cell.search}" if len(found.run.searches) > 1 else ""
    click.echo(wrapped(plain(f"{BEST} best: {at}: {value} (trial {cell.trial}{search})")))


def drawing(found: HeatMap, width: int) -> Iterator[str]:
    """Yield the lines of a map that is at most so wide, then a line that explains it."""
    rows = _bins(len(found.y), _MOST_ROWS)
    labels = [_label(found.y, row) for row in rows]
    name = shortened(found.y.name, _LONGEST)
    margin = max(len(name), *map(len, labels)) + 1
    each = _cell_width(found)
    digits = len(found.x) * each > width - margin
    columns = _bins(len(found.x), width - margin if digits else len(found.x))
    if digits:
        yield from _scale(found.x, columns, name.ljust(margin))
    else:
        head = "".join(_text(found.x, column.start).rjust(each) for column in columns)
        yield plain(name.ljust(margin) + head)
    yield from _body(found, rows, labels, columns, margin, 1 if digits else each)
    yield from _legend(found, digits=digits)


def _cell_width(found: HeatMap) -> int:
    """Return how wide a cell with a number is, with a space before and a mark behind it."""
    heads = (_text(found.x, level) for level in range(min(len(found.x), _WIDTH)))
    return max(*map(len, heads), *map(len, _numbers(found))) + 2


def _bins(levels: int, most: int) -> list[range]:
    """Divide levels into at most so many ranges of equal length, the last may be shorter."""
    size = -(-levels // max(most, 1))
    return [range(start, min(start + size, levels)) for start in range(0, levels, size)]


def _label(axis: Axis, levels: range) -> str:
    first, last = _text(axis, levels.start), _text(axis, levels[-1])
    return first if len(levels) == 1 else f"{first}..{last}"


def _text(axis: Axis, level: int) -> str:
    return shortened(number_text(axis.value(level)), _LONGEST)


def _numbers(found: HeatMap) -> list[str]:
    """Return the values of the cells as short texts, at least one."""
    known = [_short(found, c.value) for c in found.cells.values() if c.value is not None]
    return known or [NOTHING]


def _short(found: HeatMap, value: float) -> str:
    shown = found.column.show(value)
    return shown if found.column.group == "statistics" else f"{value:.3g}"


def _body(
    found: HeatMap,
    rows: Sequence[range],
    labels: Sequence[str],
    columns: Sequence[range],
    margin: int,
    each: int,
) -> Iterator[str]:
    """Yield a line for each row; cells are `each` wide, 1 for digits."""
    cells = _binned(found, rows, columns)
    low, high = _ends(cells)
    best = best_of(cells, lower=found.lower)
    for y, label in enumerate(labels):
        parts = []
        for x in range(len(columns)):
            cell = cells.get((x, y))
            share = None if cell is None or cell.value is None else _share(cell.value, low, high)
            share = 1 - share if share is not None and found.lower else share
            text = _drawn(found, cell, share, marked=(x, y) == best, digits=each == 1)
            parts.append(_shaded(text.rjust(each), share))
        yield (plain(label.rjust(margin - 1)) + " " + "".join(parts)).rstrip()


def _drawn(
    found: HeatMap, cell: Cell | None, share: float | None, *, marked: bool, digits: bool
) -> str:
    """Return what stands in a cell."""
    if cell is None:
        return UNTRIED if digits else f"{UNTRIED} "
    if cell.value is None or share is None:
        return NOTHING if digits else f"{NOTHING} "
    if digits:
        return BEST if marked else str(min(9, int(share * 10)))
    return f"{_short(found, cell.value)}{BEST if marked else ' '}"


def _binned(found: HeatMap, rows: Sequence[range], columns: Sequence[range]) -> Cells:
    """Return the cells of the drawing, each with the best of its trials."""
    wide, high = len(columns[0]), len(rows[0])
    cells: dict[tuple[int, int], Cell] = {}
    for (x, y), cell in sorted(found.cells.items()):
        at = (x // wide, y // high)
        cells.setdefault(at, Cell()).add(cell, lower=found.lower)
    return cells


def _ends(cells: Cells) -> tuple[float, float]:
    values = [cell.value for cell in cells.values() if cell.value is not None]
    return min(values), max(values)


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 1.0


def _shaded(text: str, share: float | None) -> str:
    """Return a cell in its shade, if colours are wanted."""
    if share is None or terminal_width() is None or os.environ.get("NO_COLOR"):
        return text
    place = min(len(_SHADES) - 1, int(share * len(_SHADES)))
    return click.style(text, bg=_SHADES[place], fg="black" if place >= _DARK else "white")


def _scale(axis: Axis, columns: Sequence[range], margin: str) -> Iterator[str]:
    """Yield a line with the first and the last value above their columns."""
    first, last = _text(axis, 0), _text(axis, len(axis) - 1)
    gap = len(columns) - len(first) - len(last)
    yield plain(margin + (f"{first}{' ' * gap}{last}" if gap > 0 else f"{first} to {last}"))


def _legend(found: HeatMap, *, digits: bool) -> Iterator[str]:
    low, high = _ends(found.cells)
    if found.lower:
        low, high = high, low
    ends = f"0 is {found.column.show(low)}, 9 nearly {found.column.show(high)}; " * digits
    yield ""
    yield wrapped(plain(f"{ends}{UNTRIED} not tried, {NOTHING} no feasible trial"))
