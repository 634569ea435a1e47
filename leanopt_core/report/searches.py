"""Each search of a run: its counts, its best trial, and why none of its trials was completed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from attrs import frozen

from leanopt_core.report.figures import counted
from leanopt_core.report.hopeless import Failed
from leanopt_core.search.failing import FAILING
from leanopt_core.shown import shortened
from leanopt_core.store.records import StoredRun, StoredSearch, StoredTrial
from leanopt_core.store.store import Store
from leanopt_core.store.tally import Tally

#: The most searches that a message names.
_MOST: Final = 5
#: The most characters of why one has failed.
_LONGEST: Final = 120


@frozen
class SearchReport:
    """One search of a run: its told trials by result, and its best trial (None without any).

    `why` says why it ended without a completed trial, or because all its trials lack a statistic;
    None if it did not.
    """

    search: StoredSearch
    completed: int
    failed: int
    withdrawn: int
    best: StoredTrial | None
    why: str | None

    @property
    def told(self) -> int:
        """Return how many trials were told, completed or failed."""
        return self.completed + self.failed


def search_reports(store: Store, run: StoredRun, tally: Tally) -> tuple[SearchReport, ...]:
    """Return the report of each search, in their order."""
    return tuple(_report(store, run, search, tally) for search in run.searches)


def _report(store: Store, run: StoredRun, search: StoredSearch, tally: Tally) -> SearchReport:
    stages = [stage for stage in tally.stages if stage.search == search.number]
    completed = sum(stage.completed for stage in stages)
    best = None if search.best is None else store.reader.trial(run, search.number, search.best)
    why = None
    if search.ended == FAILING or (search.ended is not None and not completed):
        failed = store.reader.first_failure(run, search.number)
        reasons = () if best is None else best.details.get("reasons", ())
        why = Failed(*failed).why if failed else "; ".join(reasons) or search.ended
    return SearchReport(
        search,
        completed,
        sum(stage.failed for stage in stages),
        sum(stage.withdrawn for stage in stages),
        best,
        why,
    )


def some_failed(run: StoredRun, searches: Sequence[SearchReport]) -> str | None:
    """Return in one line which searches of a finished run have no completed trial, and why.

    None if all have one, or none.
    """
    without = [one for one in searches if one.why is not None]
    if run.state != "finished" or not without or len(without) == len(searches):
        return None
    named = [
        f"{shortened(one.search.name)} ({shortened(one.why or '', _LONGEST)})"
        for one in without[:_MOST]
    ]
    if len(without) > _MOST:
        named.append(f"{len(without) - _MOST:,} more")
    have = "has" if len(without) == 1 else "have"
    return (
        f"{len(without):,} of {counted(len(searches), 'search')} of run {run.name} {have} no "
        f"completed trial: {', '.join(named)}"
    )


def searches_document(searches: Iterable[SearchReport]) -> list[dict[str, Any]]:
    """Return the searches as JSON values."""
    return [
        {
            "search": one.search.number,
            "name": one.search.name,
            "scenarios": [scenario.name for scenario in one.search.scenarios],
            "completed": one.completed,
            "failed": one.failed,
            "withdrawn": one.withdrawn,
            "ended": one.search.ended,
            "why": one.why,
            "best": None if one.best is None else one.best.number,
            "fitness": None if one.best is None else one.best.fitness,
            "violation": None if one.best is None else one.best.violation,
        }
        for one in searches
    ]
