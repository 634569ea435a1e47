"""The Pareto front of each search of a run with several objectives, computed when it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from attrs import evolve, frozen

from leanopt_core.errors import UsageError
from leanopt_core.pareto import pareto_front, spread
from leanopt_core.pipeline.plan import objective_names
from leanopt_core.ranking import rank_key
from leanopt_core.report.subject import searches_of
from leanopt_core.store.records import RankedTrial, StoredRun, StoredTrial
from leanopt_core.store.store import Store

#: So many trials say which way an objective goes.
_LOOKED_AT: Final = 20


@frozen
class Fronts:
    """The numbers of the trials on the Pareto front of each search, by the search's number.

    A feasible trial is on it if no other one is at least as good by every objective and better by
    one. They are in the order of their rank: by the fitness, ties by number. `names` are those of
    the objectives.
    """

    run: StoredRun
    names: tuple[str, ...]
    by_search: Mapping[int, Sequence[int]]

    def trials(self, store: Store, count: int | None = None) -> Iterator[RankedTrial]:
        """Yield the trials by search, at most `count` of each; ranks count within the front."""
        for search, numbers in self.by_search.items():
            for rank, number in enumerate(numbers[:count], 1):
                trial = store.reader.trial(self.run, search, number)
                if trial is not None:
                    yield RankedTrial(rank, search, trial)

    def first(self, store: Store, count: int) -> list[RankedTrial]:
        """Return `count` trials spread over the front; over those of several searches, by rank."""
        few = evolve(self, by_search={at: spread(one, count) for at, one in self.by_search.items()})
        found = [(one.trial.score, one) for one in few.trials(store)]
        ranked = sorted(
            ((rank_key(score, one.search, one.trial.number), one) for score, one in found if score),
            key=lambda keyed: keyed[0],
        )
        return [one for _, one in ranked[:count]]

    def filtered(self, store: Store) -> Callable[[int], Iterator[StoredTrial]]:
        """Return a function that yields the trials of a search's front by number.

        It takes the search's id, as the store's reader does.
        """
        known = {one.id: set(self.by_search.get(one.number, ())) for one in self.run.searches}
        return lambda search_id: (
            one for one in store.reader.trials(search_id) if one.number in known[search_id]
        )


def fronts_of(store: Store, run: StoredRun, search: int | None = None) -> Fronts:
    """Return the fronts of a run's searches, or of the one with this number.

    Raises UsageError if the run has one fitness function: it has a best trial, and no front.
    """
    names = objective_names(json.loads(run.plan))
    if not names:
        raise UsageError(
            f"run {run.name} has one fitness function and so no Pareto front; its best trials: "
            f"leanopt show {run.name}"
        )
    found = {one.number: _front(store, one.id) for one in searches_of(run, search)}
    return Fronts(run, names, found)


def _front(store: Store, search_id: int) -> tuple[int, ...]:
    """Return the numbers of the trials on a search's front, by rank."""
    told = list(store.survey.objectives(search_id))
    return tuple(told[place].number for place in pareto_front([one.objectives for one in told]))


def minimized(store: Store, run: StoredRun) -> frozenset[str]:
    """Return the objectives of which lower values are better.

    Runs of an older leanopt do not say that: their trials show it.
    """
    names = objective_names(json.loads(run.plan))
    directions = json.loads(run.execution).get("directions", ())
    if directions:
        return frozenset(name for name, one in zip(names, directions, strict=True) if one == "min")
    lower: set[str] = set()
    for search in run.searches if names else ():
        # Zero says nothing, and is rare.
        for one in islice(store.survey.objectives(search.id), _LOOKED_AT):
            pairs = zip(names, one.objectives, strict=True)
            lower.update(name for name, value in pairs if value and value == -one.values[name])
    return frozenset(lower)
