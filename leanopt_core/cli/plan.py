"""`leanopt plan`: show what a pipeline would do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from leanopt_core.cli.common import WholeNumber, load, pipeline_options
from leanopt_core.cli.output import plain, print_json, print_table, wrapped
from leanopt_core.cli.session import plugin_calls, tell, warn
from leanopt_core.pipeline import StageSettings
from leanopt_core.report.figures import counted, duration, percent
from leanopt_core.report.figures import size as size_text
from leanopt_core.report.planned import (
    PlanReport,
    choose_line,
    data_lines,
    document,
    measure,
    objectives_line,
    prune_line,
    searches_line,
    window_rows,
)
from leanopt_core.search.advice import size_of
from leanopt_core.search.most_trials import stage_trials
from leanopt_core.search.prepare import prepared
from leanopt_core.space import Space


@click.command("plan")
@pipeline_options
@click.option(
    "--probe",
    type=WholeNumber(min=1),
    metavar="N",
    help="Run N backtests to measure how long one takes.",
)
@click.option("--allow-unread", is_flag=True, help="Allow parameters the strategy never reads.")
@click.option(
    "--skip-build", is_flag=True, help="Use the last good build, even if sources have changed."
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole plan as JSON.")
def command(
    pipeline: Path,
    sets: tuple[str, ...],
    workers: int | None,
    symbol: str | None,
    seed: int | None,
    probe: int | None,
    allow_unread: bool,
    skip_build: bool,
    as_json: bool,
) -> None:
    """Show what PIPELINE (default: pipeline.toml) would do: space, stages, budget, time, plan hash.

    The strategy is prepared as for a run. The expected time comes from earlier backtests in the
    store, or from --probe. Without --probe no backtest runs, and no image is downloaded.

    Example: leanopt plan pipeline.toml --probe 10
    """
    with plugin_calls(as_json=as_json) as calls:
        loaded, _ = load(pipeline, sets, workers, symbol, seed, calls)
        size = size_of(loaded.space)
        with prepared(
            loaded,
            allow_unread=allow_unread,
            skip_build=skip_build,
            report=tell,
            calls=calls,
            offline=probe is None,
        ) as ready:
            count = ready.executor.workers(loaded.executor.workers)
            said = PlanReport(ready, size, count, measure(ready, probe, count))
            if as_json:
                found = document(said)
            else:
                _print(said)
    if as_json:
        print_json(found)


def _print(said: PlanReport) -> None:
    ready, size = said.ready, said.size
    plan, pipeline = ready.plan, ready.pipeline
    click.echo(f"plan {plan.hash}")
    click.echo(f"strategy {plain(pipeline.strategy_id)} ({plan.engine}), source {plan.source[:12]}")
    for name, text in ready.build.details.items():
        click.echo(f"  {plain(name)}: {plain(text)}")
    for line in data_lines(ready):
        click.echo(f"  data: {plain(line)}")
    about = "" if size.exact else "about "
    click.echo(f"{counted(plan.space.grid_size, 'point')}, {about}{size.value:,} feasible\n")
    _print_axes(plan.space)
    click.echo()
    _print_stages(pipeline.stages)
    count = said.backtests
    most = "unlimited backtests" if count is None else f"at most {counted(count, 'backtest')}"
    where = f"{counted(said.workers, 'worker')} ({pipeline.executor.choice.use})"
    if said.tests:
        most += f" and {counted(said.tests, 'test')}"
        click.echo()
        print_table(("search", "train", "test"), window_rows(plan))
    searches = searches_line(ready)
    for_each = "" if searches is None else f"{searches}; "
    click.echo(f"\n{for_each}{most} on {where}, lookahead {plan.lookahead}")
    if objectives := objectives_line(plan):
        click.echo(wrapped(plain(objectives)))
    if pruned := prune_line(ready):
        click.echo(pruned)
    if chosen := choose_line(plan):
        click.echo(chosen)
    if limit := said.unasked_memory:
        why = ready.build.launch.memory_why
        click.echo(f"memory: at most {size_text(limit)} per worker" + (f" ({why})" if why else ""))
    click.echo(_time(said))
    if said.needs:
        click.echo(_storage(said))
    for warning in said.warnings:
        warn(warning)


def _time(said: PlanReport) -> str:
    times, expected = said.times, said.estimate
    if times is None or expected is None:
        return f"time: unknown; {_unmeasured(said)}"
    most = "at most" if said.ready.plan.prune.use != "none" else "about"
    whole = "unlimited" if expected.seconds is None else f"{most} {duration(expected.seconds)}"
    limit = said.ready.pipeline.search.time
    if limit is not None and (expected.seconds is None or expected.seconds > limit):
        whole = f"{duration(limit)} (search.time)"
    return (
        f"time: {whole}, {times.mean:.3g} s per backtest (mean of {times.source}), "
        f"workers {percent(expected.busy)} busy"
    )


def _unmeasured(said: PlanReport) -> str:
    """Return how to measure what is unknown, or why the probe has not."""
    probed = said.measured.probed
    if probed is None:
        return "estimate with --probe 10"
    return f"of {counted(probed, 'backtest')} of the probe none gave it"


def _storage(said: PlanReport) -> str:
    """Return what the store takes for the needs of the fitness function."""
    needs, each = sorted(said.needs), said.bytes_each
    if each is None:
        return f"store: unknown for {', '.join(needs)}; {_unmeasured(said)}"
    parts = ", ".join(f"{need} {size_text(said.measured.sizes[need])}" for need in needs)
    count = said.backtests
    most = "" if count is None else f", at most {size_text(each * count)}"
    return f"store: about {size_text(each)} per backtest for the fitness function ({parts}){most}"


def _print_axes(space: Space) -> None:
    rows = []
    conditions = space.conditions
    for axis in space.axes:
        ends = [str(axis.value(level)) for level in (0, len(axis) - 1)]
        scale = " (log scale)" if axis.kind == "log" else ""
        row = (axis.name, len(axis), " .. ".join(dict.fromkeys(ends)) + scale)
        when = conditions[axis.name].text if axis.name in conditions else ""
        rows.append((*row, when) if conditions else row)
    head = ("parameter", "levels", "from .. to")
    print_table((*head, "active when") if conditions else head, rows)


def _print_stages(stages: Sequence[StageSettings]) -> None:
    rows = []
    for stage in stages:
        plugin = stage.choice.registered
        most = stage_trials(stage)
        trials = f"at most {most:,}" if stage.trials is None and most is not None else stage.trials
        ends = (trials, stage.patience, stage.target, ", ".join(stage.seed_from) or None)
        rows.append(
            (stage.name, stage.choice.use, f"{plugin.distribution} {plugin.version}", *ends)
        )
    head = ("stage", "method", "plugin", "trials", "patience", "target", "seeded from")
    print_table(head, rows)
