"""Read the values of chosen columns for every trial, over all its scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any

from attrs import field, frozen

from leanopt_core.errors import UsageError
from leanopt_core.ranking import RankKey, merit
from leanopt_core.report.columns import Column, Columns
from leanopt_core.report.scenarios import Combination
from leanopt_core.space import Filter, FilterError
from leanopt_core.store.inactive import Inactive
from leanopt_core.store.records import StoredRun, StoredSearch
from leanopt_core.store.store import Store
from leanopt_core.store.trial_columns import Asked, TrialColumns


@frozen
class TrialRow:
    """A told trial: its rank key, its score, and the values of the columns in their order."""

    rank: RankKey
    search: int
    number: int
    grid_index: int
    feasible: bool
    values: tuple[Any, ...]


@frozen
class Rows:
    """Reads the told trials of some of a run's searches, with the values of `columns`.

    An inactive parameter has no value.
    """

    store: Store
    run: StoredRun
    searches: Sequence[StoredSearch]
    columns: tuple[Column, ...]
    _combination: Combination = field(init=False, repr=False)
    _inactive: Inactive = field(init=False, repr=False)

    @_combination.default
    def _from_plan(self) -> Combination:
        return Combination.of(self.run)

    @_inactive.default
    def _with_conditions(self) -> Inactive:
        return Inactive.of(self.run)

    def __iter__(self) -> Iterator[TrialRow]:
        """Yield the trials by search and number."""
        groups = {
            group: tuple(dict.fromkeys(one.name for one in self.columns if one.group == group))
            for group in ("parameters", "values", "statistics")
        }
        asked = Asked(*groups.values())
        for search in self.searches:
            reads = [self._read(column, asked, search) for column in self.columns]
            sign = 1.0 if search.direction == "min" else -1.0
            for trial in self.store.survey.columns(search.id, asked):
                yield _row(search, trial, sign, tuple([read(trial) for read in reads]))

    def _read(
        self, column: Column, asked: Asked, search: StoredSearch
    ) -> Callable[[TrialColumns], Any]:
        """Return what reads a column's value of a trial."""
        if column.group == "own":
            return _own(column.name, search.number)
        place = getattr(asked, column.group).index(column.name)
        if column.group == "statistics":
            return self._statistic(column, place, search)
        at = itemgetter(place)
        if column.group == "values":
            return lambda trial: at(trial.values)
        inactive = self._inactive
        if inactive.space is None or column.name not in inactive.space.conditions:
            return lambda trial: _parameter(column, at(trial.parameters))
        return lambda trial: (
            None
            if column.name in inactive.at(trial.grid_index)
            else _parameter(column, at(trial.parameters))
        )

    def _statistic(
        self, column: Column, place: int, search: StoredSearch
    ) -> Callable[[TrialColumns], Any]:
        names = [scenario.name for scenario in search.scenarios]
        if column.scenario is not None or len(names) == 1:
            only = names.index(column.scenario) if column.scenario in names else 0
            if column.scenario not in (None, *names):
                return lambda _trial: None
            return lambda trial: (
                _number(trial.statistics[only][place]) if only in trial.statistics else None
            )
        combined = self._combination.number

        def read(trial: TrialColumns) -> float | None:
            found = {names[at]: _number(one[place]) for at, one in trial.statistics.items()}
            return combined(found) if len(found) == len(names) else None

        return read


def _parameter(column: Column, value: Any) -> Any:
    """Return a parameter's value as SQLite has it as the value that it stands for."""
    if column.kinds == {"truth"}:
        return bool(value)
    exact = column.kinds == {"number"} and isinstance(value, str)
    return Decimal(value) if exact else value


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) else None


def _own(name: str, search: int) -> Callable[[TrialColumns], Any]:
    if name == "search":
        return lambda _trial: search
    if name == "feasible":
        return _feasible
    return attrgetter("number" if name == "trial" else name)


def _feasible(trial: TrialColumns) -> bool:
    return trial.fitness is not None and not trial.violation and not trial.pruned


def _row(
    search: StoredSearch, trial: TrialColumns, sign: float, values: tuple[Any, ...]
) -> TrialRow:
    fitness = trial.fitness
    objective = None if fitness is None else -sign * fitness
    key = merit(objective, trial.violation or 0.0, complete=not trial.pruned)
    return TrialRow(
        *((*key, search.number, trial.number), search.number, trial.number, trial.grid_index),
        *(_feasible(trial), values),
    )


@frozen
class Where:
    """The trials that a filter keeps; `columns` are those that it needs, in their order."""

    text: str
    columns: tuple[Column, ...]
    _filter: Filter | None = None

    @classmethod
    def parse(cls, text: str | None, columns: Columns) -> Where:
        """Parse a filter; without a text all trials are kept. Raises UsageError."""
        if text is None:
            return cls("", ())
        try:
            found = Filter.parse(text, columns.spaced, lambda name: columns.find(name).kinds)
        except FilterError as error:
            raise UsageError(f"--where: {error}") from None
        return cls(text, tuple(columns.find(name) for name in found.names), found)

    def keeps(self, values: Sequence[Any]) -> bool | None:
        """Return whether the filter holds for a trial, None if one of the values is unknown."""
        if self._filter is None:
            return True
        if None in values:
            return None
        return self._filter.holds([_exact(value) for value in values])


# Values repeat: a parameter has few, and so have counts.
@lru_cache(maxsize=65536)
def _exact_number(value: float | Decimal) -> Fraction:
    return Fraction(str(value))


def _exact(value: Any) -> Any:
    """Return a value as a filter reads it: a number with the digits that are shown."""
    return _exact_number(value) if isinstance(value, float | Decimal) else value


def found_column(columns: Columns, option: str, text: str) -> Column:
    """Return the column that an option names; raises UsageError."""
    try:
        return columns.find(text)
    except LookupError as error:
        problem, hint = error.args
        raise UsageError(f"{option}: {text!r} {problem}{f' ({hint})' if hint else ''}") from None
