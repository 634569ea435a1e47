"""Views of all trials of a run: failures, constraints, stages, equal results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from shlex import quote
from statistics import median
from typing import Final

import click
from attrs import frozen

from leanopt_core.cli.output import plain, print_json, print_table, wrapped
from leanopt_core.cli.trials_table import print_trials
from leanopt_core.report import courses, equal, failed, front, missed
from leanopt_core.report.documents import front_document
from leanopt_core.report.figures import counted, number, percent
from leanopt_core.report.subject import search_argument
from leanopt_core.shown import shortened
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store

#: Of each stage so many patiences are printed: the longest, which cost least.
_PATIENCES: Final = 8
#: So many numbers of trials are printed of each group.
_NUMBERS: Final = 5


@frozen
class Look:
    """What a view is asked for: a run, or one of its searches; `top` limits its rows."""

    store: Store
    run: StoredRun
    search: int | None
    top: int
    all_runs: bool
    as_json: bool

    @property
    def place(self) -> tuple[str, ...]:
        """Return the names of the columns that say which trial it is."""
        return ("search", "trial") if len(self.run.searches) > 1 else ("trial",)

    def at(self, search: int | None, trial: int | None) -> tuple[object, ...]:
        """Return the cells of these columns."""
        name = None if search is None else shortened(self.run.searches[search - 1].name)
        return (name, trial)[-len(self.place) :]

    def command(self, search: int, trial: int) -> str:
        """Return the command that shows a trial."""
        return f"leanopt show {quote(self.run.name)} {trial}{search_argument(self.run, search)}"

    def more(self, rows: Sequence[object], noun: str) -> None:
        """Print how many rows the limit has left out."""
        if len(rows) > self.top:
            click.echo(f"and {counted(len(rows) - self.top, noun)} more; --top N shows more")


def show_failed(look: Look) -> None:
    """Print a run's failures, grouped by message."""
    groups = failed.failure_groups(look.store, look.run, look.search)
    if look.as_json:
        print_json(failed.document(look.run, groups))
        return
    if not groups:
        click.echo(f"No trial of run {plain(look.run.name)} failed.")
        return
    several = any(len(search.scenarios) > 1 for search in look.run.searches)
    print_table(
        ("trials", *look.place, "category", *(("scenarios",) if several else ()), "message"),
        [
            (
                *(f"{one.trials:,}", *look.at(one.search, one.trial), one.category),
                *((", ".join(one.scenarios),) if several else ()),
                next(iter(one.message.splitlines()), ""),
            )
            for one in groups[: look.top]
        ],
    )
    look.more(groups, "message")
    first = groups[0]
    click.echo(f"\na trial in full: {look.command(first.search, first.trial)}")


def show_constraints(look: Look) -> None:
    """Print which constraint cost how many trials, and why trials have no fitness."""
    found = missed.missed(look.store, look.run, look.search)
    if look.as_json:
        print_json(missed.document(look.run, found))
        return
    if not (found.constraints or found.reasons):
        click.echo(f"Every completed trial of run {plain(look.run.name)} is feasible.")
    if found.constraints:
        _print_costs(look, found.constraints)
    if found.soft:
        _print_soft(found.soft, after=bool(found.constraints or not found.reasons))
    if found.reasons:
        before = found.constraints or found.soft
        click.echo("\nTrials without a fitness:" if before else "Without a fitness:")
        print_table(
            ("trials", *look.place, "reason"),
            [
                (f"{one.trials:,}", *look.at(one.search, one.trial), one.reason)
                for one in found.reasons[: look.top]
            ],
        )
        look.more(found.reasons, "reason")


def _print_costs(look: Look, costs: Sequence[missed.Cost]) -> None:
    print_table(
        ("constraint", "trials", "only it", "missed by", "best of these", *look.place),
        [
            (
                *(one.constraint, f"{one.trials:,}", f"{one.alone:,}", number(one.size)),
                *(one.fitness, *look.at(one.search, one.trial)),
            )
            for one in costs
        ],
    )


def _print_soft(costs: Sequence[missed.SoftCost], *, after: bool) -> None:
    if after:
        click.echo()
    print_table(
        ("soft constraint", "trials", "median penalty", "largest"),
        [(one.constraint, f"{one.trials:,}", one.penalty, one.largest) for one in costs],
    )


