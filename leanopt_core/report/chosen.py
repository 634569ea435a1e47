"""Say which trial of each search of a run is chosen, by the rule of its plan or by another one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, TypeAlias

from attrs import frozen

from leanopt_core.errors import UsageError
from leanopt_core.fitness import turned
from leanopt_core.pipeline.tables import ChooseTable
from leanopt_core.report.figures import counted, number
from leanopt_core.report.front import Fronts, fronts_of
from leanopt_core.report.subject import Selection, find_search, find_subject, searches_of
from leanopt_core.search.plateau import ENOUGH, Neighbourhood, Plateau
from leanopt_core.stage import Told
from leanopt_core.store.records import RankedTrial, StoredRun, StoredSearch, StoredTrial
from leanopt_core.store.store import Store
from leanopt_core.store.trial_columns import Asked

Rule: TypeAlias = Literal["best", "plateau"]


def rule_of(run: StoredRun) -> ChooseTable:
    """Return what the plan of a run says in `[choose]`."""
    return ChooseTable(**json.loads(run.plan).get("choose", {}))


def chosen_trials(
    store: Store, run: StoredRun, count: int = 1, *, search: int | None = None
) -> list[RankedTrial]:
    """Return the first `count` feasible trials by the rule of the run's plan, of all told by now.

    So the first one of a search is its chosen trial. `search` is the number of one, None for all.
    """
    plateaus = plateaus_of(store, run, search=search)
    if plateaus is not None:
        return plateaus.first(store, count)
    if (fronts := chosen_fronts(store, run, search)) is not None:
        return fronts.first(store, count)
    ranked = store.reader.ranked(run, count, search=search)
    return [one for one in ranked if one.trial.score is not None and one.trial.score.feasible]


def find_chosen(store: Store, text: str | None, search: str | None) -> Selection:
    """Return the trial for `RUN:TRIAL`, for `RUN` its chosen one; None means the newest run.

    `search` is as for `find_subject`; without a trial, None means all. Raises UsageError if no
    trial is feasible.
    """
    found = Selection(store.runs.find()) if text is None else find_subject(store, text, search)
    if found.trial is not None:
        return found
    at = None if search is None else find_search(found.run, search)
    chosen = next(iter(chosen_trials(store, found.run, search=at)), None)
    if chosen is None:
        where = f"run {found.run.name}" + (f", search {search}," if search is not None else "")
        raise UsageError(f"{where} has no feasible trial; name one as RUN:TRIAL")
    return Selection(found.run, chosen.trial, chosen.search)


def chosen_fronts(store: Store, run: StoredRun, search: int | None = None) -> Fronts | None:
    """Return the fronts of a run, of one search or of all, if its plan chooses by them."""
    return fronts_of(store, run, search) if rule_of(run).use == "front" else None


@frozen(slots=False)
class Plateaus:
    """The plateaus of the complete, feasible trials of a run, of each search the best first."""

    run: StoredRun
    rule: Plateau
    by_search: Mapping[int, tuple[Neighbourhood, ...]]

    def chosen(self, search: int) -> Neighbourhood | None:
        """Return the chosen trial of a search, None if no trial is feasible."""
        return next(iter(self.by_search.get(search, ())), None)

    def of(self, search: int, number: int) -> Neighbourhood | None:
        """Return the neighbourhood of a trial, None if it is not feasible."""
        return self._by_trial.get((search, number))

    @cached_property
    def _by_trial(self) -> dict[tuple[int, int], Neighbourhood]:
        return {(search, one.told.number): one for search, one in self._every()}

    @cached_property
    def _ranks(self) -> dict[tuple[int, int], int]:
        """The rank of each trial by fitness: complete, feasible ones come first."""
        keys = [(-(one.told.objective or 0.0), at, one.told.number) for at, one in self._every()]
        return {(at, number): rank for rank, (_, at, number) in enumerate(sorted(keys), 1)}

    def _every(self) -> Iterator[tuple[int, Neighbourhood]]:
        for search, some in self.by_search.items():
            yield from ((search, one) for one in some)

    def first(self, store: Store, count: int) -> list[RankedTrial]:
        """Return the first `count` trials of all searches by plateau, with their ranks so."""
        keyed = [
            ((*one.rank_key[:-1], search, one.told.number), search, one.told.number)
            for search, one in self._every()
        ]
        best = [(search, number) for _, search, number in sorted(keyed)[:count]]
        return [
            RankedTrial(rank, search, trial)
            for rank, (search, number) in enumerate(best, 1)
            if (trial := store.reader.trial(self.run, search, number)) is not None
        ]

    def ranked(self, store: Store, search: int) -> RankedTrial | None:
        """Return the chosen trial of a search with its rank by fitness, None without one."""
        chosen = self.chosen(search)
        trial = chosen and store.reader.trial(self.run, search, chosen.told.number)
        if not trial:
            return None
        return RankedTrial(self._ranks[search, trial.number], search, trial)

    def fitness(self, search: int, one: Neighbourhood) -> float | None:
        """Return the worth of a plateau as a fitness: negated if lower is better."""
        return turned(one.value, self.run.searches[search - 1].direction)


def plateaus_of(
    store: Store, run: StoredRun, *, by: Rule | None = None, search: int | None = None
) -> Plateaus | None:
    """Return the plateaus of a run, of one search or of all; None if its trials go by fitness.

    `by` replaces the rule of the plan, which decides what a neighbour is if it has plateaus. Raises
    UsageError if feasible trials were pruned: their fitness is not known.
    """
    table = rule_of(run)
    if (by or table.use) != "plateau":
        return None
    rule = Plateau(run.space, table.radius, table.statistic)
    found = {
        one.number: tuple(rule.first(_told(store, run, one), one.told))
        for one in searches_of(run, search)
    }
    return Plateaus(run, rule, found)


def _told(store: Store, run: StoredRun, search: StoredSearch) -> Iterator[Told]:
    """Yield the told trials of a search as its methods know them, without further values."""
    space = run.space
    for one in store.survey.columns(search.id, Asked()):
        fitness = one.fitness
        objective = turned(fitness, search.direction)
        if one.pruned and fitness is not None and not one.violation:
            raise UsageError(
                f"run {run.name} has pruned feasible trials, such as {one.number}: their fitness "
                "over all scenarios is not known, so plateaus are not"
            )
        yield Told(
            *(one.number, space.point_at(one.grid_index), objective, one.violation or 0.0),
            pruned_at=one.pruned_at,
        )


def chosen_document(
    best: Mapping[int, StoredTrial | None], plateaus: Plateaus | None, fronts: Fronts | None
) -> list[dict[str, Any]]:
    """Return the chosen trial of each search as JSON values, None where no trial is feasible.

    `best` are the best trials by the numbers of their searches.
    """
    found: list[dict[str, Any]] = []
    for search, trial in best.items():
        if fronts is not None:
            front = list(fronts.by_search[search])
            found.append({"search": search, "rule": "front", "trial": next(iter(front), None)})
        elif plateaus is None:
            feasible = trial is not None and trial.score is not None and trial.score.feasible
            number_of = trial.number if trial is not None and feasible else None
            found.append({"search": search, "rule": "best", "trial": number_of})
        elif search in plateaus.by_search:
            chosen = plateaus.chosen(search)
            number_of = None if chosen is None else chosen.told.number
            more = plateau_document(plateaus, search, chosen)
            found.append({"search": search, "rule": "plateau", "trial": number_of, **more})
    return found


def plateau_document(plateaus: Plateaus, search: int, one: Neighbourhood | None) -> dict[str, Any]:
    """Return a trial's plateau as JSON values: its worth as a fitness, and its told neighbours."""
    if one is None:
        return {"plateau": None, "neighbours": None}
    return {"plateau": plateaus.fitness(search, one), "neighbours": one.neighbours}


def chosen_lines(plateaus: Plateaus | None) -> Iterator[str]:
    """Yield a sentence for each search with plateaus: which trial is chosen, and why."""
    if plateaus is None:
        return
    for search in plateaus.by_search:
        chosen = plateaus.chosen(search)
        if chosen is not None:
            several = len(plateaus.run.searches) > 1
            of = f" of search {search}" if several else ""
            why = f"it is the best one, since none has {ENOUGH} told neighbours or more"
            if chosen.plateau:
                why = plateau_words(plateaus.rule, chosen, plateaus.fitness(search, chosen))
            yield f"chosen{of}: trial {chosen.told.number}; {why}"


def plateau_words(
    rule: Plateau, found: Neighbourhood, fitness: float | None, one: str = "told neighbour"
) -> str:
    """Return what a plateau is worth, in words; `fitness` is its worth as a fitness."""
    group = f"the {rule.statistic} of it and its {counted(found.neighbours, one)}"
    if found.value is None:
        return f"{group} is a trial that failed or is not feasible"
    return f"{group} is {number(fitness)}"
