"""The pieces of a path: chosen trials and their daily returns in and out of sample."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from attrs import frozen

from leanopt_core.errors import UsageError
from leanopt_core.outputs import DailyReturns
from leanopt_core.report.curve import Curve, joined
from leanopt_core.shown import shortened
from leanopt_core.store.records import StoredRun, StoredScenario, StoredSearch, StoredTrial
from leanopt_core.store.store import Store
from leanopt_core.suggest import did_you_mean

_NOT_STORED = "daily returns are not stored (search.curves)"
_NO_EQUITY = "the strategy returned no equity curve"
#: The most characters of why a test failed.
_LONGEST = 120
#: The most paths that a message names.
_MOST = 5


@frozen
class Piece:
    """A test of a search, and the search's chosen trial under it; None if there is none yet.

    `inside` are the trial's daily returns under the scenarios of the same symbol that judged it,
    `returns` those under the test. `tested` says that the test has completed. `gap` says why the
    piece has no returns.
    """

    search: StoredSearch
    test: StoredScenario
    trial: StoredTrial | None = None
    inside: tuple[DailyReturns, ...] = ()
    returns: DailyReturns | None = None
    tested: bool = False
    gap: str | None = None


def paths_of(run: StoredRun) -> dict[str, list[tuple[int, str]]]:
    """Return the paths of a run's plan: the number of the search and the test of each piece."""
    found = json.loads(run.plan).get("paths", ())
    return {one["name"]: [(number, test) for number, test in one["pieces"]] for one in found}


def find_path(run: StoredRun, text: str | None) -> str:
    """Return the name of a run's path; None means its only one.

    Raises UsageError if it has no such path, or several.
    """
    names = list(paths_of(run))
    if not names:
        raise UsageError(f"run {run.name} has no paths: its searches have no tests")
    if text in names:
        return text
    if text is None and len(names) == 1:
        return names[0]
    if text is None:
        listed = ", ".join(names[:_MOST]) + (" and more" if len(names) > _MOST else "")
        raise UsageError(f"run {run.name} has several paths; choose with --path from: {listed}")
    raise UsageError(f"run {run.name} has no path {text!r} ({did_you_mean(text, names)})")


def pieces_of(
    store: Store, run: StoredRun, only: str | None = None
) -> Iterator[tuple[str, tuple[Piece, ...]]]:
    """Yield each path of a run, or `only` one, with its pieces in date order."""
    chosen = ((name, pieces) for name, pieces in paths_of(run).items() if only in (None, name))
    for name, pieces in chosen:
        yield name, tuple(_piece(store, run, number, test) for number, test in pieces)


def curve_of(pieces: Iterable[Piece]) -> Curve:
    """Return the daily returns of a path's tests, joined in date order; gaps are left out."""
    return joined((at, one.returns) for at, one in enumerate(pieces) if one.returns is not None)


def _piece(store: Store, run: StoredRun, number: int, name: str) -> Piece:
    search = run.searches[number - 1]
    test = next(one for one in search.tests if one.name == name)
    if search.chosen is None:
        return Piece(search, test, gap=_unchosen(search))
    trial = store.reader.trial(run, number, search.chosen)
    if trial is None or (backtest := trial.backtests.get(test.ordinal)) is None:
        return Piece(search, test, trial, gap="the test has not run")
    symbol = json.loads(test.definition).get("symbol")
    same = [s for s in search.scenarios if json.loads(s.definition).get("symbol") == symbol]
    inside = (_returns(store, trial, one.ordinal) for one in same)
    returns = _returns(store, trial, test.ordinal)
    gap = None if returns is not None else _lacking(run)
    if backtest.failure is not None:
        message = " ".join((backtest.message or "").split())
        gap = f"the test failed: {backtest.failure}: {shortened(message, _LONGEST)}"
    known = tuple(one for one in inside if one is not None)
    return Piece(search, test, trial, known, returns, backtest.failure is None, gap)


def _lacking(run: StoredRun) -> str:
    """Return why a completed test has no daily returns."""
    asked = json.loads(run.execution).get("curves") == "daily"
    return _NO_EQUITY if asked else _NOT_STORED


def _unchosen(search: StoredSearch) -> str:
    """Return why a search has chosen no trial."""
    if search.ended is None:
        return "the search has not ended" if search.proposed else "the search has not begun"
    return "no trial" if not search.told else "no feasible trial"


def _returns(store: Store, trial: StoredTrial, ordinal: int) -> DailyReturns | None:
    backtest = trial.backtests.get(ordinal)
    return None if backtest is None else store.reader.returns(backtest.id)
