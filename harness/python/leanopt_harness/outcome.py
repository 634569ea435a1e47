"""Converts a strategy's result to an answer, and refuses invalid results."""

from __future__ import annotations

import binascii
import math
import sys
from array import array
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from numbers import Integral, Real
from operator import attrgetter, lt
from typing import Any, TypeAlias

from leanopt_harness.faults import NO_RESULT, Failure, describe, of_the_machine
from leanopt_harness.values import Result, Trade

Json: TypeAlias = "float | int | str | list[Json] | dict[str, Json] | None"

#: The deepest nesting of sections of statistics.
DEEPEST = 16
#: Integers are stored in engines and databases with 64 bits.
_LARGEST = 2**63 - 1
#: The most that a message shows of a wrong value, in characters.
_LONGEST_SHOWN = 80

OUTPUTS = ("equity", "trades")

# Made once: to make a union of types or an array takes longer than a look at an empty column.
_TEXTS = (str, bytes, bytearray)
_SEQUENCES = (tuple, list)
_EMPTY: Mapping[str, array[Any]] = {code: array(code) for code in "qd"}

_TRADE_INTEGERS = ("entry_time", "direction", "exit_time")
_TRADE_FLOATS = ("entry_price", "quantity", "exit_price", "profit", "fees")
_TRADE_OPTIONAL = ("mae", "mfe")


def read_result(result: object, outputs: Iterable[str]) -> dict[str, Json]:
    """Return the answer's `statistics`, and `equity` and `trades` if `outputs` names them.

    The whole result is always checked, so that a backtest's outcome does not depend on `outputs`.
    Raises Failure ("no result") naming the mistake. Exceptions about the machine (memory, threads,
    files) pass through.
    """
    if not isinstance(result, Result):
        raise _refuse(f"the backtest returned {_shown(result)}: expected a Result")
    try:
        answer: dict[str, Json] = {"statistics": _section(result.statistics, "", DEEPEST)}
        equity, trades = _equity(result), _trades(result.trades)
    except Failure:
        raise
    except BaseException as error:  # lazy parts of it may raise anything
        if of_the_machine(error):
            raise
        what = f"{type(error).__name__}: {describe(error)}"
        raise _refuse(f"the Result cannot be read: {what}") from None
    if "equity" in outputs:
        answer["equity"] = {name: _base64(column) for name, column in equity.items()}
    if "trades" in outputs:
        answer["trades"] = trades()
    return answer


def _section(given: object, path: str, depth: int) -> dict[str, Json]:
    if depth == 0 or not (type(given) is dict or isinstance(given, Mapping)):
        expected = "a mapping of names to values" if depth else f"at most {DEEPEST} nested sections"
        name = f'the section "{path}"' if path else "Result.statistics"
        raise _refuse(f"{name} is {_shown(given)}: expected {expected}")
    section: dict[str, Json] = {}
    for name, value in given.items():
        if type(name) is not str:
            raise _refuse(f"a statistic{_within(path)} has the name {name!r}: expected a string")
        kind = type(value)
        # The only check of a plain statistic; x - x is 0 for finite numbers only.
        if kind is float:
            plain = value - value == 0.0
        elif kind is int:
            plain = -_LARGEST <= value <= _LARGEST
        else:
            plain = kind is str or value is None
        if plain:
            section[name] = value
        else:
            section[name] = _statistic(value, f"{path}.{name}" if path else name, depth)
    return section


def _statistic(value: object, path: str, depth: int) -> Json:
    """Return a statistic that is not a plain number: a section, or a NumPy number."""
    if isinstance(value, Mapping):
        return _section(value, path, depth - 1)
    if isinstance(value, bool):
        raise _refuse(f'statistic "{path}" is {value}: expected a number, a string or None')
    if isinstance(value, Integral):
        if -_LARGEST <= (whole := int(value)) <= _LARGEST:
            return whole
        raise _refuse(f'statistic "{path}" is an integer of more than 64 bits')
    if isinstance(value, Real):
        if math.isfinite(number := float(value)):
            return number
        raise _refuse(f'statistic "{path}" is {number}: expected a finite number, or None')
    if isinstance(value, str):
        return str(value)
    raise _refuse(f'statistic "{path}" is {_shown(value)}: expected a number, a string or None')


