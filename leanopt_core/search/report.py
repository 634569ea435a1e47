"""What a run came to, for people and programs: counts, the best trials, how it ended."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from leanopt_core.search.findings import Failed, Spread, findings
from leanopt_core.store.records import RankedTrial, StoredRun
from leanopt_core.store.store import Store
from leanopt_core.store.tally import Tally

#: How many of the best trials a report shows where nobody says.
TOP = 10


@frozen
class Report:
    """A run with its counts, its best trials, best first, and what to beware of.

    `store` is the file that holds it.
    """

    run: StoredRun
    tally: Tally
    best: tuple[RankedTrial, ...]
    warnings: tuple[str, ...]
    store: Path


def report(store: Store, run: StoredRun, top: int = TOP) -> Report:
    """Return the report of a run as it stands in the store."""
    tally = store.reader.tally(run)
    best = tuple(store.reader.ranked(run, top))
    first = store.reader.first_failure(run) if tally.failures else None
    warnings = findings(
        run, tally, best, Spread(*store.reader.spread(run)), Failed(*first) if first else None
    )
    return Report(run, tally, best, warnings, store.path)
