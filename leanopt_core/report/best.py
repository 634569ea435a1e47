"""The table of a run's best trials, for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from leanopt_core.pipeline.plan import objective_names
from leanopt_core.report.chosen import Plateaus
from leanopt_core.report.equal import MergedTrials, unmerged
from leanopt_core.report.figures import number, values_shown
from leanopt_core.report.run import Report
from leanopt_core.report.scenarios import Combination, by_scenario
from leanopt_core.report.searches import SearchReport
from leanopt_core.report.statistics import main_figures
from leanopt_core.shown import shortened
from leanopt_core.store.inactive import Inactive
from leanopt_core.store.records import RankedTrial, StoredRun, StoredTrial

Cells = Mapping[str, str]
Trials = Sequence[MergedTrials]


@frozen
class Table:
    """Column names and a row of text for each trial; an unknown value is None."""

    head: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


@frozen
class BestTable(Table):
    """The best trials with different results; the first `searched` columns are no statistics.

    `fixed` are the parameters that all trials have in common. `equal` are those that differ among
    trials with equal results: the column `equal` has how many more each row stands for.
    """

    searched: int
    fixed: Mapping[str, str]
    equal: tuple[str, ...]


def best_table(run: StoredRun, trials: Trials, plateaus: Plateaus | None = None) -> BestTable:
    """Return the table of some of a run's trials; there must be at least one.

    With `plateaus` it has them, and marks the chosen trials.
    """
    fixed = _fixed(run, trials)
    searched = _all_searched(run, trials, fixed)
    if plateaus is not None:
        searched = [
            _before(cells, "fitness", _with_plateau(plateaus, one.first))
            for cells, one in zip(searched, trials, strict=True)
        ]
    both = _beside(searched, _together(run, trials))
    equal = tuple(dict.fromkeys(name for one in trials for name in one.parameters))
    return BestTable(both.head, both.rows, len(_names(searched)), values_shown(fixed), equal)


def search_table(report: Report) -> BestTable:
    """Return a row for each search of a report with several: how it went, and its best trial."""
    run = report.run
    best = [
        RankedTrial(one.search.number, one.search.number, one.best)
        for one in report.searches
        if one.best is not None and one.best.failure is None
    ]
    alone = unmerged(best)
    fixed = _fixed(run, alone) if alone else {}
    searches = [one.search for one in best]
    rows = dict(zip(searches, map(_best, _all_searched(run, alone, fixed)), strict=True))
    figures = dict(zip(rows, _together(run, alone), strict=True))
    searched = [
        {**_went(one), **_chosen(report, one), **rows.get(one.search.number, {})}
        for one in report.searches
    ]
    both = _beside(searched, [figures.get(one.search.number, {}) for one in report.searches])
    return BestTable(both.head, both.rows, len(_names(searched)), values_shown(fixed), ())


def _went(one: SearchReport) -> Cells:
    """Return the columns that say how a search went."""
    return {
        "search": str(one.search.number),
        "name": shortened(one.search.name),
        "trials": f"{one.told:,}",
        "failed": f"{one.failed:,}",
        "ended by": "-" if one.search.ended is None else shortened(one.search.ended),
    }


def _chosen(report: Report, one: SearchReport) -> Cells:
    """Return the columns that say which trial a search with plateaus has chosen."""
    plateaus, number_of = report.plateaus, one.search.number
    chosen = plateaus and plateaus.chosen(number_of)
    if not plateaus or not chosen:
        return {}
    plateau = number(plateaus.fitness(number_of, chosen))
    return {"chosen": str(chosen.told.number), "plateau": plateau}


def _with_plateau(plateaus: Plateaus, ranked: RankedTrial) -> Cells:
    """Return the columns of a trial's plateau."""
    search, trial = ranked.search, ranked.trial.number
    found, chosen = plateaus.of(search, trial), plateaus.chosen(search)
    return {
        "chosen": "yes" if chosen is not None and chosen.told.number == trial else "-",
        "plateau": number(None if found is None else plateaus.fitness(search, found)),
        "neighbours": "-" if found is None else str(found.neighbours),
    }


def _before(cells: Cells, column: str, more: Cells) -> dict[str, str]:
    """Return cells with more of them before a column."""
    found: dict[str, str] = {}
    for name, cell in cells.items():
        found |= {**more, name: cell} if name == column else {name: cell}
    return found


def _best(cells: Cells) -> Cells:
    """Return the columns of a search's best trial, of those of any trial."""
    others = {name: cell for name, cell in cells.items() if name not in ("rank", "search", "trial")}
    return {"best trial": cells["trial"], **others}