def show_stages(look: Look) -> None:
    """Print what each stage found when, and what a patience would have saved and cost."""
    runs = _runs(look) if look.all_runs else [look.run]
    found = [one for run in runs for one in courses.courses(look.store, run, look.search)]
    results = [courses.stage_result(course) for course in found]
    patiences = list(courses.patience_results(found))
    if look.as_json:
        print_json(courses.document(look.run, results, patiences))
        return
    several = any(len(run.searches) > 1 for run in runs)
    print_table(
        (
            *(("run",) if look.all_runs else ()),
            *(("search",) if several else ()),
            *("stage", "method", "trials", "best", "trial", "found at", "after it"),
            *("longest wait", "gained"),
        ),
        [
            (
                *((one.run,) if look.all_runs else ()),
                *((shortened(one.name),) if several else ()),
                *(one.stage, one.method, f"{one.trials:,}", one.fitness, one.trial),
                *(_count(one.found), _count(one.after), f"{one.longest_wait:,}", one.gained),
            )
            for one in results
        ],
        keep=1 + look.all_runs + several,
    )
    _print_found(results)
    _print_patiences(patiences)


def _runs(look: Look) -> list[StoredRun]:
    """Return all runs of the pipeline of the run, the newest first."""
    runs = [look.store.runs.get(one.id) for one in look.store.runs.summaries()]
    return [run for run in runs if run.pipeline == look.run.pipeline]


def _count(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"


def _print_found(results: Sequence[courses.StageResult]) -> None:
    """Print after what share of their trials several stages had found their best."""
    shares = sorted(one.found / one.trials for one in results if one.found is not None)
    if len(shares) > 1:
        least, most = percent(shares[0]), percent(shares[-1])
        middle = percent(median(shares))
        when = f"{least} of a stage's trials at the earliest, {middle} in the median, {most}"
        click.echo("\n" + wrapped(f"The best was found after {when} at the latest."))


def _print_patiences(patiences: Sequence[courses.PatienceResult]) -> None:
    if not patiences:
        return
    click.echo("\nWhat a patience would have saved, and what it would have cost:")
    stages = dict.fromkeys((one.stage, one.method) for one in patiences)
    shown = [
        one
        for stage in stages
        for one in [p for p in patiences if (p.stage, p.method) == stage][-_PATIENCES:]
    ]
    print_table(
        ("stage", "patience", "ends earlier", "saves", "share", "misses the best", "loses at most"),
        [
            (
                *(one.stage, f"{one.patience:,}", f"{one.ended} of {one.courses}"),
                *(f"{one.saved:,}", percent(one.saved / one.trials)),
                *(f"{one.missed} of {one.courses}", number(one.lost)),
            )
            for one in shown
        ],
    )


def show_equal(look: Look) -> None:
    """Print trials with equal results, and what trials say of each parameter's effect."""
    groups, effects = equal.equal_trials(look.store, look.run, look.search)
    if look.as_json:
        print_json(equal.document(look.run, groups, effects))
        return
    if not groups:
        click.echo(f"No two trials of run {plain(look.run.name)} have equal results.")
        return
    several = len(look.run.searches) > 1
    print_table(
        ("trials", *(("search",) if several else ()), "fitness", "differ in", "numbers"),
        [
            (
                str(len(one.trials)),
                *((shortened(look.run.searches[one.search - 1].name),) if several else ()),
                *(one.fitness, ", ".join(one.parameters), _numbers(one.trials)),
            )
            for one in groups[: look.top]
        ],
    )
    look.more(groups, "group")
    click.echo("\nPoints that were tried with several values of one parameter:")
    rows = [
        (one.parameter, f"{one.compared:,}", f"{one.equal:,}", "none seen" if one.none else None)
        for one in effects
    ]
    print_table(("parameter", "points", "equal results", "effect"), rows)


def _numbers(trials: Sequence[int]) -> str:
    more = len(trials) - _NUMBERS
    return ", ".join([*map(str, trials[:_NUMBERS]), *([f"{more:,} more"] if more > 0 else [])])


def show_front(look: Look) -> None:
    """Print the Pareto front of each search: the trials that no other one dominates."""
    if look.as_json:
        print_json(front_document(look.store, look.run, look.search))
        return
    fronts = front.fronts_of(look.store, look.run, look.search)
    shown = equal.unmerged(fronts.trials(look.store, look.top))
    if not shown:
        click.echo(f"No trial of run {plain(look.run.name)} is feasible.")
        return
    print_trials(look.run, shown)
    longest = max(fronts.by_search.values(), key=len)
    look.more(longest, "trial")


#: The views by the names of their options.
VIEWS: Final[Mapping[str, Callable[[Look], None]]] = {
    "failed": show_failed,
    "constraints": show_constraints,
    "stages": show_stages,
    "equal": show_equal,
    "front": show_front,
}
