"""The trials of a search as columns: levels, fitness, kind and stage, a byte or four of each."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any, Final

from attrs import define, field, frozen

from leanopt_core.api import Axis, Space, StoredSearch, StoredTrial, number_text
from leanopt_report._model import LARGEST

#: The kinds of trials, in the order of their codes.
KINDS: Final = ("feasible", "infeasible", "pruned", "without a fitness", "failed")
#: The level of a parameter that was inactive.
INACTIVE: Final = 255
#: More levels of a parameter share a bin.
_MOST: Final = 250


@frozen
class Bins:
    """The levels of an axis in at most 250 bins of equal size, named by their first level."""

    name: str
    labels: tuple[str, ...]
    size: int
    ordered: bool

    @classmethod
    def of(cls, axis: Axis) -> Bins:
        """Return the bins of an axis."""
        size = -(-len(axis) // _MOST)
        firsts = range(0, len(axis), size)
        labels = tuple(number_text(axis.value(level)) for level in firsts)
        return cls(axis.name, labels, size, axis.ordered)


@define
class Backtests:
    """The backtests that this run made for a search: seconds, end, and the worker of each."""

    seconds: array[float] = field(factory=lambda: array("d"))
    finished: array[int] = field(factory=lambda: array("q"))
    worker: array[int] = field(factory=lambda: array("i"))
    waited: array[float] = field(factory=lambda: array("d"))
    cached: int = 0
    retried: int = 0

    def add(self, trial: StoredTrial, run_id: int) -> None:
        """Take the backtests of a trial."""
        for one in trial.backtests.values():
            if one.run_id != run_id:
                self.cached += 1
                continue
            self.retried += one.attempts > 1
            if one.seconds is None:
                continue
            self.seconds.append(one.seconds)
            self.finished.append(one.finished_at)
            self.worker.append(one.worker or 0)
            if one.waited is not None:
                self.waited.append(one.waited)


@define
class Trials:
    """The told trials of a search: a row of each column is a trial.

    `fitness` is 0 where `known` is 0. `levels` has a column for each parameter's bins.
    """

    bins: tuple[Bins, ...]
    stages: tuple[str, ...]
    levels: tuple[array[int], ...]
    number: array[int] = field(factory=lambda: array("i"))
    fitness: array[float] = field(factory=lambda: array("f"))
    known: array[int] = field(factory=lambda: array("B"))
    kind: array[int] = field(factory=lambda: array("B"))
    stage: array[int] = field(factory=lambda: array("B"))
    backtests: Backtests = field(factory=Backtests)

    def columns(self) -> dict[str, array[Any]]:
        """Return the columns by name, those of the parameters as `level0` and so on."""
        own = {name: getattr(self, name) for name in ("number", "fitness", "known", "kind")}
        levels = {f"level{place}": column for place, column in enumerate(self.levels)}
        return {**own, "stage": self.stage, **levels}


def trials_of(
    space: Space, search: StoredSearch, run_id: int, trials: Iterable[StoredTrial]
) -> Trials:
    """Return the told trials of a search as columns."""
    bins = tuple(Bins.of(axis) for axis in space.axes)
    names = tuple(stage.name for stage in search.stages)
    found = Trials(bins, names, tuple(array("B") for _ in bins))
    stages = {stage.id: min(place, 255) for place, stage in enumerate(search.stages)}
    for trial in trials:
        if not trial.told:
            continue
        fitness = trial.fitness
        known = fitness is not None and abs(fitness) < LARGEST
        found.number.append(trial.number)
        found.fitness.append(fitness if known and fitness is not None else 0.0)
        found.known.append(known)
        found.kind.append(KINDS.index(kind_of(trial)))
        found.stage.append(stages[trial.stage_id])
        _add_levels(found, space, trial.grid_index)
        found.backtests.add(trial, run_id)
    return found


def _add_levels(found: Trials, space: Space, grid_index: int) -> None:
    point = space.point_at(grid_index)
    active: Sequence[bool] = space.active(point) if space.conditions else ()
    for place, (column, level) in enumerate(zip(found.levels, point, strict=True)):
        inactive = bool(active) and not active[place]
        column.append(INACTIVE if inactive else level // found.bins[place].size)


def kind_of(trial: StoredTrial) -> str:
    """Return which of `KINDS` a told trial is."""
    if trial.failure is not None:
        return "failed"
    if trial.violation:
        return "infeasible"
    if trial.fitness is None:
        return "without a fitness"
    return "feasible" if trial.pruned_at is None else "pruned"
