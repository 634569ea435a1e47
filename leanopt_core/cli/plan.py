"""`leanopt plan`: what a pipeline would do, without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from leanopt_core.cli.common import load, pipeline_options
from leanopt_core.cli.output import plain, print_json, print_table
from leanopt_core.pipeline import Pipeline, PlannedStage, execution
from leanopt_core.search.advice import advice
from leanopt_core.search.feasible import Size, size_of
from leanopt_core.search.prepare import Prepared, prepared
from leanopt_core.space import Space


@click.command("plan")
@pipeline_options
@click.option("--json", "as_json", is_flag=True, help="Print the whole plan as JSON.")
def command(
    pipeline: Path,
    sets: tuple[str, ...],
    workers: int | None,
    symbol: str | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Say what PIPELINE would do: its space, stages, budget, and the plan's hash.

    The strategy is imported once, where it would run, and no backtest is made.

    Example: leanopt plan pipeline.toml --json
    """
    loaded, _ = load(pipeline, sets, workers, symbol, seed)
    size = size_of(loaded.space)
    with prepared(loaded) as ready:
        count = ready.executor.workers(loaded.executor.workers)
        if as_json:
            print_json(_document(ready, size, count))
        else:
            _print(ready, size, count)


def _document(ready: Prepared, size: Size, workers: int) -> dict[str, Any]:
    return {
        "hash": ready.plan.hash,
        "plan": ready.plan.to_dict(),
        "execution": {**execution(ready.pipeline).to_dict(), "workers": workers},
        "space": {
            "grid": ready.plan.space.grid_size,
            "feasible": size.value,
            "exact": size.exact,
        },
        "trials": budget(ready.pipeline),
        "backtests": _backtests(ready),
        "advice": advice(ready.plan.lookahead, workers),
    }


def budget(pipeline: Pipeline) -> int | None:
    """Return the most trials of a search, None where a stage has no budget."""
    trials = [stage.trials for stage in pipeline.stages]
    return None if None in trials else sum(one for one in trials if one is not None)


def _backtests(ready: Prepared) -> int | None:
    trials = budget(ready.pipeline)
    if trials is None:
        return None
    return sum(trials * len(search.scenarios) for search in ready.plan.searches)


def _print(ready: Prepared, size: Size, workers: int) -> None:
    plan, pipeline = ready.plan, ready.pipeline
    click.echo(f"plan {plan.hash}")
    click.echo(f"strategy {plain(pipeline.strategy_id)} ({plan.engine}), source {plan.source[:12]}")
    for name, said in ready.build.details.items():
        click.echo(f"  {plain(name)}: {plain(said)}")
    about = "" if size.exact else "about "
    click.echo(f"{plan.space.grid_size:,} points, {about}{size.value:,} of them feasible\n")
    _print_axes(plan.space)
    click.echo()
    _print_stages(plan.stages)
    backtests = _backtests(ready)
    most = "no limit of" if backtests is None else f"at most {backtests:,}"
    where = f"{workers} workers ({pipeline.executor.choice.use})"
    click.echo(f"\n{most} backtests on {where}, lookahead {plan.lookahead}")
    for warning in (size.warning, advice(plan.lookahead, workers)):
        if warning:
            click.echo(f"leanopt: warning: {warning}", err=True)


def _print_axes(space: Space) -> None:
    rows = []
    for axis in space.axes:
        ends = [str(axis.value(level)) for level in (0, len(axis) - 1)]
        rows.append((axis.name, len(axis), " .. ".join(dict.fromkeys(ends))))
    print_table(("parameter", "levels", "from .. to"), rows)


def _print_stages(stages: Sequence[PlannedStage]) -> None:
    rows = []
    for stage in stages:
        whose = f"{stage.method.distribution} {stage.method.version}"
        ends = (stage.trials, stage.patience, stage.target, stage.seed_from)
        rows.append((stage.name, stage.method.name, whose, *ends))
    head = ("stage", "method", "of", "trials", "patience", "target", "seeded from")
    print_table(head, rows)
