"""The best trials of a run as one table: what was searched, the fitness, what traders look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from leanopt_core.report.figures import main_figures, number, values_shown
from leanopt_core.report.run import Report
from leanopt_core.store.records import RankedTrial, StoredTrial


@frozen
class BestTable:
    """The names of the columns, a row of texts for each trial, and what is the same in all.

    The first `searched` columns are rank, score and parameters, the others are statistics. An
    unknown value is None.
    """

    head: tuple[str, ...]
    searched: int
    rows: tuple[tuple[str | None, ...], ...]
    fixed: Mapping[str, str]


def best_table(report: Report) -> BestTable:
    """Return the table of a report's best trials, of which there is at least one."""
    fixed = _fixed(report)
    searched = [_searched(report, ranked, fixed) for ranked in report.best]
    figures = [main_figures(_statistics(ranked.trial)) for ranked in report.best]
    # A strategy may have a parameter and a statistic of one name.
    heads = [
        list(dict.fromkeys(name for one in part for name in one)) for part in (searched, figures)
    ]
    rows = tuple(
        tuple(part.get(name) for part, names in zip(both, heads, strict=True) for name in names)
        for both in zip(searched, figures, strict=True)
    )
    return BestTable((*heads[0], *heads[1]), len(heads[0]), rows, values_shown(fixed))


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
