"""Print one trial: how it came about, its score, its backtests, and how to repeat them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from leanopt_core.canonical import canonical_json
from leanopt_core.cli.output import plain, print_json, print_table
from leanopt_core.cli.session import plugin_calls
from leanopt_core.cli.statistics import print_statistics
from leanopt_core.plugins import discover
from leanopt_core.report.best import judged_by
from leanopt_core.report.chosen import chosen_trials, rule_of
from leanopt_core.report.run import trial_document
from leanopt_core.report.subject import find_trial
from leanopt_core.search.artifacts import kept_in
from leanopt_core.search.calls import Calls
from leanopt_core.search.reproduce import ReproducedBacktest, reproduce
from leanopt_core.shown import shortened
from leanopt_core.store.inactive import Inactive
from leanopt_core.store.records import RankedTrial, StoredRun, StoredScenario, StoredTrial
from leanopt_core.store.store import Store


def show_trial(store: Store, run: StoredRun, search: int, number: int, *, as_json: bool) -> None:
    """Print a trial of a run's search; raises UsageError if there is none of this number."""
    one = find_trial(store, run, search, number)
    chosen = next((found.trial.number for found in _chosen(store, run, search)), None)
    kept = kept_in(store.path.parent.parent, run.name, search, number)
    results = str(kept) if kept.is_dir() else None
    with plugin_calls(as_json=as_json) as calls:
        how = _requests(run, search, one, calls)
    if as_json:
        more = {"reproduce": _reproduce_document(how), "results": results, "chosen": chosen}
        print_json(trial_document(run, search, one) | more)
        return
    _print_trial(run, search, one)
    if chosen is not None:
        this = "this trial" if chosen == number else f"trial {chosen}"
        click.echo(f"\nchosen of its search by {rule_of(run).use}: {this}")
    _print_reproduce(how)
    if results is not None:
        click.echo(f"\nfull results: {plain(results)}")


def _chosen(store: Store, run: StoredRun, search: int) -> Sequence[RankedTrial]:
    """Return the chosen trial of a search, nothing if it is the best one by the plan's rule."""
    by_fitness = rule_of(run).use == "best"
    return [] if by_fitness else chosen_trials(store, run, search=search)


#: By scenario, the command that reproduces a trial's backtest, or why that is unknown.
_Requests = Sequence[tuple[str, ReproducedBacktest | str]]


def _requests(run: StoredRun, search: int, trial: StoredTrial, calls: Calls) -> _Requests:
    """Return the command that reproduces each of the trial's backtests."""
    registry = discover(noted=calls.noted)
    one = run.searches[search - 1]
    tests = [test for test in one.tests if test.ordinal in trial.backtests]
    cuts = [cut for cut in one.cuts if cut.ordinal in trial.backtests]
    scenarios = (*cuts, *one.scenarios, *tests)
    return [(one.name, reproduce(run, trial, one.name, registry, calls)) for one in scenarios]


def _reproduce_document(requests: _Requests) -> list[dict[str, Any]]:
    return [
        {
            "scenario": name,
            "command": None,
            "environment": None,
            "request": None,
            "files": None,
            "passed": None,
            "reason": how,
        }
        if isinstance(how, str)
        else {
            "scenario": name,
            "command": list(how.command),
            "environment": dict(how.environment),
            "request": how.request,
            "files": dict(how.files),
            "passed": list(how.passed),
            "reason": None,
        }
        for name, how in requests
    ]


def _print_reproduce(requests: _Requests) -> None:
    click.echo("\nreproduce (press Ctrl-D after the answer):")
    for name, how in requests:
        if isinstance(how, str):
            click.echo(f"  {plain(name)}: {plain(how)}")
            continue
        for file, text in how.files.items():
            click.echo(f"  mkdir -p {shlex.quote(str(Path(file).parent))}")
            click.echo(f"  printf '%s\\n' {shlex.quote(text)} > {shlex.quote(file)}")
        if how.passed:
            names = ", ".join(how.passed)
            click.echo(f"  # the worker had more variables, whose values are not stored: {names}")
        settings = [f"{key}={shlex.quote(value)}" for key, value in how.environment.items()]
        command = " ".join([*settings, shlex.join(how.command)])
        # A harness exits when its input ends, even during a backtest: `cat` keeps it open.
        click.echo(f"  (printf '%s\\n' {shlex.quote(how.request)}; cat) | {command}")


def _print_trial(run: StoredRun, search: int, trial: StoredTrial) -> None:
    several = len(run.searches) > 1
    where = f", search {shortened(run.searches[search - 1].name)}" if several else ""
    click.echo(
        f"trial {trial.number} of {plain(run.name + where)}, proposed by stage {plain(trial.stage)}"
        + (f" ({plain(trial.origin)})" if trial.origin else "")
        + f": {trial.state}{_pruned(run, search, trial)}"
    )
    print_table(("parameter", "value"), list(json.loads(trial.parameters).items()))
    for name, condition in Inactive.of(run).at(trial.grid_index).items():
        click.echo(f"  {plain(name)} is inactive unless {plain(condition)}")
    more = trial.details
    if because := more.get("because"):
        click.echo()
        print_table(("because", "value"), [(name, _cell(one)) for name, one in because.items()])
    scored = [("fitness", trial.fitness), *more.get("values", {}).items()]
    scored += [(f"violates {text}", size) for text, size in more.get("violations", ())]
    scored += [(f"penalty for {text}", amount) for text, amount in more.get("penalties", ())]
    click.echo()
    print_table(("score", "value"), scored)
    for reason in more.get("reasons", ()):
        click.echo(f"  {plain(reason)}")
    for cut in run.searches[search - 1].cuts:
        if cut.ordinal in trial.backtests:
            _print_backtest(run, trial, cut, "last days")
    for scenario in run.searches[search - 1].scenarios:
        _print_backtest(run, trial, scenario, "scenario")
    for test in run.searches[search - 1].tests:
        if test.ordinal in trial.backtests:
            _print_backtest(run, trial, test, "test")


def _pruned(run: StoredRun, search: int, trial: StoredTrial) -> str:
    """Return at which step a trial was pruned, nothing if it was not."""
    if trial.pruned_at is None:
        return ""
    unit, count = judged_by(run, search, trial)
    return f", pruned after {count} {unit}"


def _cell(value: object) -> object:
    """Return a JSON value as a table shows it: lists and objects as JSON."""
    return value if isinstance(value, str | float | None) else canonical_json(value)


def _print_backtest(
    run: StoredRun, trial: StoredTrial, scenario: StoredScenario, kind: str
) -> None:
    one = trial.backtests.get(scenario.ordinal)
    click.echo(f"\n{kind} {plain(scenario.name)}:")
    if one is None:
        pruned = trial.pruned_at is not None
        click.echo("  not run: the trial was pruned" if pruned else "  no backtest has finished")
        return
    origin = "run here" if one.run_id == run.id else "from the cache"
    ran = f": {one.seconds:.3f} s on worker {one.worker}, attempt {one.attempts}"
    waited = f", after waiting {one.waited:.3f} s" if one.waited is not None else ""
    click.echo(f"  {origin}" + (f"{ran}{waited}" if one.seconds is not None else ""))
    if one.failure is not None:
        click.echo(f"  {one.failure}: {plain(one.message or '')}")
    if one.statistics is not None:
        print_statistics(json.loads(one.statistics))