def _equity(result: Result) -> dict[str, array[Any]]:
    times = _integers("times", result.times)
    values = _floats("equity", result.equity)
    if len(times) != len(values):
        raise _refuse(
            f"times has {len(times)} entries and equity {len(values)}: expected the same number"
        )
    if not all(map(lt, times, islice(times, 1, None))):
        at = next(i for i in range(1, len(times)) if times[i - 1] >= times[i])
        raise _refuse(
            f"times[{at}] is {times[at]} after {times[at - 1]}: expected increasing times"
        )
    return {"times": times, "values": values}


def _trades(trades: Iterable[Trade]) -> Callable[[], list[Json]]:
    """Check closed trades by column; return a function that makes their rows."""
    trades = list(trades)
    if not trades:
        return list
    for index, trade in enumerate(trades):
        if not isinstance(trade, Trade):
            raise _refuse(f"trades[{index}] is {_shown(trade)}: expected a Trade")
    columns: dict[str, Iterable[float | str | None]] = {}
    for name in _TRADE_INTEGERS:
        columns[name] = _integers(f"trades.{name}", map(attrgetter(name), trades))
    for name in _TRADE_FLOATS:
        columns[name] = _floats(f"trades.{name}", map(attrgetter(name), trades))
    for name in _TRADE_OPTIONAL:
        values = list(map(attrgetter(name), trades))
        present = iter(_floats(f"trades.{name}", (v for v in values if v is not None)))
        columns[name] = [None if value is None else next(present) for value in values]
    tags = _tags(trade.tag for trade in trades)
    if tags is not None:
        columns["tag"] = tags
    order = [columns[name] for name in Trade.__dataclass_fields__ if name in columns]
    return lambda: [list(row) for row in zip(*order, strict=True)]


def _tags(tags: Iterable[object]) -> list[str | None] | None:
    """Return the tags, None if no trade has one: rows then end before it."""
    found = list(tags)
    for index, tag in enumerate(found):
        if tag is not None and not isinstance(tag, str):
            raise _refuse(f"trades.tag[{index}] is {_shown(tag)}: expected a string or None")
    known = [None if tag is None else str(tag) for tag in found]
    return known if any(tag is not None for tag in known) else None


def _integers(label: str, values: Iterable[Any]) -> array[int]:
    return _column(label, values, "q", "an integer of 64 bits")


def _floats(label: str, values: Iterable[Any]) -> array[float]:
    column: array[float] = _column(label, values, "d", "a number")
    # The sum is finite unless a value is not, or it overflows: then check each.
    if not math.isfinite(sum(column)):
        for index, value in enumerate(column):
            if not math.isfinite(value):
                raise _refuse(f"{label}[{index}] is {value}: expected a finite number")
    return column


def _column(label: str, values: Iterable[Any], code: str, expected: str) -> array[Any]:
    """Return the values as a packed array; NumPy arrays are copied as memory."""
    if isinstance(values, _TEXTS):
        raise _refuse(f"{label} is {_shown(values)}: expected a sequence of numbers")
    if isinstance(values, _SEQUENCES) and not values:
        return _EMPTY[code]
    column: array[Any] = array(code)
    try:
        view = memoryview(values)  # type: ignore[arg-type]  # most have no buffer
    except (TypeError, ValueError):
        pass
    else:
        native = {"q": ("q", "l"), "d": ("d",)}[code]
        if view.ndim == 1 and view.itemsize == column.itemsize and view.format in native:
            column.frombytes(view.tobytes())
            return column
    values = list(values)
    try:
        column.extend(values)
    except (TypeError, ValueError, OverflowError):
        at = len(column)  # the number of values before the bad one
        raise _refuse(f"{label}[{at}] is {_shown(values[at])}: expected {expected}") from None
    return column


def _base64(column: array[Any]) -> str:
    if sys.byteorder == "big":
        column.byteswap()
    return binascii.b2a_base64(column.tobytes(), newline=False).decode("ascii")


def _within(path: str) -> str:
    return f' in "{path}"' if path else ""


def _shown(value: object) -> str:
    """Return a value for a message: short, with its type, even if its repr fails."""
    try:
        text = repr(value)
    except BaseException:  # noqa: BLE001 - a strategy's object may fail in any way
        text = "something"
    short = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
    return f"{short} ({type(value).__name__})"


def _refuse(message: str) -> Failure:
    return Failure(NO_RESULT, message)
