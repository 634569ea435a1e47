"""What a run came to, for people and programs: counts, the best trials, how it ended."""

from __future__ import annotations

from attrs import frozen

from leanopt_core.store.records import RankedTrial, StoredRun
from leanopt_core.store.store import Store
from leanopt_core.store.tally import Tally

#: How many of the best trials a report shows where nobody says.
TOP = 5


@frozen
class Report:
    """A run with its counts and its best trials, best first."""

    run: StoredRun
    tally: Tally
    best: tuple[RankedTrial, ...]


def report(store: Store, run: StoredRun, top: int = TOP) -> Report:
    """Return the report of a run as it stands in the store."""
    return Report(run, store.reader.tally(run), tuple(store.reader.ranked(run, top)))
