"""Print the paths of a run: windows in and out of sample, and what they join into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import click

from leanopt_core.cli.output import one_line, plain, print_table, wrapped
from leanopt_core.report.curve import Curve
from leanopt_core.report.distribution import PathDistribution, distributions
from leanopt_core.report.figures import counted, percent, ratio, values_shown
from leanopt_core.report.known import Known
from leanopt_core.report.windows import PathReport, Window

#: Columns of a window before those of its parameters.
_WINDOW = ("search", "train", "test", "trials", "chosen", "in sample", "out of sample", "worse by")
#: A window's train spans beyond so many are counted.
_SPANS = 1


def print_paths(paths: Sequence[PathReport]) -> None:
    """Print the windows of a run's only path, or a row for each of several paths."""
    if len(paths) == 1:
        print_path(paths[0])
        return
    head = ("path", "windows", "gaps", "trials", "efficiency")
    rows = [
        (one.name, len(one.windows), len(one.gaps), f"{one.trials:,}", *_figures(one))
        for one in paths
    ]
    print_table((*head, "return", "a year", "drawdown", "Sharpe"), rows, keep=1)
    for one in distributions(paths):
        click.echo()
        _print_distribution(one)


def _print_distribution(found: PathDistribution) -> None:
    """Print how the paths over the same days differ."""
    named = (("return", found.total_return), ("drawdown", found.drawdown), ("Sharpe", found.sharpe))
    first, last = (one_line(found.paths[at]) for at in (0, -1))
    click.echo(f"{first} to {last}, joined out of sample:")
    rows = [
        (name, *(_shown(Known(one), places=name == "Sharpe") for one in values.five))
        for name, values in named
        if values.count
    ]
    if not rows:
        click.echo("unknown: no path without gaps has daily returns")
        return
    print_table(("", "least", "lower quartile", "median", "upper quartile", "most"), rows)
    known = found.total_return.count
    if left_out := len(found.paths) - known:
        click.echo(f"{counted(left_out, 'path')} left out: gaps, or no daily returns")
    click.echo(f"paths with a loss: {found.losses} of {known}")


def _figures(path: PathReport) -> tuple[str | None, ...]:
    curve = path.curve
    shares = (path.efficiency, curve.total_return, curve.annual_return, curve.drawdown)
    return (*(_shown(one) for one in shares), _shown(curve.sharpe, places=True))


def _shown(known: Known, *, places: bool = False) -> str | None:
    if known.value is None:
        return None
    return ratio(known.value) if places else percent(known.value)


def print_path(path: PathReport) -> None:
    """Print a path's windows, how chosen parameters drift, and its joined curve."""
    names = tuple(dict.fromkeys(name for one in path.windows for name in one.parameters))
    head = (*_WINDOW, *names)
    rows = [_row(one, names) for one in path.windows]
    print_table(head, rows, keep=1, part=len(_WINDOW))
    for window in path.windows:
        # Of one that goes on, the column of the chosen trial says it.
        if window.why and window.state in ("tested", "gap"):
            said = f"search {window.search}, test {window.test}: {one_line(window.why)}"
            click.echo(wrapped(said))
    if any(one.compared for one in path.drift):
        click.echo("\nHow chosen parameters move from window to window:")
        _print_drift(path)
    click.echo()
    for text in (_efficiency(path), *_curve(path.curve)):
        click.echo(wrapped(plain(text)))


def _row(window: Window, names: Sequence[str]) -> tuple[object, ...]:
    spans = window.train
    train = ", ".join(spans) if len(spans) <= _SPANS else counted(len(spans), "span")
    values = values_shown(window.parameters)
    fitness = (window.inside, window.outside, window.degradation)
    chosen = window.state if window.trial is None else window.trial
    return (
        *(window.search, train, window.test, f"{window.trials:,}", chosen, *fitness),
        *(values.get(name) for name in names),
    )


def _print_drift(path: PathReport) -> None:
    head = ("parameter", "changed", "mean steps", "largest", "of its range")
    print_table(
        head,
        [
            (
                one.parameter,
                f"{one.changes} of {one.compared}",
                None if one.steps is None else f"{one.steps:.1f}",
                one.largest,
                None if one.share is None else percent(one.share),
            )
            for one in path.drift
        ],
    )


def _efficiency(path: PathReport) -> str:
    known = path.efficiency
    if known.value is None:
        return f"efficiency: unknown ({known.why})"
    meaning = "profit per day out of sample, as a share of that in sample"
    return f"efficiency: {percent(known.value)} ({meaning})"


def _curve(curve: Curve) -> Iterator[str]:
    total = curve.total_return
    if total.value is None:
        yield f"joined out of sample: unknown ({total.why})"
        return
    first, last = (date.fromordinal(curve.days[at]) for at in (0, -1))
    parts = [f"return {percent(total.value)}"]
    if (annual := curve.annual_return).value is not None:
        parts.append(f"{percent(annual.value)} a year")
    if (drawdown := curve.drawdown).value is not None:
        parts.append(f"drawdown {percent(drawdown.value)}")
    sharpe = curve.sharpe
    parts.append(f"Sharpe {'-' if sharpe.value is None else ratio(sharpe.value)}")
    yield f"joined out of sample, {first} to {last}: {', '.join(parts)}"
    for one in (annual, sharpe):
        if one.why:
            yield one.why
