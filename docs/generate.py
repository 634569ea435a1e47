"""Refresh the generated parts of the pages: `make docs-refresh`.

A table is found by the heading above it and its header. The code decides its rows. If a person
writes the last column, the script keeps that cell for each row, found by the row's first cell.
With `--check` the script writes nothing, and ends with exit code 1 if a page is out of date.
"""

from __future__ import annotations

import inspect
import re
import sqlite3
import sys
import tempfile
import tomllib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from inspect import getdoc, signature
from pathlib import Path
from typing import Any, Final

import attrs
import click

import leanopt_core.api
from leanopt_core import hookspecs
from leanopt_core.cli.group import leanopt
from leanopt_core.pipeline.convert import type_words
from leanopt_core.pipeline.structure import option_fields
from leanopt_core.pipeline.tables import TABLES, TopTable
from leanopt_core.pipeline.toml import toml_text
from leanopt_core.plugins import CORE, Kind, Registered, discover
from leanopt_core.report.option_list import describe
from leanopt_core.store.store import open_store

DOCS: Final = Path(__file__).parent
#: The title of each kind's section, and how a pipeline uses one.
KINDS: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.STAGE: ("Stages", '`use = "..."` in a `[[stage]]`'),
    Kind.FITNESS: ("Fitness functions", '`use = "..."` below `[fitness]`'),
    Kind.EXECUTOR: ("Executors", '`use = "..."` below `[executor]`'),
    Kind.ENGINE: ("Engines", '`engine = "..."` below `[strategy]`'),
    Kind.SINK: ("Result sinks", '`use = "..."` in a `[[sink]]`'),
}
BEGIN, END = "<!-- plugins begin -->\n", "<!-- plugins end -->"

Rows = Iterable[Sequence[str]]


def plugins(text: str) -> str:
    """Refresh the page of plugins: the installed ones of this repository."""
    own = [path.name.replace("_", "-") for path in DOCS.glob("../plugins/leanopt_*")]
    registry = discover({"LEANOPT_PLUGINS": ",".join(own)})
    written = "\n".join(
        _kind(kind, [registry.entries[kind, name] for name in registry.names(kind)])
        for kind in KINDS
    )
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    return f"{before}{BEGIN}\n{written}\n{END}{after}"


def _kind(kind: Kind, entries: Sequence[Registered]) -> str:
    title, used = KINDS[kind]
    return f"## {title}\n\nUsed by {used}.\n" + "".join(map(_plugin, entries))


def _plugin(entry: Registered) -> str:
    spec = entry.spec
    header = ("option", "type", "default", "bounds", "meaning")
    rows = [
        (f"`{one.name}`", one.type, _code(one.default), one.bounds, one.help)
        for one in describe(spec.options)
    ]
    options = _table(header, rows) if rows else "It has no options.\n"
    return f"\n### `{spec.name}`\n\n{spec.help}.\nFrom {_origin(entry)}.\n\n{options}"


def _origin(entry: Registered) -> str:
    name = entry.distribution
    if name == CORE:
        return f"`{name}`"
    return f"[`{name}`](../../plugins/{name.replace('-', '_')}/README.md)"


def _code(default: str) -> str:
    return default if default in ("required", "none", "empty") else f"`{default}`"


def commands(text: str) -> str:
    """Refresh the options of every command."""
    context = click.Context(leanopt, info_name="leanopt")
    for name in leanopt.list_commands(context):
        options = leanopt.get_command(context, name).params
        records = [one.get_help_record(context) for one in options if isinstance(one, click.Option)]
        rows = [(f"`{option}`", " ".join(said.split())) for option, said in records if said]
        if rows:
            text = _tabled(text, f"## `leanopt {name}`", ("option", "meaning"), rows)
    return text


def hooks(text: str) -> str:
    """Refresh arguments, summary and return type of every hook."""
    for name, hook in vars(hookspecs).items():
        if name.startswith("leanopt_"):
            heading = f"### `{name}({', '.join(signature(hook).parameters)})`"
            summary = (getdoc(hook) or "").splitlines()[0]
            said = f"{heading}\n\n{summary} Returns `{hook.__annotations__['return']}`.\n"
            old = re.search(rf"^### `{name}\(.*\n\n.+\n", text, re.MULTILINE)
            _must(old, f"no section for the hook {name}")
            text = text.replace(old[0], said)
    return text


def api(text: str) -> str:
    """Refresh the names of `leanopt_core.api`, by the comments of its stub.

    A class or a function says what it is; a person says it of other names.
    """
    contracts = (DOCS / "reference" / "contracts.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^### `(\w+)`", contracts, re.MULTILINE))
    stub = Path(str(leanopt_core.api.__file__)).with_suffix(".pyi").read_text(encoding="utf-8")
    for title, names in re.findall(r"^# (.+)\n((?:from .+\n)+)", stub, re.MULTILINE):
        rows = [
            _api_row(name, described) for name in re.findall(r" as (\w+)$", names, re.MULTILINE)
        ]
        text = _tabled(text, f"## {title}", ("name", "what it is"), rows)
    return text


