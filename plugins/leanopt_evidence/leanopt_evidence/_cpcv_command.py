"""`leanopt cpcv`: what the choice of the best trial is worth where it was not chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import click

from leanopt_core.api import (
    Length,
    counted,
    find_search,
    open_results,
    percent,
    plain,
    print_json,
    print_table,
    project_option,
    ratio,
    run_names,
    wrapped,
)

if TYPE_CHECKING:
    from leanopt_core.api import Distribution
    from leanopt_evidence._cpcv import StoredCrossValidation

#: More paths are only in the JSON.
_MOST_PATHS = 20
_MOST_TRIALS = 5


def _days(_ctx: click.Context, _param: click.Parameter, value: str) -> int:
    """Return a length of days or weeks as a number of days."""
    if value == "0":
        return 0
    try:
        length = Length.parse(value)
    except ValueError as error:
        raise click.BadParameter(f"found {value!r}, {error}") from None
    if length.months:
        raise click.BadParameter(f"found {value!r}, expected days or weeks, such as 5d")
    return length.days


@click.command("cpcv")
@click.argument("run", required=False, shell_complete=run_names)
@click.option(
    "--groups",
    type=click.IntRange(min=2),
    default=10,
    metavar="N",
    help="Number of groups of neighbouring days (default: 10).",
)
@click.option(
    "--test-groups",
    type=click.IntRange(min=1),
    default=2,
    metavar="N",
    help="How many of them each split tests (default: 2).",
)
@click.option(
    "--purge",
    type=click.IntRange(min=0),
    default=1,
    metavar="N",
    help="Days with returns to leave out before and after a test (default: 1).",
)
@click.option(
    "--embargo",
    callback=_days,
    default="5d",
    metavar="LENGTH",
    help="Calendar days to leave out after that (default: 5d).",
)
@click.option("--search", metavar="SEARCH", help="Search, by number or name (default: 1).")
@click.option("--scenario", metavar="NAME", help="Only this scenario (default: the mean of all).")
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    run: str | None,
    groups: int,
    test_groups: int,
    purge: int,
    embargo: int,
    search: str | None,
    scenario: str | None,
    project: Path,
    as_json: bool,
) -> None:
    """Cross-validate the choice of the best trial of RUN (name or unique prefix; default: newest).

    The days are cut into groups. Each split tests some groups, and chooses on the others the trial
    with the highest Sharpe ratio, by the daily returns that the run has stored. The tests join into
    paths: what the choice earned where it was not made.

    Example: leanopt cpcv quickstart-1 --groups 10 --test-groups 2 --purge 1 --embargo 5d
    """
    with open_results(project) as store:
        from leanopt_evidence._cpcv import Asked, document, validate_stored

        found = store.run(run)
        at = find_search(found, search)
        asked = Asked(groups, test_groups, purge, embargo)
        made = validate_stored(store, found, at, scenario, asked)
    if as_json:
        print_json(document(made))
    else:
        _print(made)


def _print(made: StoredCrossValidation) -> None:
    for line in _beginning(made):
        click.echo(wrapped(plain(line)))
    found = made.found
    click.echo(f"\nout of sample, over {counted(len(found.paths), 'path')}:")
    print_table(
        ("", "least", "lower quartile", "median", "upper quartile", "most"),
        [
            _row("Sharpe ratio a year", found.sharpe, lambda one: ratio(made.a_year(one) or 0.0)),
            _row("return", found.growth, percent),
            _row("largest drawdown", found.drawdown, percent),
        ],
    )
    click.echo()
    for line in _findings(made):
        click.echo(wrapped(plain(line)))
    click.echo()
    _print_paths(made)


def _beginning(made: StoredCrossValidation) -> Iterator[str]:
    run, returns, asked = made.run, made.returns, made.asked
    name = run.searches[made.search - 1].name
    which = f", search {made.search} ({name})" if len(run.searches) > 1 else ""
    first, last = made.days
    trials, days = counted(len(returns.trials), "trial"), counted(len(returns.days), "day")
    yield f"run {run.name}{which}: {trials} x {days} with returns, {first} to {last}"
    splits = counted(len(made.found.chosen), "split")
    kept = f"purge {counted(asked.purge, 'day')}, embargo {counted(asked.embargo, 'calendar day')}"
    yield f"{asked.groups} groups, {asked.test_groups} tested: {splits}; {kept}"
    yield (
        "each split chooses the trial with the highest Sharpe ratio of its training days, "
        "not by the run's fitness function"
    )
    for reason, count in returns.left_out.items():
        yield f"left out: {counted(count, 'trial')}: {reason}"
    if returns.filled:
        filled = counted(returns.filled, "trial")
        yield f"{filled} without a value on some of these days, which count as unchanged"


def _row(name: str, found: Distribution, text: Callable[[float], str]) -> tuple[str | None, ...]:
    return (name, *(_shown(value, text) for value in found.five))


def _shown(value: float | None, text: Callable[[float], str]) -> str | None:
    return None if value is None else text(value)


def _findings(made: StoredCrossValidation) -> Iterator[str]:
    found = made.found
    if found.loss.value is None:
        yield f"paths with a loss: unknown ({found.loss.reason})"
    else:
        losing = round(found.loss.value * found.growth.count)
        share = percent(found.loss.value)
        yield f"paths with a loss: {losing} of {found.growth.count} ({share})"
    inside, outside = (
        [one for one in map(made.a_year, values) if one is not None]
        for values in (found.inside, found.outside)
    )
    if inside and outside:
        yield (
            f"Sharpe ratio a year of the chosen trials, median of the splits: "
            f"{ratio(median(inside))} in the training days, {ratio(median(outside))} in the test"
        )
    if found.slope.value is None:
        yield f"degradation: unknown ({found.slope.reason})"
    else:
        yield f"degradation: {ratio(found.slope.value)} in the test for each 1 more in the training"
    chosen = made.chosen
    listed = ", ".join(f"{trial} ({count})" for trial, count in list(chosen.items())[:_MOST_TRIALS])
    more = f" and {len(chosen) - _MOST_TRIALS:,} more" if len(chosen) > _MOST_TRIALS else ""
    yield f"chosen trials (in so many splits): {listed}{more}"


def _print_paths(made: StoredCrossValidation) -> None:
    paths = made.found.paths
    if len(paths) > _MOST_PATHS:
        click.echo(f"{len(paths):,} paths; --json lists them")
        return
    head = ("path", "Sharpe ratio a year", "return", "largest drawdown", "trials by group")
    rows = []
    for at, path in enumerate(paths, 1):
        sharpe, growth, fall = path.sharpe.value, path.growth.value, path.drawdown.value
        trials = (None if one is None else made.returns.trials[one] for one in path.chosen)
        rows.append(
            (
                *(at, _shown(made.a_year(sharpe), ratio)),
                *(_shown(growth, percent), _shown(fall, percent)),
                " ".join("-" if one is None else str(one) for one in trials),
            )
        )
    print_table(head, rows)
    for reason in dict.fromkeys(path.sharpe.reason for path in paths if path.sharpe.reason):
        click.echo(wrapped(plain(reason)))
