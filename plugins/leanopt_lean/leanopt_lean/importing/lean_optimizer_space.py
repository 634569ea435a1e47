"""Reads lean-optimizer's `parameter_space.json`: the very values that it would try."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from leanopt_lean.importing.draft import Draft
from leanopt_lean.importing.table import Number, Table, exact

_TYPES: Final = ("int", "float")
_MOST_LISTED: Final = 1000
_DROPPED: Final = "lean-optimizer does not read it"


def read_space(document: Table, draft: Draft) -> list[str]:
    """Set the searched parameters; return their names."""
    items = document.tables("parameters")
    document.rest({}, _DROPPED)
    names: list[str] = []
    for item in items:
        name = item.text("name", required=True)
        if name in names:
            draft.mistake(item.at / "name", name, "appears twice among the parameters")
        elif name is not None:
            names.append(name)
            _put(name, item, draft)
    return names


def _put(name: str, item: Table, draft: Draft) -> None:
    numbers = [item.number(key, required=True) for key in ("min", "max", "step")]
    kind = item.text("type", required=True)
    description = item.text("description") or ""
    item.rest({}, _DROPPED)
    low, high, step = numbers
    if kind is not None and kind not in _TYPES:
        draft.mistake(item.at / "type", kind, 'expected "int" or "float"')
    elif low is not None and high is not None and step is not None and kind is not None:
        _put_grid(name, (low, high, step), whole=kind == "int", said=description, item=item)


def _put_grid(
    name: str, ends: tuple[Number, Number, Number], *, whole: bool, said: str, item: Table
) -> None:
    """Set the grid; where rounding makes other values of it, they are listed."""
    draft, (low, high, step) = item.draft, ends
    if step <= 0:
        draft.mistake(item.at / "step", step, "expected a number above 0")
        return
    last = round((float(high) - float(low)) / float(step))
    if last < 0:
        draft.mistake(item.at / "min", low, f"expected at most max, {high}")
        return
    value: dict[str, object] = {"min": low, "max": low + last * step, "step": step}
    if _places(low) > max(_places(step), 1) or (whole and _places(low) + _places(step)):
        if last >= _MOST_LISTED:
            expected = f"expected at most {_MOST_LISTED} values where they are rounded"
            draft.mistake(item.at / "step", step, expected, "set a coarser step")
            return
        value = {"values": listed(low, step, last, whole=whole)}
        draft.note(item.at, "its values are listed: lean-optimizer rounds them")
    elif value["max"] != high:
        draft.note(item.at / "max", f"lean-optimizer's last value is {value['max']}, not max")
    draft.put("parameters", name, value, item.at, " ".join(said.split()))


def listed(low: Number, step: Number, last: int, *, whole: bool) -> Sequence[Number]:
    """Return the values as lean-optimizer rounds them, rising and each once."""
    decimals = max(_places(step), 1)
    rounded = [round(float(low) + i * float(step), decimals) for i in range(last + 1)]
    texts = [str(int(value)) if whole else repr(value) for value in rounded]
    numbers = [number for text in texts if (number := exact(text)) is not None]
    return sorted(set(numbers))


def _places(number: Number) -> int:
    """Return how many decimal places a number has."""
    return -int(number.as_tuple().exponent) if isinstance(number, Decimal) else 0
