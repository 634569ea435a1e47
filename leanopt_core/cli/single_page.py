"""Print a single backtest: its point, its score, and the statistics of each scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leanopt_core.cli.output import near, plain, print_table, wrapped
from leanopt_core.cli.statistics import print_statistics
from leanopt_core.report.chosen import plateau_words
from leanopt_core.report.figures import number, values_shown
from leanopt_core.report.statistics import main_figures

if TYPE_CHECKING:
    from leanopt_core.report.probed import ProbedPlateau
    from leanopt_core.report.single import SingleReport
    from leanopt_core.search.single import PointBacktest


def print_single(said: SingleReport, files: Mapping[str, Mapping[str, Path]]) -> None:
    """Print the backtests of a point; `files` are those written, by scenario and output."""
    _print_point(said)
    _print_score(said)
    if said.plateau is not None:
        _print_plateau(said.plateau)
    backtests = said.result.backtests
    if len(backtests) > 1:
        _print_scenarios(backtests)
    for one in backtests:
        if len(backtests) == 1:
            _print_only(one)
        for path in _kept(one, files):
            click.echo(plain(path))


def _print_point(said: SingleReport) -> None:
    click.echo(f"{plain(said.pipeline.name)}:")
    off = said.point.off
    rows = [
        (name, value, f"off the grid: {off[name]}" if name in off else "")
        for name, value in values_shown(said.point.values).items()
    ]
    columns = 3 if off else 2
    print_table(("parameter", "value", "")[:columns], [row[:columns] for row in rows])
    for text in said.point.broken:
        click.echo(plain(f"breaks the constraint {text}"))


def _print_score(said: SingleReport) -> None:
    score = said.score
    rows: list[tuple[str, str]] = [("fitness", number(score.fitness))]
    rows += [(name, number(value)) for name, value in score.values.items()]
    rows += [(f"violates {one.constraint}", number(one.size)) for one in score.violations]
    rows += [(f"penalty for {one.constraint}", number(one.amount)) for one in score.penalties]
    click.echo()
    print_table(("score", "value"), rows)
    # Of a single scenario, the failure comes with its statistics.
    if score.failure is None or len(said.result.backtests) > 1:
        for reason in score.reasons:
            click.echo(f"  {plain(reason)}")


def _print_plateau(found: ProbedPlateau) -> None:
    """Print a row for each neighbour, and the statistic over them."""
    rows = [
        (
            ", ".join(f"{name} = {value}" for name, value in values_shown(one.changed).items()),
            number(one.score.fitness),
            one.score.failure or ("violates a constraint" if one.score.violation else ""),
            "run now" if one.new else "from the cache",
        )
        for one in found.neighbours
    ]
    click.echo()
    print_table(("neighbour", "fitness", "", "result"), rows)
    words = plateau_words(found.rule, found.whole, found.fitness, "neighbour")
    click.echo(wrapped(f"plateau of trial {found.trial}: {words}"))


def _print_only(one: PointBacktest) -> None:
    click.echo(f"\nscenario {plain(one.scenario.name)}, {_origin(one)}:")
    failure, statistics = one.outcome.failure, one.outcome.statistics
    if failure is not None:
        click.echo(f"  {failure.category}: {plain(failure.message)}")
    if statistics is not None:
        print_statistics(statistics.values)


def _print_scenarios(backtests: tuple[PointBacktest, ...]) -> None:
    """Print a row for each scenario with its main statistics."""
    figures = [
        main_figures(one.outcome.statistics.values if one.outcome.statistics else None)
        for one in backtests
    ]
    names = list(dict.fromkeys(name for found in figures for name in found))
    rows = [
        (one.scenario.name, _ended(one), *(found.get(name) for name in names))
        for one, found in zip(backtests, figures, strict=True)
    ]
    click.echo()
    print_table(("scenario", "result", *names), rows, keep=2)
    click.echo("--json has all statistics")


def _origin(one: PointBacktest) -> str:
    return "from the cache" if one.cached else "run now"


def _ended(one: PointBacktest) -> str:
    failure = one.outcome.failure
    return _origin(one) if failure is None else str(failure.category)


def _kept(one: PointBacktest, files: Mapping[str, Mapping[str, Path]]) -> Iterator[str]:
    """Yield where the files of a backtest are."""
    if one.results is not None:
        yield f"full results of {one.scenario.name}: {near(one.results)}"
    for name, path in files.get(one.scenario.name, {}).items():
        yield f"{name} of {one.scenario.name}: {path}"
