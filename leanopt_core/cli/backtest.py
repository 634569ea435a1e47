"""`leanopt backtest`: backtest one point, in no run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import asdict, evolve

from leanopt_core.cli.common import (
    PIPELINE,
    WholeNumber,
    load,
    open_project,
    run_names,
    search_option,
)
from leanopt_core.cli.output import print_json, whole_file
from leanopt_core.cli.session import plugin_calls, show_progress, tell, warn
from leanopt_core.errors import DifferenceError, StrategyError, UsageError

if TYPE_CHECKING:
    from leanopt_core.pipeline import Pipeline
    from leanopt_core.report.single import SingleReport
    from leanopt_core.report.subject import Selection
    from leanopt_core.search.calls import Calls


@click.command("backtest")
@click.argument("pipeline", type=click.Path(path_type=Path), required=False)
@click.option(
    "--of",
    metavar="RUN[:TRIAL]",
    shell_complete=run_names,
    help="Take the parameters of a trial (of RUN: its chosen one).",
)
@search_option
@click.option(
    "--param",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of a parameter, on the grid or off it; repeatable.",
)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, for example scenario.start=2015-01-01; repeatable.",
)
@click.option("--symbol", metavar="A[,B]", help="Symbol of the scenario, or several.")
@click.option(
    "--universe",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File of symbols, each with a scenario.",
)
@click.option("--workers", type=WholeNumber(min=1), metavar="N", help="Number of workers.")
@click.option(
    "--to",
    "series",
    type=click.Choice(["equity", "trades"]),
    multiple=True,
    metavar="SERIES",
    help="Write the curve (equity) or the closed trades (trades) as CSV; repeatable.",
)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), metavar="FOLDER", help="Folder for --to."
)
@click.option(
    "--probe-plateau",
    "probe",
    is_flag=True,
    help="Backtest the neighbours of the trial in --of, too, and show its plateau.",
)
@click.option("--allow-unread", is_flag=True, help="Allow parameters the strategy never reads.")
@click.option(
    "--skip-build", is_flag=True, help="Use the last good build, even if sources have changed."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    pipeline: Path | None,
    of: str | None,
    search: str | None,
    parameters: tuple[str, ...],
    sets: tuple[str, ...],
    symbol: str | None,
    universe: Path | None,
    workers: int | None,
    series: tuple[str, ...],
    output: Path | None,
    probe: bool,
    allow_unread: bool,
    skip_build: bool,
    as_json: bool,
) -> None:
    """Backtest one point of PIPELINE (default: that of the run in --of, else pipeline.toml here).

    It runs under each scenario, in no run, and counts as a trial of the strategy. The store keeps
    it: the same again answers at once, also to runs. Each searched parameter needs a value, from
    --param or else from --of. Full results are kept. The exit code is 5 if a backtest failed.

    Example: leanopt backtest pipeline.toml --of quickstart-1 --param fast=9
    """
    if bool(series) != (output is not None):
        raise UsageError("--to says what to write and --output where; give both")
    if universe is not None and symbol is not None:
        raise UsageError("--symbol and --universe both say which symbols; choose one of them")
    if probe:
        others = {"param": parameters, "set": sets, "symbol": symbol, "universe": universe}
        _check_probe(of, [name for name, value in others.items() if value])
    with plugin_calls(as_json=as_json) as calls:
        found = None if of is None else _trial(pipeline or Path(), of, search)
        flags = {"symbol": symbol, "workers": workers, "seed": None}
        given: dict[str, Any] = {"sets": sets, "universe": universe, **flags}
        loaded = _load(pipeline, found, given, calls, probe=probe)
        said = _run(
            loaded,
            found,
            parameters,
            frozenset(series),
            workers=workers,
            probe=probe,
            allow_unread=allow_unread,
            skip_build=skip_build,
            calls=calls,
        )
        files = {} if output is None else _write(said, series, output)
    _print(said, files, as_json=as_json)
    if said.failed:
        raise StrategyError(f"the backtest failed under: {', '.join(said.failed)}")
    if said.differing:
        raise DifferenceError("a backtest ran again and gives another result than the stored one")


def _check_probe(of: str | None, others: Sequence[str]) -> None:
    """Raise UsageError for a plateau of no trial, or of another point than that of the trial."""
    if of is None:
        raise UsageError("--probe-plateau needs a trial: --of RUN:TRIAL")
    if others:
        raise UsageError(f"--probe-plateau is of a stored trial as it is; leave out --{others[0]}")


def _print(said: SingleReport, files: dict[str, dict[str, Path]], *, as_json: bool) -> None:
    for warning in said.warnings:
        warn(warning)
    if as_json:
        from leanopt_core.report.single import document

        print_json(document(said, files))
    else:
        from leanopt_core.cli.single_page import print_single

        print_single(said, files)


def _trial(project: Path, text: str, search: str | None) -> Selection:
    from leanopt_core.report.chosen import find_chosen

    with open_project(project) as store:
        return find_chosen(store, text, search)


def _load(
    pipeline: Path | None,
    of: Selection | None,
    given: dict[str, Any],
    calls: Calls,
    *,
    probe: bool,
) -> Pipeline:
    """Load a pipeline; by default that of the trial's run, with the options that began it."""
    from leanopt_core.report.probed import of_its_search
    from leanopt_core.search.options import RunOptions

    path, chosen = pipeline or PIPELINE, given["symbol"] or given["universe"]
    if pipeline is None and of is not None:
        options = RunOptions.of_run(of.run, Path())
        path, own = Path(options.pipeline), asdict(options.overrides)
        given = {**own, **{k: v for k, v in given.items() if v is not None}}
        given["sets"] = (*own["sets"], *given["sets"])
    if given.get("universe") is not None:
        given["symbol"] = None
    loaded, registry = load(path, **given, calls=calls, searched=False)
    # No stage proposes the point: what one needs, as the run of `from`, need not be there.
    loaded = evolve(loaded, stages=())
    if of is not None and probe:
        return of_its_search(loaded, of, registry)
    return loaded if of is None or chosen else _of_its_search(loaded, of)


