"""The parameter space: axes, fixed parameters, constraints; points and their indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isnan, prod
from operator import mul
from types import MappingProxyType
from typing import Any, get_args

from attrs import field, frozen

from leanopt_core.errors import SpaceError
from leanopt_core.space import _checks as check
from leanopt_core.space import _conditions as conditional
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
from leanopt_core.space._counting import Condition, Count, Rule
from leanopt_core.space._feasible import Feasible
from leanopt_core.space._numbers import Value, kind_of
from leanopt_core.space._permutation import Permutation
from leanopt_core.space._points import (
    Metric,
    Point,
    in_box,
    on_axes,
    on_grid,
    on_ordered_axes,
    problem,
)
from leanopt_core.space._settled import settled
from leanopt_core.space._sparse import Sampling
from leanopt_core.suggest import did_you_mean

_NEAR: Mapping[Metric, Callable[[Sequence[Axis], Point, int], Iterator[Point]]] = MappingProxyType(
    {"axis": on_axes, "chebyshev": in_box, "steps": on_ordered_axes}
)


def _fixed(values: Mapping[str, Value]) -> Mapping[str, Value]:
    exact = {
        check.name(name): check.exact_value(name, "the value", value)
        for name, value in values.items()
    }
    return MappingProxyType(exact)


def _unchanging(
    conditions: Mapping[str, ParameterConstraint],
) -> Mapping[str, ParameterConstraint]:
    return MappingProxyType(dict(conditions))


@frozen
class Space:
    """The searched `axes`, the `fixed` parameters, the `constraints` and the `conditions`.

    The cost depends on the axes, not on the number of points: `grid_size` is the product of their
    lengths. A parameter with a condition is active only where it holds; elsewhere only points with
    its first value are feasible. A comparison in a condition that reads an inactive parameter is
    neither true nor false. Raises AxisError if a name is used twice or a condition belongs to no
    axis or depends on itself, ConstraintError if a constraint does not fit the parameters.
    """

    axes: tuple[Axis, ...] = field(converter=tuple[Axis, ...])
    fixed: Mapping[str, Value] = field(factory=dict, converter=_fixed, hash=False)
    constraints: tuple[ParameterConstraint, ...] = field(
        default=(), converter=tuple[ParameterConstraint, ...]
    )
    conditions: Mapping[str, ParameterConstraint] = field(
        factory=dict, converter=_unchanging, hash=False
    )
    grid_size: int = field(init=False, eq=False)
    _sizes: tuple[int, ...] = field(init=False, eq=False, repr=False)
    # By how much a step on each axis changes the grid index.
    _strides: tuple[int, ...] = field(init=False, eq=False, repr=False)
    _conditional: tuple[Condition, ...] = field(init=False, eq=False, repr=False)
    _rules: tuple[Rule, ...] = field(init=False, eq=False, repr=False)
    _all_hold: terms.Check = field(init=False, eq=False, repr=False)
    _drawn: Feasible = field(init=False, eq=False, repr=False)

    @grid_size.default
    def _multiply(self) -> int:
        return prod(len(axis) for axis in self.axes)

    @_sizes.default
    def _measure(self) -> tuple[int, ...]:
        return tuple(len(axis) for axis in self.axes)

    @_strides.default
    def _stride(self) -> tuple[int, ...]:
        return tuple(prod(self._sizes[at + 1 :]) for at in range(len(self._sizes)))

    @_conditional.default
    def _depend(self) -> tuple[Condition, ...]:
        return conditional.conditions_of(self.axes, self.fixed, self.conditions)

    @_rules.default
    def _compile(self) -> tuple[Rule, ...]:
        constraints = counting.rules_of(self.axes, self.fixed, self.constraints)
        return (*constraints, *self._conditional)

    @_all_hold.default
    def _join(self) -> terms.Check:
        return terms.every([rule.holds for rule in self._rules])

    @_drawn.default
    def _draw(self) -> Feasible:
        return Feasible(
            *(self.axes, self.fixed, self.constraints, self._conditional),
            sizes=self._sizes,
            holds=self._all_hold,
        )

    def __attrs_post_init__(self) -> None:
        names = [*(axis.name for axis in self.axes), *self.fixed]
        for name in names:
            if names.count(name) > 1:
                raise AxisError(name, "is defined twice")

    def __reduce__(self) -> tuple[object, ...]:
        # Closures cannot be pickled: the copy compiles them again.
        return Space, (self.axes, dict(self.fixed), self.constraints, dict(self.conditions))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the searched parameters' names, in the axes' order."""
        return tuple(axis.name for axis in self.axes)

    def axis(self, name: str) -> Axis:
        """Return the searched axis of this name; SpaceError suggests the closest name."""
        for axis in self.axes:
            if axis.name == name:
                return axis
        raise SpaceError(f"no searched parameter {quoted(name)}; {did_you_mean(name, self.names)}")

    def values(self, point: Point) -> dict[str, Value]:
        """Return each parameter's value: searched ones in the axes' order, then fixed ones.

        Raises SpaceError if the point is off the grid.
        """
        self.validate(point)
        pairs = zip(self.axes, point)  # noqa: B905 - equally long, and every trial needs its values
        found = {axis.name: axis.values[level] for axis, level in pairs}
        return {**found, **self.fixed} if self.fixed else found

    def point(self, values: Mapping[str, Value]) -> Point:
        """Return the point at which the searched parameters have these values.

        Fixed parameters may be included, with their fixed value. Raises SpaceError naming what is
        missing, unknown, off the grid (with the nearest value) or different from a fixed value.
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
        """Return whether `point` is on the grid: a tuple with one int level in range per axis.

        Constraints are not checked; see `feasible`.
        """
        return on_grid(self._sizes, point)

    def validate(self, point: object) -> None:
        """Raise SpaceError with the reason if `contains` is false."""
        if not on_grid(self._sizes, point):
            raise SpaceError(problem(self.axes, point))

    def grid_index(self, point: Point) -> int:
        """Return the point's grid index, 0 to grid_size - 1; the last axis varies fastest.

        Raises SpaceError if the point is off the grid.
        """
        self.validate(point)
        return sum(map(mul, self._strides, point))

    def point_at(self, grid_index: int) -> Point:
        """Return the point of a grid index; raises SpaceError outside 0 to grid_size - 1."""
        if not 0 <= grid_index < self.grid_size:
            last = self.grid_size - 1
            raise SpaceError(f"points are numbered 0 to {last}, found {shown(grid_index)}")
        levels = []
        for stride in self._strides:
            level, grid_index = divmod(grid_index, stride)
            levels.append(level)
        return tuple(levels)

    def feasible(self, point: Point) -> bool:
        """Return whether all constraints hold and inactive parameters have their first value.

        Does not check that the point is on the grid.
        """
        return self._all_hold(point)

    def active(self, point: Point) -> tuple[bool, ...]:
        """Return whether each axis is active at a point, which must be on the grid."""
        return conditional.active(self._conditional, point)

    def inactive(self, values: Mapping[str, Value]) -> tuple[str, ...]:
        """Return the parameters that are inactive at these values, which may be off the grid.

        `values` are of all parameters. Raises SpaceError if a condition needs one that is missing.
        """
        whole = self._conditional
        return tuple(self.names[one.of] for one in whole if not one.constraint.holds(values))

    def canonical(self, point: Point) -> Point:
        """Return a point with inactive parameters at their first value; it must be on the grid.

        Points that differ in these only are one. The result can still violate a constraint.
        """
        return conditional.canonical(self._conditional, point) if self._conditional else point

    def controllers_first(self, names: Iterable[str]) -> list[str]:
        """Return names of axes in this order, but each after those that its condition reads.

        These are in the result as well. Without conditions the order stays.
        """
        return conditional.controllers_first(names, self.conditions, self.names)

    def violated(self, point: Point) -> tuple[ParameterConstraint, ...]:
        """Return the violated constraints; raises SpaceError if the point is off the grid.

        Conditions are none: `canonical` tells whether they are kept.
        """
        self.validate(point)
        rules = self._rules[: len(self.constraints)]
        return tuple(rule.constraint for rule in rules if not rule.holds(point))

    def count(self, limit: int = 1_000_000, samples: int = 10_000) -> Count:
        """Return the number of feasible points, and whether it is exact, counted or estimated.

        The counts of axes without constraints, and of groups of constraints that share no axis,
        are multiplied. Each group visits at most `limit` partial points (about 0.5 s per million);
        beyond that it is estimated from `samples` points, the same on every call. A counted 0 is a
        proof; an estimated 0 means that no sample was feasible. Raises SpaceError if limit is below
        0 or samples below 1.
        """
        if limit < 0 or samples < 1:
            raise SpaceError("count: expected a limit of 0 or more and at least one sample")
        base = self._drawn.base
        if base is None:
            return counting.count(self._sizes, self._rules, limit, samples)
        whole = self._drawn.listed(limit)
        if not whole.searches:
            return Count(whole.size, "counted", whole.size, whole.size)
        return counting.estimate(base.size, base.ranked, self._all_hold, samples)

    def emptying(self, limit: int = 1_000_000) -> tuple[ParameterConstraint, ...]:
        """Return a minimal set of constraints that together leave no point, in the space's order.

        Minimal: without any one of them, `limit` partial points do not prove the space empty.
        The result is empty if the space is not proven empty.
        """
        core = counting.emptying(self._sizes, self._rules, limit)
        return tuple(rule.constraint for rule in self._rules if any(rule is own for own in core))

    def settled(self) -> dict[str, bool]:
        """Return the parameters that are active at all feasible points (true) or at none (false).

        Those whose condition reads fixed parameters only are left out, and so are those of which
        neither is proven. The first points of a sample are looked at before anything is counted.
        """
        found = settled(self._conditional, self.sample(0), self._drawn.listed)
        return {self.names[axis]: always for axis, always in found.items()}

    def neighbours(self, point: Point, radius: int = 1, metric: Metric = "axis") -> Iterator[Point]:
        """Return the feasible points within `radius` steps, without the point itself.

        `axis`: one parameter differs; in the order of axes, then levels. `chebyshev`: any number of
        parameters differ; in the order of grid indexes. On a choices axis all other levels are one
        step away. `steps`: as `axis`, but no choice differs; nearer levels come first. Where a
        change makes a parameter inactive, that takes its first value, however far away. Raises
        SpaceError if the point is off the grid or radius or metric is not valid.
        """
        self.validate(point)
        if radius < 1:
            raise SpaceError(f"radius must be 1 or more, found {radius}")
        if metric not in get_args(Metric):
            hint = did_you_mean(metric, get_args(Metric))
            raise SpaceError(f"no metric {quoted(metric)}; {hint}")
        near = _NEAR[metric]
        own = self.canonical(point)
        others = near(self.axes, own, radius)
        if self._conditional:
            others = conditional.distinct(self._conditional, own, others)
        return filter(self.feasible, others)

    @property
    def sampling(self) -> Sampling:
        """How `sample` finds feasible points; the first time this can take some seconds."""
        return self._drawn.sampling

    def sample(self, seed: int) -> Iterator[Point]:
        """Yield every feasible point once, in a random order; see `sampling`.

        The order is a keyed permutation of the whole grid; infeasible points are skipped. Memory
        is constant. A point costs about 10 microseconds x grid_size / feasible points. If fewer
        than one point in 10,000 is feasible, they are counted and permuted, or searched for. With
        conditions, the permuted points are the canonical ones.
        """
        if (drawn := self._drawn.points(seed)) is not None:
            return drawn
        order = Permutation(self.grid_size, seed)
        points = (self.point_at(order(i)) for i in range(self.grid_size))
        return filter(self.feasible, points) if self._rules else points

    def nearest(self, levels: Sequence[float]) -> Point:
        """Return the grid point nearest to real-valued `levels`: each is clipped, then rounded.

        Halves round to the even level. The point may be infeasible or not canonical. Raises
        SpaceError if a level is NaN or the number of levels is wrong.
        """
        if len(levels) != len(self.axes) or any(isnan(level) for level in levels):
            raise SpaceError(f"expected {len(self.axes)} levels, each a number")
        pairs = zip(levels, self._sizes, strict=True)
        return tuple(min(round(min(max(level, 0), size - 1)), size - 1) for level, size in pairs)

    def to_dict(self) -> dict[str, object]:
        """Return the space as JSON values; equal grids give equal records."""
        record: dict[str, object] = {
            "axes": [record_axis(axis) for axis in self.axes],
            "fixed": {name: record_value(self.fixed[name]) for name in sorted(self.fixed)},
            "constraints": [constraint.text for constraint in self.constraints],
        }
        texts = {name: self.conditions[name].text for name in sorted(self.conditions)}
        return {**record, "conditions": texts} if texts else record

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Space:
        """Return the space that `to_dict` recorded; raises SpaceError for other data."""
        try:
            axes = [axis_of_record(axis) for axis in data["axes"]]
            fixed = {name: value_of_record(value) for name, value in data["fixed"].items()}
            known = {axis.name: axis for axis in axes} | fixed
            constraints = [ParameterConstraint.parse(text, known) for text in data["constraints"]]
            texts = data.get("conditions", {}).items()
            conditions = {name: ParameterConstraint.parse(text, known) for name, text in texts}
        except (AttributeError, ArithmeticError, KeyError, TypeError) as error:
            raise SpaceError(f"not a record of a parameter space: {error!r}") from None
        return cls(axes, fixed, constraints, conditions)
