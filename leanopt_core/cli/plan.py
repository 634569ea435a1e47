"""`leanopt plan`: what a pipeline would do, without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from leanopt_core.cli.common import WholeNumber, load, pipeline_options
from leanopt_core.cli.figures import duration, percent
from leanopt_core.cli.output import plain, print_json, print_table
from leanopt_core.doctor.size import size as size_text
from leanopt_core.executors.base import unasked_memory
from leanopt_core.pipeline import Pipeline, PlannedStage, execution
from leanopt_core.search.advice import advice
from leanopt_core.search.estimate import Estimate, Times, earlier, estimate, measured
from leanopt_core.search.feasible import Size, size_of
from leanopt_core.search.prepare import Prepared, prepared
from leanopt_core.search.probe import probe as probe_now
from leanopt_core.space import Space
from leanopt_core.work import Failure


@click.command("plan")
@pipeline_options
@click.option(
    "--probe",
    type=WholeNumber(min=1),
    metavar="N",
    help="Run N backtests to see how long one takes.",
)
@click.option(
    "--allow-unread", is_flag=True, help="Go on though the strategy reads not every parameter."
)
@click.option(
    "--skip-build", is_flag=True, help="Use the last good build, whatever the sources are now."
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
    """Say what PIPELINE would do: its space, stages, budget, how long it takes, the plan's hash.

    The strategy is made ready where it would run. How long a backtest takes is known from
    earlier ones in the store, or from --probe; else none is run.

    Example: leanopt plan pipeline.toml --probe 10
    """
    loaded, _ = load(pipeline, sets, workers, symbol, seed)
    size = size_of(loaded.space)
    with prepared(loaded, allow_unread=allow_unread, skip_build=skip_build, tell=_tell) as ready:
        count = ready.executor.workers(loaded.executor.workers)
        times, failures = _times(ready, probe, count)
        said = _Said(ready, size, count, times, failures)
        if as_json:
            print_json(_document(said))
        else:
            _print(said)


def _tell(text: str) -> None:
    click.echo(plain(text), err=True)


@frozen
class _Said:
    """All that is to be said of a plan."""

    ready: Prepared
    size: Size
    workers: int
    times: Times | None
    failures: tuple[Failure, ...]

    @property
    def estimate(self) -> Estimate | None:
        """Return how long it would take, None where no backtest's time is known."""
        if self.times is None:
            return None
        return estimate(
            self.times,
            workers=self.workers,
            lookahead=self.ready.plan.lookahead,
            trials=budget(self.ready.pipeline),
            backtests=_backtests(self.ready),
        )

    @property
    def warnings(self) -> list[str]:
        """Return what to know before it is run."""
        trials, said = budget(self.ready.pipeline), [*self.ready.build.notes]
        if self.size.warning:
            said.append(self.size.warning)
        if trials is not None and self.size.exact and trials > self.size.value:
            said.append(
                f"the stages have {trials:,} trials, and there are {self.size.value:,} points: "
                "they end when every point has been tried"
            )
        if advised := advice(self.ready.plan.lookahead, self.workers):
            said.append(advised)
        if self.failures:
            first = self.failures[0]
            said.append(
                f"backtests of the probe that failed: {len(self.failures)}, the first by "
                f"{first.category}: {first.message}"
            )
        return said


def _times(
    ready: Prepared, probed: int | None, workers: int
) -> tuple[Times | None, tuple[Failure, ...]]:
    """Return what a backtest takes, where that is known, and how probes failed."""
    if probed is None:
        return earlier(ready.pipeline, ready.plan), ()
    found = probe_now(ready, probed, workers)
    return measured(found.seconds, f"{len(found.seconds):,} run just now"), found.failures


def _document(said: _Said) -> dict[str, Any]:
    ready, size, times, expected = said.ready, said.size, said.times, said.estimate
    return {
        "hash": ready.plan.hash,
        "plan": ready.plan.to_dict(),
        "execution": {**execution(ready.pipeline).to_dict(), "workers": said.workers},
        "space": {
            "grid": ready.plan.space.grid_size,
            "feasible": size.value,
            "exact": size.exact,
        },
        "trials": budget(ready.pipeline),
        "backtests": _backtests(ready),
        "time": None
        if times is None or expected is None
        else {
            "backtest_seconds": times.mean,
            "variation": times.variation,
            "source": times.source,
            "utilisation": expected.busy,
            "seconds": expected.seconds,
        },
        "warnings": said.warnings,
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


def _print(said: _Said) -> None:
    ready, size = said.ready, said.size
    plan, pipeline = ready.plan, ready.pipeline
    click.echo(f"plan {plan.hash}")
    click.echo(f"strategy {plain(pipeline.strategy_id)} ({plan.engine}), source {plan.source[:12]}")
    for name, text in ready.build.details.items():
        click.echo(f"  {plain(name)}: {plain(text)}")
    about = "" if size.exact else "about "
    click.echo(f"{plan.space.grid_size:,} points, {about}{size.value:,} of them feasible\n")
    _print_axes(plan.space)
    click.echo()
    _print_stages(plan.stages)
    backtests = _backtests(ready)
    most = "no limit of" if backtests is None else f"at most {backtests:,}"
    where = f"{said.workers} workers ({pipeline.executor.choice.use})"
    click.echo(f"\n{most} backtests on {where}, lookahead {plan.lookahead}")
    if limit := _memory(ready):
        why = ready.build.launch.memory_why
        click.echo(f"memory: at most {size_text(limit)} a worker" + (f" ({why})" if why else ""))
    click.echo(_time(said))
    for warning in said.warnings:
        click.echo(f"leanopt: warning: {plain(warning)}", err=True)


def _time(said: _Said) -> str:
    times, expected = said.times, said.estimate
    if times is None or expected is None:
        return "time: not known before a backtest has been run; --probe 10 runs ten"
    whole = "no end" if expected.seconds is None else f"about {duration(expected.seconds)}"
    return (
        f"time: {whole}, at {times.mean:.3g} s a backtest (mean of {times.source}), "
        f"workers {percent(expected.busy)} busy"
    )


def _memory(ready: Prepared) -> int | None:
    """Return the bytes that a worker may hold where the user sets no limit, None for all."""
    if ready.pipeline.executor.memory_limit is not None:
        return None
    return unasked_memory(ready.executor, ready.build.launch)


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
