"""What a report consists of in each form: pages of sections.

Texts are plain: each form escapes them as it must.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen

from leanopt_core.api import number

#: The largest number that columns hold: more is infinite as a 32-bit float.
LARGEST: Final = 3e38
#: Numbers of a chart, by name: bytes ("B"), 32-bit integers ("i") or 32-bit floats ("f").
Columns = Mapping[str, "array[Any]"]


@frozen
class Table:
    """Column names and rows of text; an unknown value is None."""

    head: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    title: str = ""


@frozen
class Chart:
    """A chart of a `kind` that the page's script draws.

    `values` are JSON values, `columns` many numbers. `caption` says what it shows; a reader who
    cannot see it has only that.
    """

    kind: str
    caption: str
    values: Mapping[str, Any] = field(factory=dict)
    columns: Columns = field(factory=dict)


@frozen
class Section:
    """A part of a page. Without tables and charts, `texts` say why there are none.

    `code` is shown as it is. `folded` sections are opened by a click.
    """

    name: str
    title: str
    texts: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    code: str = ""
    folded: bool = False


@frozen
class Page:
    """One search of a run, or all of them; its charts share `columns`, a row for each trial."""

    name: str
    title: str
    sections: tuple[Section, ...]
    columns: Columns = field(factory=dict)


@frozen
class Verdict:
    """What is thought of the result, in one sentence, and why.

    `tone` is `good`, `doubtful`, `bad` or `unknown`.
    """

    tone: str
    sentence: str
    reasons: tuple[str, ...] = ()


@frozen
class Document:
    """The report of a run: first the verdict, then a page or several."""

    run: str
    subtitle: str
    state: str | None
    verdict: Verdict
    pages: tuple[Page, ...]


def figure(value: float | None) -> str | None:
    """Return a number as a cell of a table."""
    return None if value is None else number(value)


def whole(value: int | None) -> str | None:
    """Return a count or a trial's number as a cell of a table."""
    return None if value is None else str(value)
