"""Reads lean-optimizer's lists of backtests: `parameter_sets.json`, `backtest_universe.json`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, TypeVar

from attrs import frozen

from leanopt_lean.importing.draft import MISSING, At, Draft, Entry, literal
from leanopt_lean.importing.fixed import fixed_value
from leanopt_lean.importing.table import Number, Table

_TICKER: Final = "ticker"
_UNKNOWN: Final = "lean-optimizer does not read it"

T = TypeVar("T")

_Value = Number | str | bool


@frozen
class ParameterSet:
    """The parameters of one backtest, and their position."""

    at: At
    values: Mapping[str, object]


def sets_of_list(items: list[object], at: At, draft: Draft) -> list[ParameterSet]:
    """Return the parameter sets in a list of objects, without their comments (`_` first)."""
    found = []
    for index, item in enumerate(items):
        if isinstance(item, Mapping):
            values = {str(k): v for k, v in item.items() if not str(k).startswith("_")}
            found.append(ParameterSet(at / index, values))
        else:
            draft.mistake(at / index, item, "expected an object with the parameters of a backtest")
    return found


def sets_of_universe(document: Table, draft: Draft) -> list[ParameterSet]:
    """Return the parameter sets of a `backtest_universe.json`, each with its symbol as ticker."""
    found: list[ParameterSet] = []
    by_symbol = document.table("param_sets")
    for at, symbol in symbols_of(document):
        position, items = by_symbol.take(symbol) if by_symbol else (at, MISSING)
        if not isinstance(items, list) or not items:
            draft.mistake(at, symbol, "has no parameter sets in param_sets")
            continue
        own = sets_of_list(items, position, draft)
        found += [ParameterSet(one.at, {**one.values, _TICKER: symbol}) for one in own]
    if by_symbol:
        by_symbol.rest({}, "symbols does not name it", strict=False)
    for key in ("symbols_parallel", "total_workers"):
        at, given = document.take(key)
        if given is not MISSING:
            draft.dropped(at, "all backtests share the workers; set [executor] workers")
    document.rest({}, _UNKNOWN)
    return found


def symbols_of(document: Table) -> Iterator[tuple[At, str]]:
    """Yield the symbols of a universe, with their positions; note what is not a symbol."""
    at, given = document.take("symbols")
    if not isinstance(given, list) or not given:
        document.draft.mistake(at, given, 'expected a list of symbols, as ["AAPL", "MSFT"]')
        return
    for index, symbol in enumerate(given):
        if isinstance(symbol, str) and symbol.strip():
            yield at / index, symbol
        else:
            document.draft.mistake(at / index, symbol, "expected a symbol")


def put_sets(sets: list[ParameterSet], fields: Collection[str], draft: Draft) -> dict[str, object]:
    """Make a stage of the sets; return the parameters that are the same in all, as in the file.

    A single set has one parameter with one value to search, none of `fields`.
    """
    read = [_read(one, draft) for one in sets]
    names = list(dict.fromkeys(name for one in read for name in one))
    for own, one in zip(sets, read, strict=True):
        if absent := [name for name in names if name not in one and name not in own.values]:
            expected = f"lacks {', '.join(absent)}, which others have"
            draft.mistake(own.at, dict(own.values), expected, "give each set all parameters")
    if draft.mistakes:
        return {}
    by_name = {name: _distinct(one[name] for one in read) for name in names}
    searched = [name for name in names if len(by_name[name]) > 1]
    searched = searched or [name for name in names if name not in fields][:1]
    for name in searched:
        draft.put("parameters", name, _axis(by_name[name]))
    points = _distinct(
        {name: _as_on(by_name[name], one[name]) for name in searched} for one in read
    )
    if len(points) < len(sets):
        draft.note(sets[0].at.parent, f"has {len(sets)} sets, {len(points)} different ones")
    draft.stage("points", points=Entry(literal(points)))
    return {name: sets[0].values[name] for name in names if name not in searched}


def _read(one: ParameterSet, draft: Draft) -> dict[str, _Value]:
    """Return the values as a pipeline writes them; note those that none can have."""
    found: dict[str, _Value] = {}
    for name, value in one.values.items():
        known = fixed_value(value)
        if known is None:
            draft.mistake(one.at / name, value, "expected a number, a string, true or false")
        else:
            found[name] = known
    return found


def _axis(values: list[_Value]) -> dict[str, object]:
    if _numeric(values):
        return {"values": sorted(values)}
    return {"choices": [_as_on(values, value) for value in values]}


def _as_on(values: list[_Value], value: _Value) -> _Value:
    """Return a value as the axis of these values has it: choices are texts."""
    if _numeric(values) or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _numeric(values: list[_Value]) -> bool:
    return all(isinstance(one, int | Decimal) and not isinstance(one, bool) for one in values)


def _distinct(items: Iterable[T]) -> list[T]:
    # By their texts, since 1 and true are equal.
    return list({repr(item): item for item in items}.values())
