"""What the statistics say of a stored run: each search, the paths out of sample, the verdict."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import frozen

from leanopt_evidence._aligned import Aligned, aligned_returns
from leanopt_evidence._counted import Counted, count_trials
from leanopt_evidence._judged import SearchEvidence, judge
from leanopt_evidence._paths import PathEvidence, path_evidence, path_verdict
from leanopt_evidence._track import Sampling
from leanopt_evidence._verdict import Verdict, joined_verdict, verdict_of

if TYPE_CHECKING:
    from leanopt_core.api import OpenStore, StoredRun, StoredSearch


@frozen(eq=False)
class Evidence:
    """How much of the best results of a run may be luck.

    `verdict` is on the whole run, `verdicts` on each of its `searches`. A run with windows has
    `paths`: then the verdict is on the results out of sample. `counted` are the trials of the
    strategy. `missing` says what a run lacks if none of its trials has daily returns, and how
    to get it.
    """

    run: str
    strategy: str
    counted: Counted
    searches: tuple[SearchEvidence, ...]
    verdicts: tuple[Verdict, ...]
    paths: tuple[PathEvidence, ...]
    verdict: Verdict
    missing: str | None


def evidence_of(
    store: OpenStore,
    run: StoredRun,
    *,
    search: int | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Evidence:
    """Return what the statistics say of a run, or of the search with the number `search` alone.

    All trials of its strategy count, also those of other runs. `resamples` (1,000 or more) and
    `seed` decide the bootstrap: the same store and arguments give the same evidence. Raises
    ValueError if the run has no such search, StoreError if the store cannot be read.
    """
    reading = _Reading(store, run)
    counted = count_trials(store.tried(run.strategy), reading.of)
    sampling = Sampling(resamples, seed)
    searches = tuple(
        judge(
            one.number,
            one.name,
            _chosen(store, run, one),
            reading.of(run.name, one.number)[1],
            counted,
            sampling,
        )
        for one in _asked(run, search)
    )
    verdicts = tuple(map(verdict_of, searches))
    verdict = joined_verdict([one.name for one in searches], verdicts)
    paths = path_evidence(store, run, sampling) if search is None else ()
    if paths:
        verdict = path_verdict(paths, verdict)
    missing = None if any(one.returns.trials for one in searches) else _missing(run)
    return Evidence(run.name, run.strategy, counted, searches, verdicts, paths, verdict, missing)


def _missing(run: StoredRun) -> str:
    """Return why a run has no daily returns, and how to get them."""
    if json.loads(run.execution).get("curves") == "none":
        return (
            'This run stored no daily returns: its pipeline has curves = "none" below [search]. '
            "Remove that line and run it again."
        )
    return (
        "No completed trial of this run has daily returns. The strategy must return its equity "
        "curve; then run it again."
    )


def _chosen(store: OpenStore, run: StoredRun, search: StoredSearch) -> int | None:
    """Return the trial that the plan's rule chooses, without a feasible one the first by rank."""
    chosen = store.chosen(run, search=search.number)
    return search.best if chosen is None else chosen.number


def _asked(run: StoredRun, search: int | None) -> list[StoredSearch]:
    found = [one for one in run.searches if search in (None, one.number)]
    if not found:
        raise ValueError(f"run {run.name} has no search {search}; it has {len(run.searches)}")
    return found


class _Reading:
    """Reads runs and the returns of searches; those of one run are kept, and the last other run."""

    def __init__(self, store: OpenStore, run: StoredRun) -> None:
        self._store, self._run, self._other = store, run, run
        self._kept: dict[int, Aligned] = {}

    def of(self, run: str, search: int) -> tuple[StoredRun, Aligned]:
        """Return a run by its name, and the returns of one of its searches."""
        if run != self._run.name:
            if run != self._other.name:
                self._other = self._store.run(run)
            return self._other, aligned_returns(self._store, self._other, search)
        if search not in self._kept:
            self._kept[search] = aligned_returns(self._store, self._run, search)
        return self._run, self._kept[search]
