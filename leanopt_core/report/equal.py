"""Find trials with equal results, and parameters that make no difference."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from attrs import asdict, frozen

from leanopt_core.report.subject import searches_of
from leanopt_core.store.records import RankedTrial, StoredRun, StoredSearch
from leanopt_core.store.store import Store
from leanopt_core.store.survey import TrialResult


@frozen
class EqualTrials:
    """Trials of a search with equal statistics in every scenario; `parameters` differ among them.

    `fitness` is that of all, `trials` are their numbers in order.
    """

    search: int
    fitness: float | None
    trials: tuple[int, ...]
    parameters: tuple[str, ...]


@frozen
class Effect:
    """What trials show of a parameter's effect on results.

    `compared` is the number of points that were tried with several of its values, all others being
    the same; `equal` of them have the same results with each. `groups` is the number of groups of
    trials with equal results in which it differs.
    """

    parameter: str
    compared: int
    equal: int
    groups: int

    @property
    def none(self) -> bool:
        """Return whether no trial shows an effect, though some could."""
        return 0 < self.compared == self.equal


@frozen
class MergedTrials:
    """A trial of the ranking, and further ones with equal results; `parameters` differ."""

    first: RankedTrial
    others: tuple[RankedTrial, ...]
    parameters: tuple[str, ...]


def unmerged(trials: Iterable[RankedTrial]) -> tuple[MergedTrials, ...]:
    """Return trials as tables take them, each by itself."""
    return tuple(MergedTrials(one, (), ()) for one in trials)


def merged(run: StoredRun, best: Iterable[RankedTrial]) -> tuple[MergedTrials, ...]:
    """Return ranked trials of a run, those with equal results as one, in the order of their firsts.

    Tests count for nothing: not all trials have them.
    """
    groups: dict[Any, list[RankedTrial]] = {}
    for one in best:
        judged = run.searches[one.search - 1].judged(one.trial)
        results = tuple(sorted((at, b.statistics) for at, b in judged.items()))
        alone = one.trial.failure is not None or not results
        key = one.rank if alone else (one.search, one.trial.fitness, one.trial.pruned_at, results)
        groups.setdefault(key, []).append(one)
    return tuple(
        MergedTrials(group[0], tuple(group[1:]), _differing([one.trial.values for one in group]))
        for group in groups.values()
    )


def _differing(points: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    first = points[0]
    return tuple(name for name in first if any(one.get(name) != first[name] for one in points))


def equal_trials(
    store: Store, run: StoredRun, search: int | None = None
) -> tuple[list[EqualTrials], list[Effect]]:
    """Return groups of trials with equal results, the largest first, and each parameter's effect.

    Trials that failed, or that only a part of the scenarios judged, are left out.
    """
    names = list(run.space.names)
    groups: list[EqualTrials] = []
    compared, equal = Counter[str](), Counter[str]()
    for one in searches_of(run, search):
        trials = list(store.survey.results(one.id))
        results = _results(store, one, trials)
        points = [_point(trial, names) for trial in trials]
        groups += _groups(one, names, trials, points, results)
        for axis, name in enumerate(names):
            for same in _compared(points, results, axis):
                compared[name] += 1
                equal[name] += same
    groups.sort(key=lambda group: (-len(group.trials), group.search, group.trials))
    differs = Counter(name for group in groups for name in group.parameters)
    return groups, [Effect(name, compared[name], equal[name], differs[name]) for name in names]


def _point(trial: TrialResult, names: Sequence[str]) -> tuple[Any, ...]:
    values = json.loads(trial.parameters)
    return tuple([values.get(name) for name in names])


def _results(store: Store, search: StoredSearch, trials: Sequence[TrialResult]) -> list[Any]:
    """Return a value for each trial that is the same for equal results."""
    looks = [(trial.fitness, trial.violation, trial.size) for trial in trials]
    alike = Counter(looks)
    unsure = [trial.number for trial, look in zip(trials, looks, strict=True) if alike[look] > 1]
    hashes: dict[int, Any] = {}
    for number, statistics in store.survey.statistics(search.id, unsure):
        hashes.setdefault(number, blake2b(digest_size=16)).update(statistics + b"\n")
    digests = {number: one.digest() for number, one in hashes.items()}
    return [(look, digests.get(trial.number)) for trial, look in zip(trials, looks, strict=True)]


def _groups(
    search: StoredSearch,
    names: Sequence[str],
    trials: Sequence[TrialResult],
    points: Sequence[tuple[Any, ...]],
    results: Sequence[Any],
) -> Iterator[EqualTrials]:
    members: dict[Any, list[int]] = {}
    for index, result in enumerate(results):
        members.setdefault(result, []).append(index)
    for group in members.values():
        if len(group) > 1:
            values = [dict(zip(names, points[index], strict=True)) for index in group]
            numbers = tuple(trials[index].number for index in group)
            fitness = trials[group[0]].fitness
            yield EqualTrials(search.number, fitness, numbers, _differing(values))


def _compared(
    points: Sequence[tuple[Any, ...]], results: Sequence[Any], axis: int
) -> Iterator[bool]:
    """Yield, for points that are tried with several values of an axis, if results are equal."""
    found: dict[tuple[Any, ...], list[Any]] = {}
    for point, result in zip(points, results, strict=True):
        found.setdefault((*point[:axis], *point[axis + 1 :]), []).append(result)
    for same in found.values():
        if len(same) > 1:
            yield all(result == same[0] for result in same)


def document(
    run: StoredRun, groups: Iterable[EqualTrials], effects: Iterable[Effect]
) -> dict[str, Any]:
    """Return groups and effects as JSON values."""
    return {
        "run": run.name,
        "equal": [asdict(group) for group in groups],
        "parameters": [asdict(effect) for effect in effects],
    }
