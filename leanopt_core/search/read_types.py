"""Finds values that the strategy cannot read as what they are, by the types that it asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from leanopt_core.errors import StrategyError
from leanopt_core.space import Axis, Space, Value, number_text
from leanopt_core.work import Outcome

Types = Mapping[str, frozenset[str]]

_INT: Final = range(-(2**31), 2**31)
_WHOLE: Final = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def told_types(outcomes: Iterable[Outcome]) -> Types | None:
    """Return the types that a trial's backtests told, together, None where none can say.

    Those that failed do not count: they may have ended before they came to read everything.
    """
    told = [one for one in outcomes if one.read is not None and one.failure is None]
    together: dict[str, frozenset[str]] = {}
    for outcome in told:
        for name, types in outcome.read_types.items():
            together[name] = together.get(name, frozenset()) | types
    return together if told else None


def fractions(axis: Axis) -> bool:
    """Say whether an axis has numbers that are not whole, and reaches over one or more."""
    numbers = [one for one in _telling(axis) if isinstance(one, int | Decimal)]
    return any(map(_is_fraction, numbers)) and max(numbers) - min(numbers) >= 1


class TypeCheck:
    """Stops a run once a harness tells a type that a value of the space does not fit."""

    def __init__(self, space: Space) -> None:
        self._values = {axis.name: _telling(axis) for axis in space.axes}
        self._values |= {name: (value,) for name, value in space.fixed.items()}
        self._judged: Types = {}

    def saw(self, outcomes: Iterable[Outcome]) -> None:
        """Take the outcomes of a told trial; raises StrategyError naming each misfit."""
        for outcome in outcomes:
            # Nearly always they are those of the backtest before.
            if outcome.read_types != self._judged:
                self._judge(outcome.read_types)
                self._judged = outcome.read_types

    def _judge(self, told: Types) -> None:
        wrong = [
            misfit
            for name, types in sorted(told.items())
            for misfit in _misfits(name, self._values.get(name, ()), types)
        ]
        if wrong:
            raise StrategyError("\n".join(wrong))


def _telling(axis: Axis) -> tuple[Value, ...]:
    """Return values of an axis among which is one of each kind that it has.

    A grid has a fraction where its first or second value is one; its ends are the largest.
    """
    if axis.kind in ("values", "choices"):
        return tuple(axis.values)
    return (axis.values[0], axis.values[min(1, len(axis) - 1)], axis.values[-1])


def _misfits(name: str, values: Iterable[Value], types: frozenset[str]) -> Iterator[str]:
    """Yield what is wrong with the first value that does not fit one of the types."""
    for type_ in sorted(types - {"text"}):
        for value in values:
            number = isinstance(value, int | Decimal) and not isinstance(value, bool)
            # Who asks for the text as well can tell what is no number.
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
    """Return what was expected instead of a value, and what to do."""
    if type_ != "int":
        return "a number", "write a number, or read it as a text in the strategy"
    if _is_fraction(value):
        decimal = "read it as a decimal number in the strategy (a default of 10.0, not 10)"
        return "whole numbers", f"write whole numbers (step = 1), or {decimal}"
    return "whole numbers of 32 bits", "write such a number, or read it as another type"
