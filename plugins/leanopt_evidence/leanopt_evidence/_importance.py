"""How much of the fitness each parameter decides, and whether that is more than chance shows.

Importance is that of Breiman 2001, Random forests; the check compares it with that of shuffled
targets, by their largest importance [Altmann et al. 2010, Permutation importance; Westfall, Young
1993, Resampling-based multiple testing].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from attrs import frozen
from leanopt_surrogate.forest import FittedForest, coordinates, fit_forest
from numpy.random import default_rng

from leanopt_evidence._inputs import Floats, Ints

if TYPE_CHECKING:
    from leanopt_core.api import Space

Bools: TypeAlias = npt.NDArray[np.bool_]
Target: TypeAlias = Literal["fitness", "feasibility"]

#: The fewest trials for a forest, and the most: of more, these are drawn at random.
FEWEST_TRIALS: Final = 20
MOST_TRIALS: Final = 1000
TREES: Final = 20
#: Nodes of fewer trials are not cut: deeper trees only follow the noise.
LEAST: Final = 10
#: Forests of shuffled targets. One of 20 tests without any effect shows one by chance.
ROUNDS: Final = 19


@frozen
class Importance:
    """What a parameter decides.

    `share` is the part of the target's variance that goes with the parameter, alone or together
    with others: 0 to about 1. It is measured, so it can be a little below 0. `beyond_chance` is
    true if no parameter of any shuffled target has as much.
    """

    parameter: str
    share: float
    beyond_chance: bool


@frozen
class Importances:
    """What decides a target, the most important parameter first; or None with the `reason`.

    `target` is "fitness", by rank among feasible trials, or "feasibility". `trials` is the number
    of trials that the forest was fitted to. `explained` is the part of the target's variance that
    the forest predicts for trials that it was not fitted to (R^2), below 0 if it predicts nothing.
    `chance` is the largest share of any parameter over all shuffled targets.
    """

    target: Target
    trials: int
    explained: float | None
    chance: float | None
    parameters: tuple[Importance, ...]
    reason: str | None = None


def importances(
    space: Space, levels: Ints, target: Floats, of: Target, seed: int = 0
) -> Importances:
    """Return the importance of each searched parameter for a target.

    `levels` are the points, trials x axes, and `target` has a value for each. A forest is fitted to
    at most 1,000 of the trials, drawn at random. A parameter's values are shuffled among the trials
    in which it is active: its share is the increase of the forest's squared error for unseen
    trials, over twice the target's variance. The same is done with 19 shuffled targets.
    """
    if not len(space.axes):
        return no_importances(of, len(levels), "no parameter is searched")
    if len(levels) < FEWEST_TRIALS:
        return no_importances(of, len(levels), f"fewer than {FEWEST_TRIALS} trials")
    rows = np.arange(len(levels))
    if len(rows) > MOST_TRIALS:
        rows = np.sort(default_rng([seed, len(rows)]).permutation(rows)[:MOST_TRIALS])
    levels, target = levels[rows], target[rows]
    if np.ptp(target) == 0:
        return no_importances(of, len(levels), f"all trials have the same {of}")
    active = active_axes(space, levels)
    explained, shares = _shares(space, levels, active, target, seed)
    random = default_rng([seed, ROUNDS])
    shuffled = [
        _shares(space, levels, active, random.permutation(target), seed + 1 + number)[1].max()
        for number in range(ROUNDS)
    ]
    chance = max(0.0, *map(float, shuffled))
    found = [
        Importance(axis.name, share, share > chance)
        for axis, share in zip(space.axes, shares.tolist(), strict=True)
    ]
    found.sort(key=lambda one: -one.share)
    return Importances(of, len(levels), explained, chance, tuple(found))


def active_axes(space: Space, levels: Ints) -> Bools:
    """Return where each searched parameter counts: trials x axes."""
    if not space.conditions:
        return np.ones(levels.shape, np.bool_)
    active = [space.active(point) for point in map(tuple, levels.tolist())]
    return np.array(active, np.bool_).reshape(levels.shape)


def no_importances(of: Target, trials: int, reason: str) -> Importances:
    """Return that a target's importances are unknown, and why."""
    return Importances(of, trials, None, None, (), reason)


def _shares(
    space: Space, levels: Ints, active: Bools, target: Floats, seed: int
) -> tuple[float, Floats]:
    """Return what a forest explains of the target, and each axis's share of its variance."""
    forest = fit_forest(coordinates(space, levels), target, seed=seed, trees=TREES, least=LEAST)
    variance = float(target.var())
    error = _error(forest, space, levels, target)
    random = default_rng([seed, len(target)])
    shares = np.empty(levels.shape[1])
    for axis in range(levels.shape[1]):
        shuffled = levels.copy()
        rows = np.flatnonzero(active[:, axis])
        shuffled[rows, axis] = levels[random.permutation(rows), axis]
        more = _error(forest, space, shuffled, target) - error
        shares[axis] = more / (2 * variance)
    return 1 - error / variance, shares


def _error(forest: FittedForest, space: Space, levels: Ints, target: Floats) -> float:
    predicted = forest.predict_unseen(coordinates(space, levels))
    return float(((target - predicted) ** 2).mean())
