"""The parameter space: axes, fixed parameters, constraints; points and their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isnan, prod
from types import MappingProxyType
from typing import Any, get_args

from attrs import field, frozen

from leanopt_core.errors import SpaceError
from leanopt_core.space import _checks as check
from leanopt_core.space import _counting as counting
from leanopt_core.space import _terms as terms
from leanopt_core.space._axis import (
    Axis,
    axis_of_record,
    record_axis,
    record_value,
    value_of_record,
)
from leanopt_core.space._checks import AxisError, quoted, shown
from leanopt_core.space._constraint import ParameterConstraint
from leanopt_core.space._counting import Count, Rule
from leanopt_core.space._numbers import Value, kind_of
from leanopt_core.space._permutation import Permutation
from leanopt_core.space._points import Metric, Point, in_box, on_axes, on_grid, problem
from leanopt_core.suggest import did_you_mean


def _fixed(values: Mapping[str, Value]) -> Mapping[str, Value]:
    exact = {
        check.name(name): check.exact_value(name, "the value", value)
        for name, value in values.items()
    }
    return MappingProxyType(exact)


@frozen
class Space:
    """The searched `axes`, the `fixed` parameters passed on with them, and the `constraints`.

    Opening one costs nothing but its axes, however many points it has: `grid_size` is the product
    of their lengths, never counted. Raises AxisError where a name is used twice, ConstraintError
    where a constraint does not fit the parameters.
    """

    axes: tuple[Axis, ...] = field(converter=tuple[Axis, ...])
    fixed: Mapping[str, Value] = field(factory=dict, converter=_fixed, hash=False)
    constraints: tuple[ParameterConstraint, ...] = field(
        default=(), converter=tuple[ParameterConstraint, ...]
    )
    grid_size: int = field(init=False, eq=False)
    _sizes: tuple[int, ...] = field(init=False, eq=False, repr=False)
    _rules: tuple[Rule, ...] = field(init=False, eq=False, repr=False)
    _all_hold: terms.Check = field(init=False, eq=False, repr=False)

    @grid_size.default
    def _multiply(self) -> int:
        return prod(len(axis) for axis in self.axes)

    @_sizes.default
    def _measure(self) -> tuple[int, ...]:
        return tuple(len(axis) for axis in self.axes)

    @_rules.default
    def _compile(self) -> tuple[Rule, ...]:
        places = {axis.name: i for i, axis in enumerate(self.axes)}
        known = {axis.name: terms.of_axis(axis, i) for i, axis in enumerate(self.axes)}
        known |= {name: terms.of_value(value) for name, value in self.fixed.items()}
        return tuple(
            Rule(
                constraint,
                frozenset(places[name] for name in constraint.names if name in places),
                constraint.check(known),
            )
            for constraint in self.constraints
        )

    @_all_hold.default
    def _join(self) -> terms.Check:
        return terms.every([rule.holds for rule in self._rules])

    def __attrs_post_init__(self) -> None:
        names = [*(axis.name for axis in self.axes), *self.fixed]
        for name in names:
            if names.count(name) > 1:
                raise AxisError(name, "is given twice")

    def __reduce__(self) -> tuple[object, ...]:
        # Closures cannot be pickled: the copy compiles its own.
        return Space, (self.axes, dict(self.fixed), self.constraints)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the searched parameters' names, in the axes' order."""
        return tuple(axis.name for axis in self.axes)

    def axis(self, name: str) -> Axis:
        """Return the searched axis of that name; SpaceError names the nearest."""
        for axis in self.axes:
            if axis.name == name:
                return axis
        raise SpaceError(f"no searched parameter {quoted(name)}; {did_you_mean(name, self.names)}")

    def values(self, point: Point) -> dict[str, Value]:
        """Return each parameter's value: the searched ones in the axes' order, then the fixed.

        Raises SpaceError where the point is off the grid.
        """
        self.validate(point)
        pairs = zip(self.axes, point, strict=True)
        return {axis.name: axis.values[level] for axis, level in pairs} | dict(self.fixed)

    def point(self, values: Mapping[str, Value]) -> Point:
        """Return the point at which the searched parameters have these values.

        Fixed parameters may be among them, with their own value. Raises SpaceError naming what is
        missing, unknown, off the grid (with the nearest value) or unlike a fixed value.
        """
        known = {*self.names, *self.fixed}
        for name in values:
            if name not in known:
                raise SpaceError(f"no parameter {quoted(name)}; {did_you_mean(name, known)}")
        for name in self.names:
            if name not in values:
                raise AxisError(name, "has no value")
        for name, own in self.fixed.items():
            given = check.exact_value(name, "the value", values.get(name, own))
            if given != own or kind_of(given) != kind_of(own):
                raise AxisError(name, f"is fixed at {shown(own)}, found {shown(given)}")
        return tuple(axis.level(values[axis.name]) for axis in self.axes)

    def contains(self, point: object) -> bool:
        """Return whether `point` is on the grid: a tuple of one int level in range for each axis.

        Says nothing about constraints; that is `feasible`.
        """
        return on_grid(self._sizes, point)

    def validate(self, point: object) -> None:
        """Raise SpaceError, saying what is wrong, where `contains` is false."""
        if not on_grid(self._sizes, point):
            raise SpaceError(problem(self.axes, point))

    def grid_index(self, point: Point) -> int:
        """Return the point's number, 0 to grid_size - 1; the last axis runs fastest.

        Raises SpaceError where the point is off the grid.
        """
        self.validate(point)
        index = 0
        for size, level in zip(self._sizes, point, strict=True):
            index = index * size + level
        return index

    def point_at(self, grid_index: int) -> Point:
        """Return the point of that number; SpaceError outside 0 to grid_size - 1."""
        if not 0 <= grid_index < self.grid_size:
            last = self.grid_size - 1
            raise SpaceError(f"points are numbered 0 to {last}, found {shown(grid_index)}")
        levels = []
        for size in reversed(self._sizes):
            grid_index, level = divmod(grid_index, size)
            levels.append(level)
        return tuple(reversed(levels))

    def feasible(self, point: Point) -> bool:
        """Return whether all constraints hold at a point of the grid (which is not checked)."""
        return self._all_hold(point)

    def violated(self, point: Point) -> tuple[ParameterConstraint, ...]:
        """Return the constraints that do not hold; SpaceError where the point is off the grid."""
        self.validate(point)
        return tuple(rule.constraint for rule in self._rules if not rule.holds(point))

    def count(self, limit: int = 1_000_000, samples: int = 10_000) -> Count:
        """Return how many points are feasible, and whether that is exact, counted or estimated.

        Axes that no constraint mentions multiply, and so do sets of constraints that share no
        axis. Each such set visits at most `limit` partial points (about 0.5 s a million), then is
        estimated from `samples` points, the same every time. A value of 0 is a proof where it is
        "counted"; where it is "estimated" no sample was feasible. Raises SpaceError where limit is
        below 0 or samples below 1.
        """
        if limit < 0 or samples < 1:
            raise SpaceError("a count needs a limit of 0 or more and one sample or more")
        return counting.count(self._sizes, self._rules, limit, samples)

    def emptying(self, limit: int = 1_000_000) -> tuple[ParameterConstraint, ...]:
        """Return a minimal set of constraints that together leave no point, in the space's order.

        Minimal: without any one of them the emptiness is not proven within `limit` partial points.
        Empty where the space is not proven empty.
        """
        core = counting.emptying(self._sizes, self._rules, limit)
        return tuple(rule.constraint for rule in self._rules if any(rule is own for own in core))

    def neighbours(self, point: Point, radius: int = 1, metric: Metric = "axis") -> Iterator[Point]:
        """Return the feasible points within `radius` steps, without the point itself.

        `axis`: one parameter differs, the axes in their order, levels rising. `chebyshev`: any
        number of them do, by grid index. On a choices axis any other level is one step
        away. Raises SpaceError where the point is off the grid or radius or metric make no sense.
        """
        self.validate(point)
        if radius < 1:
            raise SpaceError(f"a radius is 1 or more, found {radius}")
        if metric not in get_args(Metric):
            hint = did_you_mean(metric, get_args(Metric))
            raise SpaceError(f"no metric {quoted(metric)}; {hint}")
        near = on_axes if metric == "axis" else in_box
        return filter(self.feasible, near(self.axes, point, radius))

    def sample(self, seed: int) -> Iterator[Point]:
        """Return the feasible points in a random order, each once, then end.

        Uniform: a keyed permutation of the whole grid, of which the infeasible points are left
        out. Memory does not grow; but a point costs (about 10 microseconds) x grid_size / feasible
        points, so ask `count` first where constraints leave little.
        """
        order = Permutation(self.grid_size, seed)
        points = (self.point_at(order(i)) for i in range(self.grid_size))
        return filter(self.feasible, points)

    def nearest(self, levels: Sequence[float]) -> Point:
        """Return the grid point nearest to real-valued `levels`: each clipped, then rounded.

        Halfway goes to the even level. It may be infeasible. Raises SpaceError where a level is NaN
        or their number is wrong.
        """
        if len(levels) != len(self.axes) or any(isnan(level) for level in levels):
            raise SpaceError(f"{len(self.axes)} levels are needed, each a number")
        pairs = zip(levels, self._sizes, strict=True)
        return tuple(min(round(min(max(level, 0), size - 1)), size - 1) for level, size in pairs)

    def to_dict(self) -> dict[str, object]:
        """Return the space as JSON types; equal grids, however written, give equal records."""
        return {
            "axes": [record_axis(axis) for axis in self.axes],
            "fixed": {name: record_value(self.fixed[name]) for name in sorted(self.fixed)},
            "constraints": [constraint.text for constraint in self.constraints],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Space:
        """Return the space that `to_dict` recorded; SpaceError where `data` is no such record."""
        try:
            axes = [axis_of_record(axis) for axis in data["axes"]]
            fixed = {name: value_of_record(value) for name, value in data["fixed"].items()}
            known = {axis.name: axis for axis in axes} | fixed
            constraints = [ParameterConstraint.parse(text, known) for text in data["constraints"]]
        except (AttributeError, ArithmeticError, KeyError, TypeError) as error:
            raise SpaceError(f"this is no record of a parameter space: {error!r}") from None
        return cls(axes, fixed, constraints)
