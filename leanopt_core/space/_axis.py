"""One searched parameter: a name and a finite list of exact values."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal, TypeAlias

from attrs import frozen

from leanopt_core.space import _checks as check
from leanopt_core.space._errors import AxisError, shown
from leanopt_core.space._grid import DecimalGrid, exact_table, grid_units
from leanopt_core.space._numbers import Value, decimal_of, kind_of, number_text, units_of
from leanopt_core.suggest import did_you_mean

AxisKind: TypeAlias = Literal["int", "float", "values", "choices"]

_SHOWN = 4


@frozen
class Axis:
    """A parameter that is searched; made by one of the four constructors.

    `values` holds its values in order, from level 0; grids make them when asked for, so an axis of
    10**12 levels costs no memory. Levels next to each other are neighbours where it is `ordered`.
    """

    name: str
    kind: AxisKind
    values: Sequence[Value]

    @classmethod
    def integers(cls, name: str, min: int, max: int, step: int = 1) -> Axis:  # noqa: A002
        """Return the axis of the ints `min, min + step, ...`, never past `max`.

        Raises AxisError where a number is not whole, min is above max or step is not above 0.
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

        Raises AxisError where a number is not exact and finite or has more than 30 digits on a
        side of the point, min is above max or step is not above 0.
        """
        given = {"min": min, "max": max, "step": step}
        low, high, by = (check.exact_number(name, key, number) for key, number in given.items())
        check.grid(check.name(name), low, high, by)
        return cls(name, "float", DecimalGrid(*grid_units(low, high, by)))

    @classmethod
    def listed(cls, name: str, values: Iterable[Decimal | int]) -> Axis:
        """Return the axis of irregular numbers that rise; all are Decimals where one of them is.

        Raises AxisError where `values` is empty, repeats a number (1 and 1.0 are one), does not
        rise, or holds anything but exact numbers.
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

        Raises AxisError where `values` is empty, two of them would reach an engine as the same
        text (1, 1.0 and "1"), or truth values are mixed with numbers.
        """
        exact = check.value_list(check.name(name), "choices", values)
        check.unambiguous(name, exact)
        return cls(name, "choices", tuple(exact))

    @property
    def ordered(self) -> bool:
        """Return whether levels next to each other are neighbours; only choices have no order."""
        return self.kind != "choices"

    def __len__(self) -> int:
        return len(self.values)

    def value(self, level: int) -> Value:
        """Return the value at `level`, 0 to len - 1; AxisError outside."""
        if not 0 <= level < len(self.values):
            raise AxisError(self.name, f"has levels 0 to {len(self) - 1}, found level {level}")
        return self.values[level]

    def level(self, value: Value) -> int:
        """Return the level of `value` (5 and 5.0 are the same); AxisError names the nearest."""
        exact = check.exact_value(self.name, "the value", value)
        if self.ordered and isinstance(exact, int | Decimal) and kind_of(exact) == "number":
            level = self.nearest_level(exact)
            if self.values[level] == exact:
                return level
            raise self._off(exact, f"the nearest is {number_text(self.values[level])}")
        for level, own in enumerate(self.values if not self.ordered else ()):
            if own == exact and kind_of(own) == kind_of(exact):
                return level
        texts = [] if self.ordered else [number_text(own) for own in self.values]
        raise self._off(exact, did_you_mean(number_text(exact), texts) or "a number is expected")

    def nearest_level(self, number: Decimal | int) -> int:
        """Return the level whose value is nearest, the lower of two; AxisError on choices."""
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
        return AxisError(self.name, f"{shown(value)} is none of its values {ends} ({hint})")
