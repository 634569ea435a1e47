"""Read points that a user gives: values by parameter, on the grid of the space or off it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Self

from attrs import frozen

from leanopt_core.errors import SpaceError
from leanopt_core.pipeline.toml import toml_text
from leanopt_core.space import AxisError, Point, Space, Value, number_text
from leanopt_core.suggest import did_you_mean


class PointError(SpaceError):
    """A point is not usable.

    Holds an AxisError for each name or value at fault, the searched parameters without a value, and
    the constraints between parameters that do not hold.
    """

    def __init__(
        self,
        faults: tuple[AxisError, ...] = (),
        missing: tuple[str, ...] = (),
        broken: tuple[str, ...] = (),
    ) -> None:
        self.faults = faults
        self.missing = missing
        self.broken = broken
        lines = [
            *map(str, faults),
            *(f"parameter {name!r}: has no value" for name in missing),
            *(f"it breaks the constraint {text}" for text in broken),
        ]
        super().__init__("\n".join(lines))

    @classmethod
    def of(cls, off: Mapping[str, str], broken: tuple[str, ...] = ()) -> Self:
        """Return the error for values that are not the pipeline's, each with its reason."""
        return cls(tuple(AxisError(name, why) for name, why in off.items()), broken=broken)

    def problems(self, given: Mapping[str, object]) -> Iterator[tuple[str | None, str, str]]:
        """Yield what is wrong with the values `given`: the parameter, what was found, the problem.

        A broken constraint has no parameter, and nothing was found for it.
        """
        for fault in self.faults:
            found = toml_text(given[fault.name]) if fault.name in given else "nothing"
            yield fault.name, found, fault.problem.removeprefix(f"{found} is ")
        for name in self.missing:
            yield name, "nothing", "expected a value for each searched parameter"
        for text in self.broken:
            yield None, "", f"breaks the constraint {text}"


@frozen
class GivenPoint:
    """A value for each parameter, searched ones first.

    `off` says by name which value is not one of the pipeline's, and why; `broken` are the
    constraints between parameters that do not hold.
    """

    values: Mapping[str, Value]
    off: Mapping[str, str]
    broken: tuple[str, ...]


def read_point(space: Space, given: Mapping[str, object]) -> GivenPoint:
    """Return the point with the values `given`; fixed and inactive parameters may be left out.

    A value that a grid has is given back as the grid has it. Raises PointError for names that are
    no parameter, for searched parameters without a value, and for values that no parameter can
    have.
    """
    known = {*space.names, *space.fixed}
    faults = [
        AxisError(name, f"unknown parameter ({did_you_mean(name, known)})")
        for name in given
        if name not in known
    ]
    values: dict[str, Value] = {}
    for name in (*space.names, *space.fixed):
        try:
            values[name] = _exact(space, name, given[name]) if name in given else _own(space, name)
        except AxisError as error:
            faults.append(error)
    absent = {name for name in space.names if name not in given}
    rules = space.conditions
    always = tuple(name for name in space.names if name not in rules)
    # Whether a condition holds is not known if a value is at fault.
    active = always if faults else _active(space, values)
    missing = tuple(name for name in active if name in absent)
    if faults or missing:
        raise PointError(tuple(faults), missing)
    broken = tuple(one.text for one in space.constraints if not one.holds(values))
    return GivenPoint(values, dict(_off(space, values, active)), broken)


def grid_point(space: Space, given: Mapping[str, object]) -> Point:
    """Return the feasible point of the grid with the values `given`.

    Raises PointError as `read_point` does, and for a point that is off the grid or not feasible.
    """
    read = read_point(space, given)
    if read.off or read.broken:
        raise PointError.of(read.off, read.broken)
    return space.point(read.values)


def _own(space: Space, name: str) -> Value:
    """Return the value of a parameter that is not given: its fixed or its first one."""
    return space.fixed[name] if name in space.fixed else space.axis(name).value(0)


def _exact(space: Space, name: str, given: object) -> Value:
    """Return a value as the axis has it, else exactly; raises AxisError for none."""
    if not isinstance(given, bool | int | Decimal | str):
        raise AxisError(name, "expected a number, a text, true or false")
    exact = Space((), {name: given}).fixed[name]
    if name in space.fixed:
        return exact
    axis = space.axis(name)
    if not axis.ordered:
        text = number_text(exact)
        return next((own for own in axis.values if number_text(own) == text), exact)
    if isinstance(exact, str | bool):
        raise AxisError(name, "expected a number")
    near = axis.value(axis.nearest_level(exact))
    return near if near == exact else exact


def _active(space: Space, values: Mapping[str, Value]) -> tuple[str, ...]:
    """Return the searched parameters whose value counts."""
    inactive = space.inactive(values)
    return tuple(name for name in space.names if name not in inactive)


def _off(
    space: Space, values: Mapping[str, Value], active: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Yield the parameters whose value is not one of the pipeline's, and why."""
    for axis in space.axes:
        value, first = values[axis.name], axis.value(0)
        if axis.name not in active:
            if value != first:
                condition = space.conditions[axis.name].text
                yield axis.name, f"it is inactive, expected {number_text(first)} (when {condition})"
            continue
        try:
            axis.level(value)
        except AxisError as error:
            yield axis.name, error.problem
    for name, own in space.fixed.items():
        if number_text(values[name]) != number_text(own):
            yield name, f"the pipeline has {number_text(own)}"
