"""The neighbourhood of the best trial: its plateau, its cliffs; and what each parameter changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from attrs import frozen

from leanopt_core.api import Plateau, number_text
from leanopt_evidence._inputs import Estimate
from leanopt_evidence._slices import middle

if TYPE_CHECKING:
    from leanopt_core.api import Point, Space, Told

State: TypeAlias = Literal["feasible", "infeasible", "failed"]

#: A step that takes back at least this share of the best trial's lead over the median is a cliff.
CLIFF: Final = 0.5
#: Fewer comparisons do not show that a parameter changes nothing.
COMPARED: Final = 5


@frozen
class Neighbour:
    """A told trial one step from the best one, along one ordered parameter.

    `value` is that parameter's. `loss` is the share of the best trial's lead over the median
    feasible trial that the step costs: 0 for nothing, 1 for all of it; None if the neighbour is not
    feasible, or if the best trial has no lead. A `cliff` costs at least half of the lead, or is not
    feasible.
    """

    parameter: str
    value: str
    trial: int
    state: State
    fitness: float | None
    loss: float | None
    cliff: bool


@frozen
class Around:
    """The best trial and its told neighbours.

    `possible` is how many neighbours the space has: points one step away along one ordered
    parameter. `median` and `worst` are those of the fitness of the best trial and its told
    neighbours, as `[choose] use = "plateau"` has them: a trial that is not feasible counts below
    all. None with the reason.
    """

    trial: int
    fitness: float
    possible: int
    neighbours: tuple[Neighbour, ...]
    median: Estimate
    worst: Estimate

    @property
    def cliffs(self) -> tuple[Neighbour, ...]:
        """Return the neighbours that are cliffs."""
        return tuple(one for one in self.neighbours if one.cliff)


@frozen
class Effect:
    """What a parameter was seen to change.

    `compared` is how often points that differ in it alone were told, and `equal` how often all of
    these had equal results. `changes_nothing` is None after fewer than five comparisons.
    """

    parameter: str
    compared: int
    equal: int
    changes_nothing: bool | None


def around(space: Space, trials: Sequence[Told], best: Told, sign: int) -> Around:
    """Return the neighbourhood of the best of some trials, which must be feasible."""
    assert best.objective is not None  # noqa: S101 - the caller has chosen a feasible one
    told = {one.point: one for one in trials}
    known = {one.point: one.objective if one.feasible else None for one in trials}
    lead = best.objective - (middle([one for one in known.values() if one is not None]) or 0.0)
    near = list(Plateau(space).neighbours(best.point))
    found = []
    for point in near:
        if (trial := told.get(point)) is not None:
            step = _step(space, best.point, point)
            found.append(_neighbour(*step, trial, best.objective, lead, sign))
    return Around(
        best.number,
        sign * best.objective,
        len(near),
        tuple(found),
        _estimate(Plateau(space, statistic="median"), best, known, sign),
        _estimate(Plateau(space, statistic="worst"), best, known, sign),
    )


def effects(
    space: Space, points: Sequence[Point], results: Sequence[Hashable]
) -> tuple[Effect, ...]:
    """Return what each searched parameter changes, by trials that differ in it alone."""
    found = []
    for place, axis in enumerate(space.axes):
        groups = defaultdict[Hashable, list[Hashable]](list)
        for point, result in zip(points, results, strict=True):
            groups[(*point[:place], *point[place + 1 :])].append(result)
        several = [one for one in groups.values() if len(one) > 1]
        equal = sum(len(set(one)) == 1 for one in several)
        nothing = equal == len(several) if len(several) >= COMPARED else None
        found.append(Effect(axis.name, len(several), equal, nothing))
    return tuple(found)


def _step(space: Space, point: Point, other: Point) -> tuple[str, str]:
    """Return the parameter of a step and its value; others that differ are inactive at an end."""
    active = [a and b for a, b in zip(space.active(point), space.active(other), strict=True)]
    place = next(at for at, both in enumerate(active) if both and point[at] != other[at])
    axis = space.axes[place]
    return axis.name, number_text(axis.value(other[place]))


def _neighbour(
    parameter: str, value: str, trial: Told, best: float, lead: float, sign: int
) -> Neighbour:
    if trial.objective is None or not trial.feasible:
        state: State = "infeasible" if trial.violation > 0 else "failed"
        return Neighbour(parameter, value, trial.number, state, None, None, cliff=True)
    loss = (best - trial.objective) / lead if lead > 0 else None
    cliff = loss is not None and loss >= CLIFF
    fitness = sign * trial.objective
    return Neighbour(parameter, value, trial.number, "feasible", fitness, loss, cliff=cliff)


def _estimate(
    plateau: Plateau, best: Told, known: Mapping[Point, float | None], sign: int
) -> Estimate:
    found = plateau.around(best, known)
    if not found.plateau:
        return Estimate(None, f"{found.neighbours} of its neighbours told, too few for a plateau")
    if found.value is None:
        near = [known[point] for point in plateau.neighbours(best.point) if point in known]
        return Estimate(None, f"{near.count(None)} of {len(near)} neighbours not feasible")
    return Estimate(sign * found.value)