def _of_its_search(pipeline: Pipeline, of: Selection) -> Pipeline:
    """Return a pipeline of separate searches with the scenarios of the trial's own, if it has any.

    The other symbols have not judged the trial: one without data would fail it.
    """
    judged = of.run.searches[of.search - 1].scenarios
    own = {json.loads(one.definition).get("symbol") for one in judged}
    scenarios = tuple(one for one in pipeline.scenarios if one.symbol in own)
    return evolve(pipeline, scenarios=scenarios) if pipeline.separate and scenarios else pipeline


def _run(
    pipeline: Pipeline,
    of: Selection | None,
    parameters: tuple[str, ...],
    outputs: frozenset[str],
    *,
    workers: int | None,
    probe: bool,
    allow_unread: bool,
    skip_build: bool,
    calls: Calls,
) -> SingleReport:
    from leanopt_core.project_files import STORE
    from leanopt_core.report.probed import probe as probe_plateau
    from leanopt_core.report.single import chosen_point, single_report
    from leanopt_core.search.prepare import prepared
    from leanopt_core.store.store import open_store

    point = chosen_point(pipeline.space, parameters, of)
    durability = pipeline.search.durability
    with (
        open_store(pipeline.folder / STORE, durability=durability, tell=warn) as store,
        prepared(
            pipeline,
            hashed=store.hash_file,
            allow_unread=allow_unread,
            skip_build=skip_build,
            report=tell,
            calls=calls,
        ) as ready,
    ):
        for note in (*pipeline.notes, *ready.build.notes):
            warn(note)
        shared: dict[str, Any] = {"workers": workers, "report": warn, "progress": show_progress}
        said = single_report(*(ready, store, point), outputs=outputs, calls=calls, **shared)
        if of is None or not probe:
            return said
        return evolve(
            said, plateau=probe_plateau(ready, store, of, said.score, calls=calls, **shared)
        )


def _write(said: SingleReport, series: tuple[str, ...], folder: Path) -> dict[str, dict[str, Path]]:
    """Write the series of each completed backtest, numbered if there are several scenarios."""
    from leanopt_core.report.series import SERIES, series_of

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--output {folder} cannot be made: {error.strerror}") from None
    files: dict[str, dict[str, Path]] = {}
    several = len(said.result.backtests) > 1
    for number, one in enumerate(said.result.backtests, 1):
        for name in series:
            found = series_of(one.outcome, name)
            if found is None:
                if one.outcome.failure is None:
                    warn(f"scenario {one.scenario.name}: the strategy reports no {SERIES[name]}")
                continue
            # By number: a scenario's name may be no name of a file.
            path = folder / (f"{name}-{number}.csv" if several else f"{name}.csv")
            with whole_file(path) as part, part.open("w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in found.csv_lines())
            files.setdefault(one.scenario.name, {})[name] = path
    return files
