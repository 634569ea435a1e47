"""Axes and values as JSON types and back, for plans that are hashed and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from leanopt_core.space._axis import Axis
from leanopt_core.space._grid import DecimalGrid
from leanopt_core.space._numbers import Value, decimal_of, number_text


def of_value(value: Value) -> object:
    """Return a text, int or bool as it is, a Decimal as `{"decimal": "0.1"}`."""
    return {"decimal": number_text(value)} if isinstance(value, Decimal) else value


def to_value(record: Any) -> Value:
    """Return the value of a record that `of_value` made."""
    value: Value = Decimal(record["decimal"]) if isinstance(record, Mapping) else record
    return value


def of_axis(axis: Axis) -> dict[str, object]:
    """Return a grid as its ends and step (where it has one), another axis as its values."""
    named: dict[str, object] = {"name": axis.name, "kind": axis.kind}
    step = _step(axis)
    if step is None:
        return named | {"values": [of_value(value) for value in axis.values]}
    ends = {"min": of_value(axis.values[0]), "max": of_value(axis.values[-1])}
    return named | ends | ({"step": of_value(step)} if len(axis) > 1 else {})


def to_axis(record: Mapping[str, Any]) -> Axis:
    """Return the axis of a record that `of_axis` made; raises KeyError or SpaceError on others."""
    name, kind = record["name"], record["kind"]
    if kind in ("int", "float"):
        make_grid: Callable[..., Axis] = Axis.integers if kind == "int" else Axis.decimals
        low, high, step = record["min"], record["max"], record.get("step", 1)
        return make_grid(name, to_value(low), to_value(high), to_value(step))
    make_list: Callable[..., Axis] = {"values": Axis.listed, "choices": Axis.choices}[kind]
    return make_list(name, [to_value(value) for value in record["values"]])


def _step(axis: Axis) -> int | Decimal | None:
    match axis.values:
        case range() as values:
            return values.step
        case DecimalGrid() as values:
            return decimal_of(values.units.step, values.places)
    return None
