"""Regular grids that hold their ends, not their values, and the exact integers behind any axis."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import cast, overload

from attrs import frozen

from leanopt_core.space._numbers import Kind, Value, decimal_of, kind_of, units_at, units_of


@frozen
class DecimalGrid(Sequence[Decimal]):
    """The decimals `units[i] / 10**places`, made when asked for; `units` is a rising range."""

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
    """Return (units, places) of the grid `low + i*step <= high`, places as few as possible."""
    places = max(units_of(number)[1] for number in (low, high, step))
    first, last, stride = (units_at(number, places) for number in (low, high, step))
    units = range(first, last + 1, stride)
    own = max(units_of(number)[1] for number in ((low, step) if len(units) > 1 else (low,)))
    spare = 10 ** (places - own)
    return range(first // spare, units[-1] // spare + 1, max(stride // spare, 1)), own


def kinds_of(values: Sequence[Value]) -> frozenset[Kind]:
    """Return which kinds the values of one axis are of."""
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