def _api_row(name: str, described: Container[str]) -> Sequence[str]:
    value = getattr(leanopt_core.api, name)
    cell = f"[`{name}`](contracts.md#{name.lower()})" if name in described else f"`{name}`"
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return (cell,)
    if inspect.isfunction(value):
        cell = f"`{name}({', '.join(signature(value).parameters)})`"
    summary = " ".join((getdoc(value) or "").partition("\n\n")[0].split())
    return cell, summary.replace("|", "\\|")


def store(text: str) -> str:
    """Refresh the columns of every table and view."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "leanopt.db")
        open_store(path).close()
        database = sqlite3.connect(path)
        names = database.execute(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') "
            "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        )
        for (name,) in names.fetchall():
            columns = database.execute("SELECT name FROM pragma_table_info(?)", [name])
            rows = [(f"`{column}`",) for (column,) in columns]
            text = _tabled(text, f"### `{name}`", ("column", "meaning"), rows)
        database.close()
    return text


def pipeline(text: str) -> str:
    """Refresh type and default of every key in a pipeline's own tables."""
    header = ("key", "type", "default", "meaning")
    text = _tabled(text, "## The top", header, _keys(TopTable))
    for name, kind in TABLES.items():
        heading = f"## `[[{name}]]`" if name in ("stage", "sink") else f"## `[{name}]`"
        text = _tabled(text, heading, header, _keys(kind))
    return text


def _keys(kind: type) -> Iterator[Sequence[str]]:
    for key, field in option_fields(kind).items():
        yield f"`{key}`", type_words(field.type), _toml(field.default)


def _toml(default: Any) -> str:
    """Return a default as TOML."""
    if default is attrs.NOTHING:
        return "required"
    if isinstance(default, attrs.Factory):
        default = default.factory()
    match default:
        case None:
            return "none"
        case tuple():
            return toml_text(list(default))
        case float():
            return f"{default:g}"
    return toml_text(default)


def leaks(text: str) -> str:
    """Refresh what becomes of the changes that a backtest leaves behind."""
    table = DOCS.parent / "harness" / "python" / "tests" / "leaks.toml"
    for outcome, found in tomllib.loads(table.read_text(encoding="utf-8")).items():
        heading = f"## {outcome.replace('_', ' ').capitalize()}"
        text = _tabled(text, heading, ["change"], [[leak["what"]] for leak in found])
    return text


def _tabled(text: str, heading: str, header: Sequence[str], rows: Rows) -> str:
    """Write the first table with this header below a heading.

    A row without its last cell keeps the one on the page.
    """
    before, found, after = text.partition(f"\n{heading}\n")
    _must(found, f"no heading {heading!r}")
    table = re.search(rf"^{re.escape(_row(header))}(?:\|.*\n)+", after, re.MULTILINE)
    _must(table, f"no table of {header[0]}s below {heading!r}")
    old = [re.split(r" ?(?<!\\)\| ?", line) for line in table[0].splitlines()]
    meanings = {cells[1]: cells[-2] for cells in old}
    whole = (row if len(row) == len(header) else (*row, meanings.get(row[0], "")) for row in rows)
    return before + found + after[: table.start()] + _table(header, whole) + after[table.end() :]


def _table(header: Sequence[str], rows: Rows) -> str:
    return "".join(map(_row, (header, ["---"] * len(header), *rows)))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n".replace("|  |", "| |")


def _must(found: object, otherwise: str) -> None:
    if not found:
        raise SystemExit(f"{otherwise}: write one")


PAGES: Final[Mapping[str, Callable[[str], str]]] = {
    "reference/plugins.md": plugins,
    "reference/commands.md": commands,
    "reference/hooks.md": hooks,
    "reference/api.md": api,
    "reference/store.md": store,
    "reference/pipeline.md": pipeline,
    "explanation/warm-workers.md": leaks,
}


def main() -> int:
    """Refresh every page; with `--check`, only report those that are out of date."""
    check = "--check" in sys.argv
    stale = False
    for name, refreshed in PAGES.items():
        page = DOCS / name
        text = page.read_text(encoding="utf-8")
        new = refreshed(text)
        if new != text:
            stale = True
            print(f"docs/{name}: {'out of date; make docs-refresh' if check else 'written'}")
            if not check:
                page.write_text(new, encoding="utf-8")
    return int(check and stale)


if __name__ == "__main__":
    sys.exit(main())
