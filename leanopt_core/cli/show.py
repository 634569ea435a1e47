"""`leanopt show`: show a run, a view of all its trials, or one of its trials."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from leanopt_core.cli.column_names import column_names
from leanopt_core.cli.common import WholeNumber, open_project, project_option, run_names
from leanopt_core.cli.heat_map_page import show_map
from leanopt_core.cli.list_page import show_list
from leanopt_core.cli.output import one_line, plain, print_json
from leanopt_core.cli.paths_page import print_path
from leanopt_core.cli.summary import print_report
from leanopt_core.cli.trial_page import show_trial
from leanopt_core.cli.views import VIEWS, Look
from leanopt_core.errors import UsageError
from leanopt_core.report.heat_map import heat_map
from leanopt_core.report.listing import ListOptions
from leanopt_core.report.manifest import manifest
from leanopt_core.report.pieces import find_path
from leanopt_core.report.run import TOP, document, report
from leanopt_core.report.subject import find_search, state_of
from leanopt_core.report.windows import path_reports, paths_document
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store

#: The options that make a list of trials, in the order of ListOptions.
_LISTING: Final = ("where", "sort", "reverse", "columns")
_SEARCH: Final = "Only this search, by number or name (default: all; that of TRIAL: 1)."


@click.command("show")
@click.argument("run", required=False, shell_complete=run_names)
@click.argument("trial", required=False, type=WholeNumber(min=1))
@project_option
@click.option("--search", metavar="SEARCH", help=_SEARCH)
@click.option(
    "--top",
    type=WholeNumber(min=1),
    metavar="N",
    default=TOP,
    help=f"Number of trials or groups to show (default: {TOP}).",
)
@click.option(
    "--by",
    type=click.Choice(["best", "plateau"]),
    metavar="RULE",
    help="Order of the trials: by fitness (best), or with their neighbours (plateau).",
)
@click.option("--scenarios", is_flag=True, help="Show statistics for each scenario, too.")
@click.option("--where", metavar="FILTER", help='Only these trials: "orders > 60 and fast < 20".')
@click.option(
    "--sort", metavar="NAME", help="Sort by a column, the best first.", shell_complete=column_names
)
@click.option("--reverse", is_flag=True, help="Sort the other way round.")
@click.option(
    "--columns",
    metavar="NAMES",
    help="Columns to show, with commas between.",
    shell_complete=column_names,
)
@click.option(
    "--map",
    nargs=2,
    metavar="X Y",
    shell_complete=column_names,
    help="Draw the best fitness (or --sort) for each pair of values of two parameters.",
)
@click.option("--failed", is_flag=True, help="Show why trials failed, grouped by message.")
@click.option("--constraints", is_flag=True, help="Show which constraint cost how many trials.")
@click.option("--stages", is_flag=True, help="Show what each stage found when, and what it gained.")
@click.option("--all-runs", is_flag=True, help="With --stages: all runs of the same pipeline.")
@click.option("--equal", is_flag=True, help="Show trials with equal results, and why.")
@click.option("--front", is_flag=True, help="Show the Pareto front, where a run has objectives.")
@click.option("--path", metavar="NAME", help="Show one path of tests, where a run has several.")
@click.option("--evidence", is_flag=True, help="Say how much of the best result may be luck.")
@click.option("--manifest", is_flag=True, help="Print the run's manifest as JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    run: str | None,
    trial: int | None,
    project: Path,
    search: str | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Show RUN (name or unique prefix; default: the newest), or its trial number TRIAL.

    A number alone means a trial of the newest run, unless a run's name starts with it.

    Example: leanopt show quickstart-1 17 --project examples/quickstart
    """
    view = _view(asked)
    with open_project(project) as store:
        if trial is None and run is not None and _is_trial(store, run):
            trial, run = int(run), None
        found = store.runs.find(run)
        if trial is not None:
            if wrong := view or next((name for name in (*_LISTING, "by") if asked[name]), None):
                raise UsageError(f"--{wrong} is of a run; leave out TRIAL")
            show_trial(store, found, find_search(found, search), trial, as_json=as_json)
            return
        if view == "manifest":
            print_json(manifest(store, found))
            return
        only = None if search is None else find_search(found, search)
        if view == "path":
            _show_path(store, found, asked["path"], as_json=as_json)
            return
        if view == "map":
            names, where, sort = asked["map"], asked["where"], asked["sort"]
            drawn = heat_map(store, found, names, search=only, where=where, value=sort)
            show_map(drawn, as_json=as_json)
        elif view == "evidence":
            # The page loads plugins.
            from leanopt_core.cli.evidence_page import show_evidence

            show_evidence(store, found, only, as_json=as_json)
        elif view is not None:
            look = Look(store, found, only, asked["top"], asked["all_runs"], as_json)
            VIEWS[view](look)
        elif any(asked[name] for name in _LISTING):
            options = ListOptions(only, *(asked[name] for name in (*_LISTING, "top")))
            show_list(store, found, options, scenarios=asked["scenarios"], as_json=as_json)
        else:
            _show_run(store, found, only, asked, as_json=as_json)


def _view(asked: Mapping[str, Any]) -> str | None:
    """Return the name of the view that the options ask for, None for the usual one."""
    views = [name for name in (*VIEWS, "map", "path", "evidence", "manifest") if asked[name]]
    if len(views) > 1:
        raise UsageError(f"choose one of {' and '.join(f'--{name}' for name in views)}")
    lists = [name for name in _LISTING if asked[name]]
    allowed = ("where", "sort") if views == ["map"] else () if views else _LISTING
    if wrong := next((name for name in lists if name not in allowed), None):
        raise UsageError(f"--{wrong} does not go with --{views[0]}; leave out one of them")
    if asked["by"] and (others := [*views, *lists]):
        raise UsageError(f"--by does not go with --{others[0]}; leave out one of them")
    if asked["all_runs"] and views != ["stages"]:
        raise UsageError("--all-runs works only with --stages")
    return views[0] if views else None


def _show_run(
    store: Store, run: StoredRun, search: int | None, asked: Mapping[str, Any], *, as_json: bool
) -> None:
    said = report(store, run, asked["top"], search, asked["by"])
    if as_json:
        print_json(document(said) | {"state": state_of(store, run)})
    else:
        print_report(said, state_of(store, run), scenarios=asked["scenarios"])


def _show_path(store: Store, run: StoredRun, name: str, *, as_json: bool) -> None:
    (found,) = path_reports(store, run, find_path(run, name))
    if as_json:
        print_json(paths_document([found])[0])
        return
    click.echo(f"run {plain(run.name)}: {state_of(store, run)}; path {one_line(found.name)}\n")
    print_path(found)


def _is_trial(store: Store, text: str) -> bool:
    return text.isdigit() and not any(run.name.startswith(text) for run in store.runs.summaries())
