"""Find values that a strategy rounds: by the types it reads, or by equal results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from attrs import frozen

from leanopt_core.canonical import digest
from leanopt_core.errors import StrategyError
from leanopt_core.sinks.base import TrialRecord
from leanopt_core.space import Axis, Space, Value, number_text
from leanopt_core.work import Outcome

Types = Mapping[str, frozenset[str]]

_INT: Final = range(-(2**31), 2**31)
_WHOLE: Final = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def told_types(outcomes: Iterable[Outcome]) -> Types | None:
    """Return the types reported by a trial's backtests together, None if none reports them.

    Failed backtests do not count: they may have ended before reading everything.
    """
    told = [one for one in outcomes if one.read is not None and one.failure is None]
    together: dict[str, frozenset[str]] = {}
    for outcome in told:
        for name, types in outcome.read_types.items():
            together[name] = together.get(name, frozenset()) | types
    return together if told else None


def fractions(axis: Axis) -> bool:
    """Return whether an axis has fractional numbers and spans 1 or more."""
    numbers = [one for one in _telling(axis) if isinstance(one, int | Decimal)]
    return any(map(_is_fraction, numbers)) and max(numbers) - min(numbers) >= 1


class TypeCheck:
    """Stops a run if a harness reports a type that does not fit a value of the space."""

    def __init__(self, space: Space) -> None:
        self._values = {axis.name: _telling(axis) for axis in space.axes}
        self._values |= {name: (value,) for name, value in space.fixed.items()}
        self._judged: Types = {}

    def saw(self, outcomes: Iterable[Outcome]) -> None:
        """Check the outcomes of a told trial; raises StrategyError naming each mismatch."""
        for outcome in outcomes:
            # They are nearly always the same as before.
            if outcome.read_types != self._judged:
                self._judge(outcome.read_types)
                self._judged = outcome.read_types

    def _judge(self, told: Types) -> None:
        wrong = [
            mismatch
            for name, types in sorted(told.items())
            for mismatch in _mismatches(name, self._values.get(name, ()), types)
        ]
        if wrong:
            raise StrategyError("\n".join(wrong))


def _telling(axis: Axis) -> tuple[Value, ...]:
    """Return values of an axis that include every kind it has.

    A grid has fractions if its first or second value is one; its ends are the largest values.
    """
    if isinstance(axis.values, tuple):
        return axis.values
    return (axis.values[0], axis.values[min(1, len(axis) - 1)], axis.values[-1])


def _mismatches(name: str, values: Iterable[Value], types: frozenset[str]) -> Iterator[str]:
    """Yield an error for the first value that does not fit one of the types."""
    for type_ in sorted(types - {"text"}):
        for value in values:
            number = isinstance(value, int | Decimal) and not isinstance(value, bool)
            # A strategy that also reads the text can recognise values that are not numbers.
            if not (_fits(value, type_) or ("text" in types and not number)):
                expected, instead = _advice(value, type_)
                yield (
                    f"parameters.{name}: found {number_text(value)}, but the strategy reads it as "
                    f"{type_}: expected {expected}; {instead}"
                )
                break


def _fits(value: Value, type_: str) -> bool:
    text = number_text(value).strip()
    if type_ == "int":
        return _WHOLE.fullmatch(text) is not None and int(text) in _INT
    return _NUMBER.fullmatch(text) is not None


def _is_fraction(value: Value) -> bool:
    return isinstance(value, Decimal) and value != value.to_integral_value()


def _advice(value: Value, type_: str) -> tuple[str, str]:
    """Return what was expected, and what to do."""
    if type_ != "int":
        return "a number", "write a number, or read it as a text in the strategy"
    if _is_fraction(value):
        decimal = "read it as a decimal number in the strategy (a default of 10.0, not 10)"
        return "whole numbers", f"write whole numbers (step = 1), or {decimal}"
    return "whole numbers of 32 bits", "write such a number, or read it as another type"


#: At most this many told trials are compared: it limits memory, and rounding shows early.
MOST: Final = 10_000
_NUMERIC: Final = frozenset({"int", "decimal", "double"})


@frozen
class _Seen:
    search: int
    number: int
    parameters: Mapping[str, Value]
    statistics: str


class AlikeCheck:
    """Looks for two trials that differ only in fractions and have equal statistics.

    Fractions are cut off, as by `int()` and C#'s `(int)`; this also finds a strategy that rounds
    to the nearest number, for which 4 and 4.25 are equal. Numbers that become zero prove nothing:
    a limit below 1 makes no difference if it is never reached. Ranges shorter than 1 are skipped:
    they are not meant as whole numbers. `source` are the types known from the source; `told` are
    those reported by the first harness before this run was resumed, None if there was none.
    Comparison starts once a harness has reported, or at the end of the run, so a resumed run gives
    the same warning.
    """

    def __init__(self, space: Space, source: Types, told: Types | None = None) -> None:
        names = {axis.name for axis in space.axes if fractions(axis)}
        self._names = names - _numeric(source)
        self._told = told
        self._left = MOST if self._names else 0
        self._waiting: list[_Seen] = []
        self._seen: dict[str, _Seen] = {}

    @property
    def open(self) -> bool:
        """Return whether it compares further trials."""
        return self._left > 0

    def saw(self, record: TrialRecord, outcomes: Mapping[str, Outcome]) -> str | None:
        """Check a told trial; return a warning, once, if an earlier trial is alike."""
        if not self._left:
            return None
        self._left -= 1
        if all(_traded(outcome) for outcome in outcomes.values()):
            statistics = digest(record.statistics)
            seen = _Seen(record.search, record.trial.number, record.parameters, statistics)
            self._waiting.append(seen)
        if self._told is None:
            self._told = told_types(outcomes.values())
        return None if self._told is None else self._compare(self._told)

    def judge(self) -> str | None:
        """Return the warning, at the end of a run without any report of types."""
        return self._compare(self._told or {})

    def _compare(self, told: Types) -> str | None:
        names = self._names - _numeric(told)
        waiting, self._waiting = self._waiting, []
        for seen in waiting:
            values = seen.parameters.items()
            rounded = {name: _cut(value) if name in names else value for name, value in values}
            earlier = self._seen.setdefault(digest([seen.search, rounded, seen.statistics]), seen)
            if earlier is not seen:
                self._left, self._seen = 0, {}
                return _warning(earlier, seen)
        return None


def _numeric(types: Types) -> set[str]:
    """Return the names with a known numeric type."""
    return {name for name, some in types.items() if some & _NUMERIC}


def _traded(outcome: Outcome) -> bool:
    """Return whether a backtest's statistics are useful: without orders they are all equal."""
    return outcome.statistics is not None and outcome.statistics.total_orders != 0


def _cut(value: Value) -> Value:
    return (int(value) or value) if isinstance(value, Decimal) else value


def _warning(one: _Seen, other: _Seen) -> str:
    differing = ", ".join(
        f"{name} ({number_text(value)} and {number_text(other.parameters[name])})"
        for name, value in one.parameters.items()
        if value != other.parameters[name]
    )
    search = f" of search {one.search}" if one.search > 1 else ""
    return (
        f"trials {one.number} and {other.number}{search} differ only in {differing} and have "
        "equal statistics: the strategy may use whole numbers only. Write step = 1, or read a "
        "decimal number in the strategy"
    )
