"""One searched parameter: a name and a finite list of exact values, and its JSON record."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, TypeAlias, cast, overload

from attrs import evolve, frozen

from leanopt_core.space import _checks as check
from leanopt_core.space._checks import AxisError, shown
from leanopt_core.space._log import log_values
from leanopt_core.space._numbers import (
    Kind,
    Value,
    decimal_of,
    kind_of,
    number_text,
    units_at,
    units_of,
)
from leanopt_core.suggest import did_you_mean


@frozen
class DecimalGrid(Sequence[Decimal]):
    """The decimals `units[i] / 10**places`, made on access; `units` is an increasing range."""

    units: range
    places: int

    def __len__(self) -> int:
        return len(self.units)

    @overload
    def __getitem__(self, index: int) -> Decimal: ...
    @overload
    def __getitem__(self, index: slice) -> DecimalGrid: ...
    def __getitem__(self, index: int | slice) -> Decimal | DecimalGrid:
        if isinstance(index, slice):
            return DecimalGrid(self.units[index], self.places)
        return decimal_of(self.units[index], self.places)


def grid_units(low: int | Decimal, high: int | Decimal, step: int | Decimal) -> tuple[range, int]:
    """Return (units, places) of the grid `low + i*step <= high`, with the fewest places."""
    places = max(units_of(number)[1] for number in (low, high, step))
    first, last, stride = (units_at(number, places) for number in (low, high, step))
    units = range(first, last + 1, stride)
    own = max(units_of(number)[1] for number in ((low, step) if len(units) > 1 else (low,)))
    spare = 10 ** (places - own)
    return range(first // spare, units[-1] // spare + 1, max(stride // spare, 1)), own


def kinds_of(values: Sequence[Value]) -> frozenset[Kind]:
    """Return the kinds of the values of one axis."""
    listed = values if isinstance(values, tuple) else values[:1]
    return frozenset(kind_of(value) for value in listed)


def exact_table(values: Sequence[Value]) -> tuple[Sequence[int], int]:
    """Return (table, scale) of an axis of numbers: value = table[level] / scale, exactly."""
    if isinstance(values, range):
        return values, 1
    if isinstance(values, DecimalGrid):
        return values.units, 10**values.places
    numbers = cast("Sequence[int | Decimal]", values)
    places = max(units_of(number)[1] for number in numbers)
    return tuple(units_at(number, places) for number in numbers), 10**places


AxisKind: TypeAlias = Literal["int", "float", "values", "choices", "log"]

_SHOWN = 4


@frozen
class Axis:
    """A searched parameter; made by one of the five constructors.

    `values` holds its values in order, from level 0; grids make them on access, so an axis of
    10**12 levels costs no memory. If the axis is `ordered`, adjacent levels are neighbours.
    """

    name: str
    kind: AxisKind
    values: Sequence[Value]

    @classmethod
    def integers(cls, name: str, min: int, max: int, step: int = 1) -> Axis:  # noqa: A002
        """Return the axis of the ints `min, min + step, ...`, never past `max`.

        Raises AxisError if a number is not whole, min is above max or step is not above 0.
        """
        given = {"min": min, "max": max, "step": step}
        low, high, by = (check.whole_number(name, key, number) for key, number in given.items())
        check.grid(check.name(name), low, high, by)
        return cls(name, "int", range(low, high + 1, by))

    @classmethod
    def decimals(
        cls,
        name: str,
        min: Decimal | int,  # noqa: A002
        max: Decimal | int,  # noqa: A002
        step: Decimal | int,
    ) -> Axis:
        """Return the axis of the Decimals `min, min + step, ...`, exact and never past `max`.

        Raises AxisError if a number is not exact and finite or has more than 30 digits before or
        after the point, min is above max or step is not above 0.
        """
        given = {"min": min, "max": max, "step": step}
        low, high, by = (check.exact_number(name, key, number) for key, number in given.items())
        check.grid(check.name(name), low, high, by)
        return cls(name, "float", DecimalGrid(*grid_units(low, high, by)))

    @classmethod
    def logarithmic(
        cls,
        name: str,
        min: Decimal | int,  # noqa: A002
        max: Decimal | int,  # noqa: A002
        levels: int,
    ) -> Axis:
        """Return the axis of `levels` numbers whose logarithms are evenly spaced.

        The first is `min` and the last is `max`. Those between are rounded to 4 significant digits,
        and to whole numbers if `min` and `max` are ints; of equal ones it has one, so it can have
        fewer levels. Raises AxisError if min or max is not exact and above 0, min is above max, or
        levels is not from 2 to 10,000.
        """
        given = {"min": min, "max": max}
        low, high = (check.exact_number(name, key, number) for key, number in given.items())
        check.log_scale(check.name(name), low, high, levels)
        return evolve(cls.listed(name, log_values(low, high, levels)), kind="log")

    @classmethod
    def listed(cls, name: str, values: Iterable[Decimal | int]) -> Axis:
        """Return the axis of increasing numbers; all are Decimals if one of them is.

        Raises AxisError if `values` is empty, repeats a number (1 and 1.0 are equal), does not
        increase, or holds anything but exact numbers.
        """
        exact = check.value_list(check.name(name), "values", values)
        numbers = [check.exact_number(name, f"values[{i}]", v) for i, v in enumerate(exact)]
        check.rising(name, numbers)
        if any(isinstance(number, Decimal) for number in numbers):
            numbers = [decimal_of(*units_of(number)) for number in numbers]
        return cls(name, "values", tuple(numbers))

    @classmethod
    def choices(cls, name: str, values: Iterable[Value]) -> Axis:
        """Return the axis of unordered texts, numbers or truth values.

        Raises AxisError if `values` is empty, an engine would receive two of them as the same text
        (1, 1.0 and "1"), or truth values are mixed with numbers.
        """
        exact = check.value_list(check.name(name), "choices", values)
        check.unambiguous(name, exact)
        return cls(name, "choices", tuple(exact))

    @property
    def ordered(self) -> bool:
        """Return whether adjacent levels are neighbours; only choices are unordered."""
        return self.kind != "choices"

    def __len__(self) -> int:
        return len(self.values)

    def value(self, level: int) -> Value:
        """Return the value at `level`, 0 to len - 1; raises AxisError outside."""
        if not 0 <= level < len(self.values):
            raise AxisError(self.name, f"has levels 0 to {len(self) - 1}, found level {level}")
        return self.values[level]

    def level(self, value: Value) -> int:
        """Return the level of `value` (5 and 5.0 are equal); AxisError names the nearest."""
        exact = check.exact_value(self.name, "the value", value)
        if self.ordered and isinstance(exact, int | Decimal) and kind_of(exact) == "number":
            level = self.nearest_level(exact)
            if self.values[level] == exact:
                return level
            raise self._off(exact, f"nearest: {number_text(self.values[level])}")
        for level, own in enumerate(self.values if not self.ordered else ()):
            if own == exact and kind_of(own) == kind_of(exact):
                return level
        texts = [] if self.ordered else [number_text(own) for own in self.values]
        raise self._off(exact, did_you_mean(number_text(exact), texts) or "expected a number")

    def nearest_level(self, number: Decimal | int) -> int:
        """Return the level with the nearest value, the lower of two; AxisError for choices."""
        if not self.ordered:
            raise AxisError(self.name, "choices have no nearest value")
        units, places = units_of(check.exact_number(self.name, "the value", number))
        table, scale = exact_table(self.values)
        target, unit = units * scale, 10**places
        above = bisect_left(table, target, key=lambda own: own * unit)
        beside = range(max(above - 1, 0), min(above + 1, len(table)))
        return min(beside, key=lambda level: abs(table[level] * unit - target))

    def _off(self, value: Value, hint: str) -> AxisError:
        some = [shown(own) for own in self.values[:_SHOWN]]
        if len(self) > _SHOWN:
            some[-1] = f"... {shown(self.values[-1])}"
        ends = ", ".join(some)
        return AxisError(self.name, f"{shown(value)} is not among its values {ends} ({hint})")


def record_value(value: Value) -> object:
    """Return a text, int or bool unchanged, a Decimal as `{"decimal": "0.1"}`."""
    return {"decimal": number_text(value)} if isinstance(value, Decimal) else value


def value_of_record(record: Any) -> Value:
    """Return the value that `record_value` recorded."""
    value: Value = Decimal(record["decimal"]) if isinstance(record, Mapping) else record
    return value


def record_axis(axis: Axis) -> dict[str, object]:
    """Return a grid as its ends and step (if it has one), another axis as its values."""
    named: dict[str, object] = {"name": axis.name, "kind": axis.kind}
    step = _step(axis)
    if step is None:
        return named | {"values": [record_value(value) for value in axis.values]}
    ends = {"min": record_value(axis.values[0]), "max": record_value(axis.values[-1])}
    return named | ends | ({"step": record_value(step)} if len(axis) > 1 else {})


def axis_of_record(record: Mapping[str, Any]) -> Axis:
    """Return the axis that `record_axis` recorded; raises KeyError or SpaceError otherwise."""
    name, kind = record["name"], record["kind"]
    if kind in ("int", "float"):
        make_grid: Callable[..., Axis] = Axis.integers if kind == "int" else Axis.decimals
        low, high, step = record["min"], record["max"], record.get("step", 1)
        return make_grid(name, value_of_record(low), value_of_record(high), value_of_record(step))
    values = [value_of_record(value) for value in record["values"]]
    if kind == "choices":
        return Axis.choices(name, values)
    if kind not in ("values", "log"):
        raise KeyError(kind)
    return evolve(Axis.listed(name, cast("list[int | Decimal]", values)), kind=kind)


def _step(axis: Axis) -> int | Decimal | None:
    match axis.values:
        case range() as values:
            return values.step
        case DecimalGrid() as values:
            return decimal_of(values.units.step, values.places)
    return None
