"""Refuse to continue a run that lost rows when its store was damaged."""

from __future__ import annotations

from leanopt_core.errors import ResumeError
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store


def check_complete(store: Store, run: StoredRun) -> None:
    """Raise ResumeError if a run lacks searches, stages, scenarios, or a trial before its last.

    Trials at the end and results of backtests may be missing: they are made again.
    """
    lost = "searches" if not run.searches else ""
    for search in run.searches:
        if not search.stages or not search.scenarios:
            lost = f"stages or scenarios of search {search.number}"
        elif (number := store.reader.first_gap(search.id)) is not None:
            lost = f"trial {number} of search {search.number}"
    if lost:
        raise ResumeError(
            f"run {run.name} cannot continue: its store has lost {lost}. Begin a new run with "
            "--again; it takes stored backtests from the store"
        )
