"""A verification for people and programs: what is equal, and what differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from leanopt_core.cli.output import plain, print_table
from leanopt_core.search.compared import Compared, Verification

# Of one backtest; a person reads no more.
_MOST = 8
# So many columns are there whether statistics differ or not.
_ALWAYS = 4


def counted(backtests: int) -> str:
    """Return how many backtests, as `1 backtest`."""
    return f"{backtests} backtest{'' if backtests == 1 else 's'}"


def warnings(said: Verification) -> Iterator[str]:
    """Yield what else than the harness may be why something differs."""
    if said.changed:
        yield f"the strategy's files have changed since run {said.run}"
    if not said.repeated:
        yield (
            f"harness {said.harness!r} itself does not repeat the stored statistics: "
            "strategy, data or engine have changed, or a backtest depends on more than these"
        )


def print_verification(said: Verification) -> None:
    """Print a line for each backtest, and each statistic that differs."""
    head = ("trial", "scenario", "result", "fingerprint", "statistic", "stored", said.other)
    rows = [row for one in said.compared for row in _rows(one)]
    columns = len(head) if any(one.differences for one in said.compared) else _ALWAYS
    print_table(head[:columns], [row[:columns] for row in rows], keep=2)
    for one in said.compared:
        failure = one.other.outcome.failure
        if failure is not None:
            where = f"trial {one.stored.place.number}, scenario {one.stored.place.scenario}"
            click.echo(plain(f"{where}: {failure.category}: {failure.message}"))
    if not said.different:
        what = counted(len(said.compared))
        click.echo(plain(f"{what} of run {said.run}: all equal on harness {said.other!r}"))


def _rows(one: Compared) -> Iterator[tuple[object, ...]]:
    """Yield a backtest's line, and one more for each further statistic that differs."""
    found = [(name, repr(a), repr(b)) for name, (a, b) in one.differences.items()]
    if more := len(found) - _MOST:
        found = found if more < 0 else [*found[:_MOST], (f"and {more} more: --json", "", "")]
    first, *others = found or [("", "", "")]
    result = "equal" if one.equal else "failed" if one.other.outcome.failure else "differs"
    place = one.stored.place
    yield (place.number, place.scenario, result, _fingerprint(one), *first)
    yield from ((place.number, place.scenario, "", "", *other) for other in others)


def _fingerprint(one: Compared) -> str | None:
    """Return what both harnesses have, or that they differ; None where nothing was compared."""
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
    place, failure = one.stored.place, one.other.outcome.failure
    return {
        "search": place.search,
        "trial": place.number,
        "scenario": place.scenario,
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
