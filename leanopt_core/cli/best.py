"""The best trials of a run in one table: what was searched, the fitness, what traders look at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from leanopt_core.cli.figures import main_figures, number, values_shown
from leanopt_core.cli.output import plain, print_table
from leanopt_core.search.report import Report
from leanopt_core.store.records import RankedTrial, StoredTrial


def print_best(report: Report) -> None:
    """Print the best trials; the parameters that are the same in all by plan stand below."""
    if not report.best:
        click.echo("No trial has been told yet.")
        return
    if not report.tally.feasible:
        click.echo("No trial is feasible; these come nearest:")
    fixed = _fixed(report)
    searched = [_searched(report, ranked, fixed) for ranked in report.best]
    figures = [main_figures(_statistics(ranked.trial)) for ranked in report.best]
    # A strategy may have a parameter and a statistic of one name.
    heads = [
        list(dict.fromkeys(name for one in part for name in one)) for part in (searched, figures)
    ]
    rows = [
        [part.get(name) for part, names in zip(both, heads, strict=True) for name in names]
        for both in zip(searched, figures, strict=True)
    ]
    print_table([*heads[0], *heads[1]], rows, keep=2, part=len(heads[0]))
    if fixed:
        listed = (f"{name} = {value}" for name, value in values_shown(fixed).items())
        click.echo(f"fixed: {', '.join(listed)}")
    _print_reasons(report.best[0].trial)


def _names(rows: Sequence[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for one in rows for name in one))


def _fixed(report: Report) -> Mapping[str, Any]:
    names = json.loads(report.run.plan)["space"].get("fixed", {})
    values = json.loads(report.best[0].trial.parameters)
    return {name: values[name] for name in names if name in values}


def _searched(report: Report, ranked: RankedTrial, fixed: Mapping[str, Any]) -> dict[str, str]:
    """Return a trial's place, score and searched parameters by the names of their columns."""
    trial, several = ranked.trial, len(report.run.searches) > 1
    values = json.loads(trial.parameters, parse_float=str)
    searched = {name: value for name, value in values.items() if name not in fixed}
    violated = any(one.trial.violation for one in report.best)
    return {
        "rank": str(ranked.rank),
        "trial": str(trial.number),
        **({"search": _search_name(report, ranked)} if several else {}),
        "stage": trial.stage,
        "fitness": number(trial.fitness),
        **({"violation": number(trial.violation)} if violated else {}),
        **values_shown(searched),
    }


def _statistics(trial: StoredTrial) -> Mapping[str, Any] | None:
    first = trial.backtests.get(0)
    return json.loads(first.statistics) if first and first.statistics else None


def _search_name(report: Report, ranked: RankedTrial) -> str:
    return next(s.name for s in report.run.searches if s.number == ranked.search)


def _print_reasons(best: StoredTrial) -> None:
    reasons: Sequence[str] = json.loads(best.detail or "{}").get("reasons", ())
    if reasons:
        click.echo(f"\ntrial {best.number} has no fitness: {'; '.join(map(plain, reasons))}")
