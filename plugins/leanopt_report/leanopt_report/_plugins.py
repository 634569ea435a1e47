"""What plugins say of a run with `leanopt show --evidence`, as sections of the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from leanopt_core.api import (
    LeanoptError,
    OpenStore,
    PluginError,
    RegisteredSection,
    SectionRow,
    SectionTable,
    ShowSection,
    StoredRun,
    number,
)
from leanopt_report._model import Section, Table

_OURS: Final = "leanopt-evidence"
Plugins = Mapping[str, RegisteredSection]


def evidence(
    plugins: Plugins, store: OpenStore, run: StoredRun, search: int | None
) -> Iterator[Section]:
    """Yield what plugins say of a run, or of one of its searches.

    The report itself has what `leanopt-evidence` says. Raises PluginError, with the plugin's name,
    if one of them fails.
    """
    for name, registered in plugins.items():
        if registered.distribution != _OURS:
            yield section(f"plugin-{name}", _made(registered, store, run, search))


def section(name: str, found: ShowSection) -> Section:
    """Return a section of `leanopt show` as one of the report."""
    rows = (_rows(found.rows),) if found.rows else ()
    return Section(name, found.title, found.text, (*rows, *map(_table, found.tables)))


def _made(
    registered: RegisteredSection, store: OpenStore, run: StoredRun, search: int | None
) -> ShowSection:
    try:
        found: object = registered.load()(store, run, search)
    except LeanoptError:
        raise
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise PluginError(f"{registered.label} failed for the report: {told}") from error
    if not isinstance(found, ShowSection):
        raise PluginError(f"{registered.label} returned {found!r:.80}, expected a ShowSection")
    return found


def _rows(rows: tuple[SectionRow, ...]) -> Table:
    return Table(("", "value", "note"), tuple((one.label, one.value, one.note) for one in rows))


def _table(table: SectionTable) -> Table:
    rows = tuple(tuple(map(_cell, row)) for row in table.rows)
    return Table(table.head, rows, table.title)


def _cell(value: str | float | None) -> str | None:
    return number(value) if isinstance(value, float) else None if value is None else str(value)
