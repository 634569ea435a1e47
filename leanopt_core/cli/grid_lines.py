"""Draw the grid of a screen: a line for each path of tests, with a column for each window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.text import Text

from leanopt_core.cli.grid import GridRow, cell, headings, over
from leanopt_core.cli.output import one_line
from leanopt_core.cli.progress import View
from leanopt_core.cli.rows import SearchView
from leanopt_core.shown import shortened

_LONGEST_NAME: Final = 24
_NARROWEST: Final = 4
_GAP: Final = 2


def grid_lines(view: View, width: int, room: int, styles: Mapping[str, str]) -> list[Text]:
    """Return a heading and at most `room` rows, nothing without paths or if no window fits.

    Rows and windows that go on come first; the heading says which windows are shown. `styles` are
    those of a search in each phase.
    """
    if not view.grid:
        return []
    searches = dict(enumerate(view.searches, 1))
    rows = _going_on(view.grid, searches, room)
    names = [shortened(one_line(row.name), _LONGEST_NAME) for row in rows]
    heads = headings(view.grid)
    label = max(len(f"{len(heads)}-{len(heads)} of {len(heads)}"), *map(len, names)) + _GAP
    cells = [[cell(searches[number], test) for number, test in row.cells] for row in rows]
    wides = [
        max(len(head), _NARROWEST, *(len(each[at]) for each in cells if at < len(each)))
        for at, head in enumerate(heads)
    ]
    going = min(over(row, searches) for row in rows)
    shown = _fitting(wides, width - label, going)
    if not shown:
        return []
    part = "" if len(shown) == len(heads) else f"{shown[0] + 1}-{shown[-1] + 1} of {len(heads)}"
    head = (" " * _GAP).join(heads[at].rjust(wides[at]) for at in shown)
    lines = [Text(part.ljust(label) + head, "dim")]
    for name, row, each in zip(names, rows, cells, strict=True):
        texts = [
            Text(each[at].rjust(wides[at]), styles.get(searches[row.cells[at][0]].phase, ""))
            for at in shown
            if at < len(each)
        ]
        lines.append(Text(name.ljust(label)).append_text(Text(" " * _GAP).join(texts)))
    return lines


def _going_on(
    rows: Sequence[GridRow], searches: Mapping[int, SearchView], room: int
) -> Sequence[GridRow]:
    """Return at most `room` rows, from the one before the first that is not over."""
    going = (at for at, row in enumerate(rows) if over(row, searches) < len(row.cells))
    start = max(0, min(next(going, 0) - 1, len(rows) - room))
    return rows[start : start + room]


def _fitting(wides: Sequence[int], width: int, at: int) -> range:
    """Return the columns that fit into a width: from the one before `at`, then earlier ones."""
    first = last = min(max(0, at - 1), len(wides) - 1)
    used = wides[first]
    if used > width:
        return range(0)
    while last + 1 < len(wides) and used + _GAP + wides[last + 1] <= width:
        last += 1
        used += _GAP + wides[last]
    while first > 0 and used + _GAP + wides[first - 1] <= width:
        first -= 1
        used += _GAP + wides[first]
    return range(first, last + 1)
