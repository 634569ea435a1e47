"""Read points that a user gives: values by parameter, on the grid of the space or off it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from attrs import frozen

from leanopt_core.errors import SpaceError
from leanopt_core.space import AxisError, Space, Value, number_text
from leanopt_core.suggest import did_you_mean


class PointError(SpaceError):
    """A point is not usable.

    Holds an AxisError for each name or value at fault, and the searched parameters without a value.
    """

    def __init__(self, faults: tuple[AxisError, ...], missing: tuple[str, ...]) -> None:
        self.faults = faults
        self.missing = missing
        lines = [*map(str, faults), *(f"parameter {name!r}: has no value" for name in missing)]
        super().__init__("\n".join(lines))


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
    """Return the point with the values `given`; fixed parameters may be left out.

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
    missing = tuple(name for name in space.names if name not in given)
    values: dict[str, Value] = {}
    for name in (*space.names, *space.fixed):
        try:
            if name in given:
                values[name] = _exact(space, name, given[name])
            elif name in space.fixed:
                values[name] = space.fixed[name]
        except AxisError as error:
            faults.append(error)
    if faults or missing:
        raise PointError(tuple(faults), missing)
    off = dict(_off(space, values))
    broken = tuple(one.text for one in space.constraints if not one.holds(values))
    return GivenPoint(values, off, broken)


def _exact(space: Space, name: str, given: object) -> Value:
    """Return a value as the axis has it, else exactly; raises AxisError for none."""
    if not isinstance(given, bool | int | Decimal | str):
        raise AxisError(name, f"expected a number, a text, true or false, found {given!r}")
    exact = Space((), {name: given}).fixed[name]
    if name in space.fixed:
        return exact
    axis = space.axis(name)
    if not axis.ordered:
        text = number_text(exact)
        return next((own for own in axis.values if number_text(own) == text), exact)
    if isinstance(exact, str | bool):
        raise AxisError(name, f"expected a number, found {number_text(exact)!r}")
    near = axis.value(axis.nearest_level(exact))
    return near if near == exact else exact


def _off(space: Space, values: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """Yield the parameters whose value is not one of the pipeline's, and why."""
    for axis in space.axes:
        try:
            axis.level(values[axis.name])
        except AxisError as error:
            yield axis.name, error.problem
    for name, own in space.fixed.items():
        if number_text(values[name]) != number_text(own):
            yield name, f"the pipeline has {number_text(own)}"
