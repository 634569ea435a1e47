"""`leanopt verify`: rerun the best trials of a run on another harness and compare the results."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from leanopt_core.cli.common import WholeNumber, open_project, project_option
from leanopt_core.cli.output import plain, print_json, print_table
from leanopt_core.cli.session import plugin_calls
from leanopt_core.errors import DifferenceError
from leanopt_core.report.figures import counted
from leanopt_core.search.verify import Compared, Verification

# At most so many differences are shown per backtest.
_MOST = 8
# Columns that are shown whether statistics differ or not.
_ALWAYS = 4


def warnings(said: Verification) -> Iterator[str]:
    """Yield other possible reasons for a difference than the harness."""
    if said.changed:
        yield f"the strategy's files have changed since run {said.run}"
    if not said.repeated:
        yield (
            f"harness {said.harness!r} itself no longer gives the stored statistics: the "
            "strategy, data or engine has changed, or backtests depend on something else"
        )


def print_verification(said: Verification) -> None:
    """Print a line for each backtest and for each statistic that differs."""
    head = ("trial", "scenario", "result", "fingerprint", "statistic", "stored", said.other)
    rows = [row for one in said.compared for row in _rows(one)]
    columns = len(head) if any(one.differences for one in said.compared) else _ALWAYS
    print_table(head[:columns], [row[:columns] for row in rows], keep=2)
    for one in said.compared:
        failure = one.other.outcome.failure
        if failure is not None:
            where = f"trial {one.stored.ref.number}, scenario {one.stored.ref.scenario}"
            click.echo(plain(f"{where}: {failure.category}: {failure.message}"))
    if not said.different:
        what = counted(len(said.compared), "backtest")
        click.echo(plain(f"{what} of run {said.run}: all equal on harness {said.other!r}"))


def _rows(one: Compared) -> Iterator[tuple[object, ...]]:
    """Yield a backtest's line, then one for each further statistic that differs."""
    found = [(name, repr(a), repr(b)) for name, (a, b) in one.differences.items()]
    if more := len(found) - _MOST:
        found = found if more < 0 else [*found[:_MOST], (f"and {more} more: --json", "", "")]
    first, *others = found or [("", "", "")]
    result = "equal" if one.equal else "failed" if one.other.outcome.failure else "differs"
    ref = one.stored.ref
    yield (ref.number, ref.scenario, result, _fingerprint(one), *first)
    yield from ((ref.number, ref.scenario, "", "", *other) for other in others)


def _fingerprint(one: Compared) -> str | None:
    """Return the common fingerprint, `differs`, or None if nothing was compared."""
    return {None: None, True: one.other.fingerprint, False: "differs"}[one.alike]


def document(said: Verification) -> dict[str, Any]:
    """Return the verification as plain JSON values."""
    return {
        "run": said.run,
        "harness": said.harness,
        "against": said.other,
        "equal": not said.different,
        "warnings": list(warnings(said)),
        "backtests": [_compared(one) for one in said.compared],
    }


def _compared(one: Compared) -> dict[str, Any]:
    ref, failure = one.stored.ref, one.other.outcome.failure
    return {
        "search": ref.search,
        "trial": ref.number,
        "scenario": ref.scenario,
        "equal": one.equal,
        "differences": [
            {"statistic": name, "stored": stored, "again": again}
            for name, (stored, again) in one.differences.items()
        ],
        "failure": failure and {"category": str(failure.category), "message": failure.message},
        "fingerprints": {
            "run": one.own and one.own.fingerprint,
            "against": one.other.fingerprint,
        },
    }


_BEST = 10


@click.command("verify")
@click.argument("run")
@click.option("--against", metavar="HARNESS", required=True, help="Harness to compare with.")
@click.option(
    "--best",
    type=WholeNumber(min=1),
    metavar="N",
    default=_BEST,
    help=f"Number of best trials to verify (default: {_BEST}).",
)
@click.option(
    "--workers",
    type=WholeNumber(min=1),
    metavar="N",
    help="Number of workers (default: as in the run).",
)
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    run: str, against: str, best: int, workers: int | None, project: Path, as_json: bool
) -> None:
    """Rerun the best trials of RUN (name or unique prefix) on another harness and compare.

    HARNESS is a value of the engine's option `[strategy] harness`. Every statistic must equal the
    stored one. The store is not changed. The exit code is 9 if a backtest differs.

    Example: leanopt verify spy-1 --best 3 --against launcher
    """
    from leanopt_core.plugins import discover
    from leanopt_core.search.verify import verify

    with plugin_calls(as_json=as_json) as calls, open_project(project) as store:
        found = store.runs.find(run)
        completed = [one for one in store.reader.ranked(found, best) if one.trial.failure is None]
        said = verify(
            found,
            completed,
            discover(noted=calls.noted),
            store.path.absolute().parent.parent,
            against=against,
            workers=workers,
            report=_tell,
            progress=_progress,
            calls=calls,
        )
    for warning in warnings(said):
        _tell(f"warning: {warning}")
    if as_json:
        print_json(document(said))
    else:
        print_verification(said)
    if said.different:
        what = f"{said.different} of {counted(len(said.compared), 'backtest')}"
        raise DifferenceError(f"run {said.run} differs on harness {against!r}: {what}")


def _tell(text: str) -> None:
    click.echo(plain(text), err=True)


def _progress(harness: str, finished: int, of: int) -> None:
    """Show a harness's progress; only its end if standard error is not a terminal."""
    if sys.stderr.isatty() or finished == of:
        start = "\r" if sys.stderr.isatty() else ""
        text = f"{start}{plain(harness)}: {finished} of {counted(of, 'backtest')} finished"
        click.echo(text, nl=finished == of, err=True)
