"""The sections that plugins add to `leanopt show`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click

from leanopt_core.canonical import canonical_json
from leanopt_core.cli.output import (
    one_line,
    plain,
    print_json,
    print_table,
    terminal_width,
    wrapped,
)
from leanopt_core.cli.session import plugin_calls, warn
from leanopt_core.errors import PluginError, UsageError
from leanopt_core.plugins import RegisteredSection, Registry, discover
from leanopt_core.python import OpenStore
from leanopt_core.search.calls import Calls
from leanopt_core.search.guard import Guard
from leanopt_core.section import SectionRow, ShowSection
from leanopt_core.shown import shown
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store

_GAP: Final = 2
#: A note narrower than this begins below its value.
_NARROW: Final = 30
_DOING: Final = "making its section of `leanopt show`"
_PLUGIN: Final = "leanopt-evidence"


def show_evidence(store: Store, run: StoredRun, search: int | None, *, as_json: bool) -> None:
    """Print the sections that plugins have for a run, or for one of its searches.

    Raises UsageError if no plugin has one, PluginError if one of them fails.
    """
    with plugin_calls(as_json=as_json) as calls:
        registered = _registered(calls)
        sections = {
            name: _made(one, OpenStore(store), run, search, calls)
            for name, one in registered.items()
        }
    if as_json:
        found = {name: section.document for name, section in sections.items()}
        print_json({"run": run.name, "search": search, "evidence": found})
        return
    click.echo(f"run {plain(run.name)}")
    for section in sections.values():
        click.echo()
        _print(section)


def _registered(calls: Calls) -> dict[str, RegisteredSection]:
    registry = discover(noted=calls.noted)
    for problem in registry.problems:
        warn(str(problem))
    if not registry.sections:
        raise _missing(registry)
    return dict(registry.sections)


def _missing(registry: Registry) -> PluginError | UsageError:
    """Return the error of a core whose plugins have no section, with what to do."""
    for problem in registry.unusable:
        if problem.distribution == _PLUGIN:
            return PluginError(str(problem))
    return UsageError(f"--evidence needs a plugin that is not installed; pip install {_PLUGIN}")


def _made(
    registered: RegisteredSection,
    store: OpenStore,
    run: StoredRun,
    search: int | None,
    calls: Calls,
) -> ShowSection:
    """Return a plugin's section; raises PluginError for anything else, also in its document."""
    guard = Guard(registered.label, calls=calls)
    found: object = guard.call(_DOING, registered.load(), store, run, search)
    if not isinstance(found, ShowSection):
        raise guard.fault(_DOING, f"it returned {shown(found)}, expected a ShowSection")
    guard.call("writing its document as JSON", canonical_json, found.document)
    return found


def _print(section: ShowSection) -> None:
    click.echo(one_line(section.title))
    for sentence in section.text:
        click.echo(wrapped(plain(sentence)))
    if section.rows:
        click.echo()
        for line in _lines(section.rows):
            click.echo(line)
    for table in section.tables:
        click.echo(f"\n{one_line(table.title)}")
        print_table(table.head, table.rows, keep=1)


def _lines(rows: tuple[SectionRow, ...]) -> Iterator[str]:
    """Yield labels, values and notes in columns; a long note goes on below its beginning."""
    cells = [(one_line(row.label), one_line(row.value or "-"), one_line(row.note)) for row in rows]
    labels, values = (max(len(row[place]) for row in cells) for place in (0, 1))
    wide, indent = terminal_width(), labels + values + 2 * _GAP
    for label, value, note in cells:
        line = f"{label.ljust(labels)}{' ' * _GAP}{value.rjust(values)}"
        if wide is None or len(line) + _GAP + len(note) <= wide:
            yield f"{line}{' ' * _GAP}{note}".rstrip()
            continue
        beside = wide - indent >= _NARROW
        start = indent if beside else 2 * _GAP
        lines = click.wrap_text(note, wide - start).splitlines()
        yield f"{line}{' ' * _GAP}{lines.pop(0)}" if beside else line
        yield from (" " * start + one for one in lines)
