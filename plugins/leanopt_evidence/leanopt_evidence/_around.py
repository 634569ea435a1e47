"""The neighbourhood of the best trial: its plateau, its cliffs; and what each parameter changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from attrs import frozen

from leanopt_core.api import number_text
from leanopt_evidence._inputs import Estimate
from leanopt_evidence._slices import middle

if TYPE_CHECKING:
    from leanopt_core.api import Point, Space, Told

State: TypeAlias = Literal["feasible", "infeasible", "failed"]

#: A step that takes back at least this share of the best trial's lead over the median is a cliff.
CLIFF: Final = 0.5
#: With fewer told neighbours there is no plateau.
ENOUGH: Final = 2
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
    neighbours, where a trial that is not feasible counts below all; None with the reason.
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


def around(space: Space, best: Told, told: Mapping[Point, Told], lead: float, sign: int) -> Around:
    """Return the neighbourhood of the best trial; `lead` is its objective less the median."""
    assert best.objective is not None  # noqa: S101 - the caller has chosen a feasible one
    near = [(_changed(space, best.point, point), point) for point in _steps(space, best.point)]
    found = []
    for axis, point in near:
        trial = told.get(point)
        if trial is not None:
            value = number_text(space.axes[axis].value(point[axis]))
            found.append(
                _neighbour(space.axes[axis].name, value, trial, best.objective, lead, sign)
            )
    values = [sign * best.objective, *(one.fitness for one in found)]
    return Around(
        best.number,
        sign * best.objective,
        len(near),
        tuple(found),
        _plateau(values, "median", sign),
        _plateau(values, "worst", sign),
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


def _steps(space: Space, point: Point) -> list[Point]:
    ordered = [axis.ordered for axis in space.axes]
    return [o for o in space.neighbours(point, 1, "axis") if ordered[_changed(space, point, o)]]


def _changed(space: Space, point: Point, other: Point) -> int:
    """Return the axis of a step; the others that differ are not active at one of the points."""
    active = [a and b for a, b in zip(space.active(point), space.active(other), strict=True)]
    return next(at for at, both in enumerate(active) if both and point[at] != other[at])


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


def _plateau(values: Sequence[float | None], statistic: str, sign: int) -> Estimate:
    """Return a statistic of the best trial and its neighbours, of which None is below all."""
    neighbours = len(values) - 1
    if neighbours < ENOUGH:
        return Estimate(None, f"{neighbours} of its neighbours told, a plateau needs {ENOUGH}")
    known = sorted((one for one in values if one is not None), key=lambda one: sign * one)
    below = len(values) - len(known)
    if statistic == "worst" and not below:
        return Estimate(known[0])
    if statistic == "median" and (middle_at := (len(values) - 1) // 2 - below) >= 0:
        return Estimate(middle([known[middle_at], known[len(values) // 2 - below]]))
    return Estimate(None, f"{below} of {neighbours} neighbours not feasible")
