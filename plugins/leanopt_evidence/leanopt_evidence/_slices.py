"""Slices of the told trials: the median fitness by the values of one or two parameters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from attrs import frozen

from leanopt_core.api import number_text
from leanopt_evidence._importance import Bools
from leanopt_evidence._inputs import Floats, Ints

if TYPE_CHECKING:
    from leanopt_core.api import Axis

#: A longer axis is shown in groups of adjacent values, of equal numbers of levels.
GROUPS: Final = 20


@frozen
class Group:
    """Trials with one value of a parameter, or with adjacent ones from `low` to `high`.

    `trials` counts all told ones, `feasible` those with a fitness and no violation. `median` and
    `best` are the fitness of the feasible ones, None if there is none.
    """

    low: str
    high: str
    trials: int
    feasible: int
    median: float | None
    best: float | None


@frozen
class Slice:
    """The groups of a parameter in the order of its values; groups without a trial are left out.

    `inactive` is the number of trials in which the parameter does not count.
    """

    parameter: str
    groups: tuple[Group, ...]
    inactive: int


@frozen
class Cell:
    """Trials with values from two groups: `x` and `y` are the places of these in `xs` and `ys`."""

    x: int
    y: int
    trials: int
    feasible: int
    median: float | None


@frozen
class Pair:
    """The medians by two parameters as a grid; cells without a trial are left out.

    `xs` and `ys` are the groups of each: the lowest and the highest value.
    """

    x: str
    y: str
    xs: tuple[tuple[str, str], ...]
    ys: tuple[tuple[str, str], ...]
    cells: tuple[Cell, ...]


@frozen(eq=False)
class Grouped:
    """The trials in which an axis counts, by group: `place` is -1 for the others."""

    axis: Axis
    place: Ints
    ends: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, axis: Axis, levels: Ints, active: Bools) -> Grouped:
        """Return the groups of an axis, by the trials' levels on it."""
        place = np.full(len(levels), -1)
        known = levels[active]
        if not len(known):
            return cls(axis, place, ())
        low, span = int(known.min()), int(np.ptp(known)) + 1
        raw = known - low
        if axis.ordered and span > GROUPS:
            # In whole numbers: a level times the groups can be beyond 64 bits.
            raw = raw // (-(-span // GROUPS))
        _, inverse = np.unique(raw, return_inverse=True)
        place[active] = inverse
        ends = []
        for group in range(int(inverse.max()) + 1):
            inside = known[inverse == group]
            first, last = (axis.value(int(level)) for level in (inside.min(), inside.max()))
            ends.append((number_text(first), number_text(last)))
        return cls(axis, place, tuple(ends))


def slice_of(grouped: Grouped, fitness: Floats, sign: int) -> Slice:
    """Return the slice of one parameter; `fitness` is NaN where a trial is not feasible."""
    counted = np.flatnonzero(grouped.place >= 0)
    found = []
    for group, (low, high) in enumerate(grouped.ends):
        values = fitness[grouped.place == group]
        known = values[~np.isnan(values)]
        best = sign * float((sign * known).max()) if len(known) else None
        found.append(Group(low, high, len(values), len(known), middle(known), best))
    return Slice(grouped.axis.name, tuple(found), len(fitness) - len(counted))


def pair_of(x: Grouped, y: Grouped, fitness: Floats) -> Pair:
    """Return the grid of two parameters, of the trials in which both count."""
    rows = np.flatnonzero((x.place >= 0) & (y.place >= 0))
    cell = x.place[rows] * max(1, len(y.ends)) + y.place[rows]
    rows, cell = rows[order := np.argsort(cell, kind="stable")], cell[order]
    firsts = np.flatnonzero(np.diff(cell, prepend=-1)).tolist()
    found = []
    for first, end in pairwise([*firsts, len(rows)]):
        values = fitness[rows[first:end]]
        known = values[~np.isnan(values)]
        at = int(x.place[rows[first]]), int(y.place[rows[first]])
        found.append(Cell(*at, len(values), len(known), middle(known)))
    return Pair(x.axis.name, y.axis.name, x.ends, y.ends, tuple(found))


def middle(values: Floats | Sequence[float]) -> float | None:
    """Return the median, None without values."""
    if not len(values):
        return None
    ordered = np.sort(values)
    lower, upper = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    # Halved first: the sum of two large values may be infinite.
    return float(lower) if lower == upper else float(lower / 2 + upper / 2)
