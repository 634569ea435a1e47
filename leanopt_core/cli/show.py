"""`leanopt show`: a run, or one of its trials."""

from __future__ import annotations

import json
from pathlib import Path

import click

from leanopt_core.cli.common import open_project, project_option
from leanopt_core.cli.output import plain, print_json, print_table
from leanopt_core.cli.summary import detail, document, print_report, trial_document
from leanopt_core.errors import UsageError
from leanopt_core.search.report import TOP, report
from leanopt_core.store.records import StoredRun, StoredTrial


@click.command("show")
@click.argument("run", required=False)
@project_option
@click.option("--trial", type=click.IntRange(min=1), help="Show this trial.")
@click.option(
    "--search", type=click.IntRange(min=1), default=1, help="Of this search; 1 by default."
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=TOP,
    help=f"How many of the best; {TOP} by default.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    run: str | None, project: Path, trial: int | None, search: int, top: int, as_json: bool
) -> None:
    """Show RUN (or a beginning of its name), the newest by default.

    Example: leanopt show quickstart-1 --trial 17 --project examples/quickstart
    """
    with open_project(project) as store:
        found = store.runs.find(run)
        if trial is None:
            said = report(store, found, top)
            if as_json:
                print_json(document(said))
            else:
                print_report(said)
            return
        one = store.reader.trial(found, search, trial)
        if one is None:
            raise UsageError(f"run {found.name} has no trial {trial} in search {search}")
        if as_json:
            print_json(trial_document(one))
        else:
            _print_trial(found, search, one)


def _print_trial(run: StoredRun, search: int, trial: StoredTrial) -> None:
    click.echo(
        f"trial {trial.number} of {plain(run.name)}, proposed by stage {plain(trial.stage)}"
        + (f" ({plain(trial.origin)})" if trial.origin else "")
        + f": {trial.state}"
    )
    print_table(("parameter", "value"), list(json.loads(trial.parameters).items()))
    more = detail(trial)
    scored = [("fitness", trial.fitness), *more.get("values", {}).items()]
    scored += [(f"violates {text}", size) for text, size in more.get("violations", ())]
    click.echo()
    print_table(("score", "value"), scored)
    for reason in more.get("reasons", ()):
        click.echo(f"  {plain(reason)}")
    for ordinal, scenario in enumerate(run.searches[search - 1].scenarios):
        _print_backtest(run, trial, ordinal, scenario.name)


def _print_backtest(run: StoredRun, trial: StoredTrial, ordinal: int, scenario: str) -> None:
    one = trial.backtests.get(ordinal)
    click.echo(f"\nscenario {plain(scenario)}:")
    if one is None:
        click.echo("  no backtest of it has finished")
        return
    origin = "run here" if one.run_id == run.id else "answered from the store"
    click.echo(
        f"  {origin}: {one.seconds:.3f} s on worker {one.worker}, attempt {one.attempts}"
        if one.seconds is not None
        else f"  {origin}"
    )
    if one.failure is not None:
        click.echo(f"  {one.failure}: {plain(one.message or '')}")
    if one.statistics is not None:
        print_table(("  statistic", "value"), _rows(json.loads(one.statistics)))


def _rows(statistics: dict[str, object]) -> list[tuple[str, object]]:
    return [(f"  {name}", value) for name, value in statistics.items()]
