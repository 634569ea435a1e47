"""`leanopt verify`: rerun trials of a run on fresh workers and compare the results."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leanopt_core.cli.common import WholeNumber, open_project, project_option
from leanopt_core.cli.output import plain, print_json, print_table
from leanopt_core.cli.session import plugin_calls, tell
from leanopt_core.errors import DifferenceError, UsageError
from leanopt_core.report.figures import counted

if TYPE_CHECKING:
    from leanopt_core.search.verification import Compared, Verification

# At most so many differences are shown per backtest.
_MOST = 8
# Columns that are shown whether statistics differ or not.
_ALWAYS = 4
# Of more backtests than this, equal ones are counted and not listed.
_LISTED = 50


def print_verification(said: Verification) -> None:
    """Print a line for each backtest and for each statistic that differs, and the count."""
    from leanopt_core.report.verified import place

    again = said.against or "again"
    head = ("trial", "scenario", "result", "fingerprint", "statistic", "stored", again)
    few = len(said.compared) <= _LISTED
    listed = [one for one in said.compared if few or one.result != "equal"]
    rows = [row for one in listed for row in _rows(one)]
    columns = len(head) if any(one.differences for one in listed) else _ALWAYS
    if rows:
        print_table(head[:columns], [row[:columns] for row in rows], keep=2)
    for one in listed:
        failure = one.other.outcome.failure
        if failure is not None:
            click.echo(plain(f"{place(one)}: {failure.category}: {failure.message}"))
    where = "fresh workers" if said.against is None else f"harness {said.against!r}"
    what = f"{counted(len(said.compared), 'backtest')} of run {said.run}"
    if not said.different:
        within = f" within {said.tolerance:g}" if said.tolerance else ""
        click.echo(plain(f"{what}: all equal{within} on {where}"))


def _rows(one: Compared) -> Iterator[tuple[object, ...]]:
    """Yield a backtest's line, then one for each further statistic that differs."""
    found = [(name, repr(a), repr(b)) for name, (a, b) in one.differences.items()]
    if more := len(found) - _MOST:
        found = found if more < 0 else [*found[:_MOST], (f"and {more} more: --json", "", "")]
    first, *others = found or [("", "", "")]
    ref = one.stored.ref
    yield (ref.number, ref.scenario, one.result, _fingerprint(one), *first)
    yield from ((ref.number, ref.scenario, "", "", *other) for other in others)


def _fingerprint(one: Compared) -> str | None:
    """Return the common fingerprint, `differs`, or None if nothing was compared."""
    return {None: None, True: one.other.fingerprint, False: "differs"}[one.alike]


_BEST = 10


@click.command("verify")
@click.argument("run")
@click.option(
    "--best",
    type=WholeNumber(min=1),
    metavar="N",
    help=f"Verify the N best trials, by [choose] (default: {_BEST}).",
)
@click.option(
    "--sample", type=WholeNumber(min=1), metavar="N", help="Verify N trials, drawn at random."
)
@click.option("--all", "every", is_flag=True, help="Verify all trials.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, max=1),
    metavar="X",
    default=0.0,
    help="Largest relative difference that counts as equal (default: 0).",
)
@click.option("--against", metavar="HARNESS", help="Harness to compare with.")
@click.option(
    "--workers",
    type=WholeNumber(min=1),
    metavar="N",
    help="Number of workers (default: as in the run).",
)
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    run: str,
    best: int | None,
    sample: int | None,
    every: bool,
    tolerance: float,
    against: str | None,
    workers: int | None,
    project: Path,
    as_json: bool,
) -> None:
    """Run trials of RUN (name or unique prefix) again, without the cache, and compare.

    Their backtests run on workers started for this, with the current strategy and data. Every
    statistic must equal the stored one. With --against, they run on another harness: a value of the
    engine's option `[strategy] harness`. The store is not changed. The exit code is 9 if a backtest
    differs.

    Example: leanopt verify quickstart-1 --sample 20
    """
    if sum(map(bool, (best, sample, every))) > 1:
        raise UsageError("--best, --sample and --all choose the trials; give one of them")
    best = best or (None if sample or every else _BEST)
    with plugin_calls(as_json=as_json) as calls, open_project(project) as store:
        from leanopt_core.plugins import discover
        from leanopt_core.report.verified import document, trials_to_verify, warnings
        from leanopt_core.search.verify import verify

        found = store.runs.find(run)
        said = verify(
            found,
            trials_to_verify(store, found, best=best, sample=sample),
            discover(noted=calls.noted),
            store.path.absolute().parent.parent,
            against=against,
            tolerance=tolerance,
            workers=workers,
            hashed=store.hash_file,
            report=tell,
            progress=_progress,
            calls=calls,
        )
    for warning in warnings(said):
        tell(f"warning: {warning}")
    if as_json:
        print_json(document(said))
    else:
        print_verification(said)
    if said.different:
        raise DifferenceError(_differs(said))


def _differs(said: Verification) -> str:
    what = f"{said.different} of {counted(len(said.compared), 'backtest')}"
    where = "when run again" if said.against is None else f"on harness {said.against!r}"
    random = "" if said.deterministic else "; the strategy is not deterministic"
    return f"run {said.run} differs {where}: {what}{random}"


def _progress(harness: str, finished: int, of: int) -> None:
    """Show a harness's progress; only its end if standard error is not a terminal."""
    if sys.stderr.isatty() or finished == of:
        start = "\r" if sys.stderr.isatty() else ""
        text = f"{start}{plain(harness)}: {finished} of {counted(of, 'backtest')} finished"
        click.echo(text, nl=finished == of, err=True)
