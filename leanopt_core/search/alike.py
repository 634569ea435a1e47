"""Notices that a strategy may round a parameter whose type nobody tells."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from attrs import frozen

from leanopt_core.canonical import digest
from leanopt_core.search.read_types import Types, fractions, told_types
from leanopt_core.sinks.base import TrialRecord
from leanopt_core.space import Space, Value, number_text
from leanopt_core.work import Outcome

#: So many told trials are compared at most: that bounds memory, and rounding shows soon.
MOST: Final = 10_000
_NUMERIC: Final = frozenset({"int", "decimal", "double"})


@frozen
class _Seen:
    search: int
    number: int
    parameters: Mapping[str, Value]
    statistics: str


class AlikeCheck:
    """Looks for two trials that differ in fractions only, and have equal statistics.

    Fractions are cut off, as `int()` and C#'s `(int)` do. A strategy that rounds to the nearest
    number is found as well: of it 4 and 4.25 are alike. Numbers that come to zero are no evidence:
    shares and limits below one make no difference where they are never reached. Nor is a range of
    less than one, which nobody means whole numbers by. `source` are the types that the source
    tells, `told` those that the first harness told before this run was resumed, None where none
    has. Nothing is compared before it has, or the run is at its end, so that a resumed run says the
    same.
    """

    def __init__(self, space: Space, source: Types, told: Types | None = None) -> None:
        names = {axis.name for axis in space.axes if fractions(axis)}
        self._names = names - _numeric(source)
        self._told = told
        self._left = MOST if self._names else 0
        self._waiting: list[_Seen] = []
        self._seen: dict[str, _Seen] = {}

    def saw(self, record: TrialRecord, outcomes: Mapping[str, Outcome]) -> str | None:
        """Take a told trial; return a warning, once, where it and an earlier one are alike."""
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
        """Return the warning where no harness could say anything up to the end."""
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
    """Return the names whose type tells which numbers the strategy works with; a text does not."""
    return {name for name, some in types.items() if some & _NUMERIC}


def _traded(outcome: Outcome) -> bool:
    """Say whether a backtest's statistics say anything: those without an order are all equal."""
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
        f"trials {one.number} and {other.number}{search} differ only in {differing}, and have "
        "equal statistics: the strategy may use whole numbers only. Write step = 1 then, or have "
        "the strategy read a decimal number"
    )