def _all_searched(run: StoredRun, trials: Trials, fixed: Mapping[str, Any]) -> list[dict[str, str]]:
    inactive, besides = Inactive.of(run), _besides(json.loads(run.plan))
    return [_searched(run, trials, one, fixed, inactive, besides) for one in trials]


def _besides(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the objectives of a plan besides what ranks trials."""
    names = objective_names(plan)
    return names if plan["scoring"].get("scalar") else names[1:]


def scenario_tables(run: StoredRun, trials: Trials) -> dict[str, Table]:
    """Return a table of each main statistic, with a column for each scenario, by its name.

    A column before them has the mean or the median over the scenarios.
    """
    how, together = Combination.of(run).name, _together(run, trials)
    each = [_each(run, one.first) for one in trials]
    own = [own_cells(run, trials, one) for one in trials]
    return {
        name: _beside(
            [{**row, how: one.get(name, "-")} for row, one in zip(own, together, strict=True)],
            [{at: figures.get(name, "-") for at, figures in one.items()} for one in each],
        )
        for name in dict.fromkeys(name for figures in together for name in figures)
    }


def _together(run: StoredRun, trials: Trials) -> list[dict[str, str]]:
    """Return the main statistics of each trial over its scenarios."""
    combination, searches = Combination.of(run), run.searches
    return [
        main_figures(combination.statistics(searches[one.search - 1], one.trial))
        for one in (merged.first for merged in trials)
    ]


def _each(run: StoredRun, ranked: RankedTrial) -> dict[str, dict[str, str]]:
    """Return the main statistics of a trial's backtests by the names of the scenarios."""
    found = by_scenario(run.searches[ranked.search - 1], ranked.trial)
    return {name: main_figures(one) for name, one in found.items()}


def _beside(left: Sequence[Cells], right: Sequence[Cells]) -> Table:
    """Return one table of two: each may have columns of the same name."""
    heads = _names(left), _names(right)
    rows = tuple(
        tuple(part.get(name) for part, names in zip(both, heads, strict=True) for name in names)
        for both in zip(left, right, strict=True)
    )
    return Table((*heads[0], *heads[1]), rows)


def _names(rows: Iterable[Cells]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for row in rows for name in row))


def _fixed(run: StoredRun, trials: Trials) -> Mapping[str, Any]:
    names = json.loads(run.plan)["space"].get("fixed", {})
    values = json.loads(trials[0].first.trial.parameters)
    return {name: values[name] for name in names if name in values}


def own_cells(run: StoredRun, trials: Trials, merged: MergedTrials) -> dict[str, str]:
    """Return the columns that name one of these trials, and count those with equal results."""
    ranked, several = merged.first, len(run.searches) > 1
    equal = any(one.others for one in trials)
    return {
        "rank": str(ranked.rank),
        "trial": str(ranked.trial.number),
        **({"equal": f"+{len(merged.others)}" if merged.others else "-"} if equal else {}),
        **({"search": shortened(run.searches[ranked.search - 1].name)} if several else {}),
    }


def _searched(
    run: StoredRun,
    trials: Trials,
    merged: MergedTrials,
    fixed: Mapping[str, Any],
    inactive: Inactive,
    besides: Sequence[str],
) -> dict[str, str]:
    """Return a trial's rank, score and searched parameters by column name.

    An objective of `besides` that is called as another column has `values.` in front.
    """
    trial = merged.first.trial
    values = json.loads(trial.parameters, parse_float=str)
    searched = {name: value for name, value in values.items() if name not in fixed}
    violated = any(one.first.trial.violation for one in trials)
    pruned = any(one.first.trial.pruned_at is not None for one in trials)
    scored = {
        **own_cells(run, trials, merged),
        "stage": trial.stage,
        "fitness": number(trial.fitness),
        **({"violation": number(trial.violation)} if violated else {}),
    }
    others = {
        **dict([judged_by(run, merged.first.search, trial)] if pruned else []),
        **values_shown(searched),
        **dict.fromkeys(inactive.at(trial.grid_index), "-"),
    }
    found = trial.details.get("values", {})
    objectives = {
        f"values.{name}" if name in scored or name in others else name: number(found.get(name))
        for name in besides
    }
    return {**scored, **objectives, **others}


def judged_by(run: StoredRun, search: int, trial: StoredTrial) -> tuple[str, str]:
    """Return what judges a trial, and how much of it did: `scenarios`, such as `2 of 4`.

    These are `steps` if the first ones have fewer days.
    """
    one, pruned_at = run.searches[search - 1], trial.pruned_at
    if one.cuts:
        every = run.steps[search - 1]
        return "steps", f"{every if pruned_at is None else pruned_at + 1} of {every}"
    every = len(one.scenarios)
    return "scenarios", f"{every if pruned_at is None else len(trial.backtests)} of {every}"
