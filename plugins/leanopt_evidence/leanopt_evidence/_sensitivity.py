"""What the fitness depends on: importance, slices, the plateau around the best, cliffs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
from attrs import frozen
from leanopt_surrogate.forest import normal_scores

from leanopt_evidence._around import Around, Effect, around, effects
from leanopt_evidence._importance import (
    Importances,
    active_axes,
    importances,
    no_importances,
)
from leanopt_evidence._slices import Grouped, Pair, Slice, pair_of, slice_of

if TYPE_CHECKING:
    from leanopt_core.api import Direction, Space, Told
    from leanopt_evidence._inputs import Floats, Ints

#: Pairs are made of so many parameters, the most important ones.
PAIRED: Final = 6
#: Fewer feasible trials, or fewer of the others, do not show what decides feasibility.
FEWEST_OF_A_KIND: Final = 10


@frozen
class Counts:
    """How many trials were told, and what became of them.

    `pruned` ones are feasible as far as they were judged, by a part of their scenarios. Their
    fitness is unknown, so they are left out of everything else.
    `equal` is the number of feasible trials whose fitness another one has too, and `equal_to_best`
    how many others have the best fitness.
    """

    trials: int
    feasible: int
    infeasible: int
    failed: int
    pruned: int
    equal: int
    equal_to_best: int


@frozen
class Sensitivity:
    """What the fitness of a search's told trials depends on.

    `fitness` says what decides the fitness among feasible trials, and `feasibility` what decides
    whether a trial is feasible. `effects` and `slices` have one for each searched parameter, in the
    space's order, and `pairs` one for each two of the six most important. `best` is the
    neighbourhood of the best trial, None with the reason in `no_best`.
    """

    counts: Counts
    fitness: Importances
    feasibility: Importances
    effects: tuple[Effect, ...]
    slices: tuple[Slice, ...]
    pairs: tuple[Pair, ...]
    best: Around | None
    no_best: str | None


def sensitivity(
    space: Space,
    trials: Iterable[Told],
    *,
    direction: Direction = "max",
    results: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> Sensitivity:
    """Return what the fitness depends on.

    `trials` are all told ones of a search in this space. Their objectives are the fitness, negated
    if the `direction` is "min". `results` has a value for each trial, the same for those with equal
    results; without it, trials with the same fitness and violation count as equal. The same
    arguments give the same sensitivity.
    """
    told = list(trials)
    keys = [(one.objective, one.violation) for one in told] if results is None else results
    ran = [(one.point, key) for one, key in zip(told, keys, strict=True) if _compared(one)]
    kept = _kept(told)
    sign = 1 if direction == "max" else -1
    levels = np.array([one.point for one in kept], np.int64).reshape(len(kept), len(space.axes))
    values = [_fitness(one, sign) for one in kept]
    fitness = np.array([np.nan if one is None else one for one in values])
    deciding = _deciding(space, levels, fitness, sign, seed)
    best = _best(space, kept, sign)
    return Sensitivity(
        _counts(told),
        *deciding,
        effects(space, [point for point, _ in ran], [key for _, key in ran]),
        *_slices(space, levels, fitness, sign, deciding),
        best,
        None if best else "no trial is feasible",
    )


def _kept(told: Iterable[Told]) -> list[Told]:
    """Return the trials without those whose fitness only a part of their scenarios decided."""
    return [one for one in told if one.complete or not one.feasible]


def _compared(trial: Told) -> bool:
    """Return whether a trial has the results of all scenarios, to compare them with others."""
    return trial.complete and not _failed(trial)


def _failed(trial: Told) -> bool:
    return trial.objective is None and not trial.violation


def _fitness(trial: Told, sign: int) -> float | None:
    return sign * trial.objective if trial.objective is not None and trial.feasible else None


def _counts(told: Sequence[Told]) -> Counts:
    kept = _kept(told)
    objectives = [one.objective for one in kept if one.objective is not None and one.feasible]
    alike = Counter(objectives)
    failed = sum(map(_failed, kept))
    return Counts(
        trials=len(told),
        feasible=len(objectives),
        infeasible=len(kept) - len(objectives) - failed,
        failed=failed,
        pruned=len(told) - len(kept),
        equal=sum(count for count in alike.values() if count > 1),
        equal_to_best=alike[max(alike)] - 1 if alike else 0,
    )


def _deciding(
    space: Space, levels: Ints, fitness: Floats, sign: int, seed: int
) -> tuple[Importances, Importances]:
    """Return what decides the fitness, and what decides feasibility."""
    feasible = ~np.isnan(fitness)
    ranks = normal_scores(sign * fitness[feasible]) if feasible.any() else np.empty(0)
    by_fitness = importances(space, levels[feasible], ranks, "fitness", seed)
    kinds = {"feasible": int(feasible.sum()), "not feasible": int((~feasible).sum())}
    rarer = min(kinds, key=lambda kind: kinds[kind])
    if kinds[rarer] < FEWEST_OF_A_KIND:
        why = f"{kinds[rarer]} of {len(feasible)} trials are {rarer}"
        return by_fitness, no_importances("feasibility", len(feasible), why)
    return by_fitness, importances(space, levels, feasible.astype(np.float64), "feasibility", seed)


def _slices(
    space: Space, levels: Ints, fitness: Floats, sign: int, deciding: Iterable[Importances]
) -> tuple[tuple[Slice, ...], tuple[Pair, ...]]:
    active = active_axes(space, levels)
    grouped = {
        axis.name: Grouped.of(axis, levels[:, place], active[:, place])
        for place, axis in enumerate(space.axes)
    }
    ranked = [one.parameter for found in deciding for one in found.parameters]
    # Without an importance the first ones.
    first = list(dict.fromkeys([*ranked, *grouped]))[:PAIRED]
    names = [name for name in grouped if name in first]
    return (
        tuple(slice_of(one, fitness, sign) for one in grouped.values()),
        tuple(pair_of(grouped[x], grouped[y], fitness) for x, y in combinations(names, 2)),
    )


def _best(space: Space, kept: Sequence[Told], sign: int) -> Around | None:
    feasible = [one for one in kept if one.feasible]
    if not feasible:
        return None
    best = max(feasible, key=lambda one: (one.objective, -one.number))
    return around(space, kept, best, sign)
