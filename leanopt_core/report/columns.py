"""Columns of a run's trials, found by names as people type them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from attrs import evolve, field, frozen

from leanopt_core.report.figures import number, value_text
from leanopt_core.report.front import minimized
from leanopt_core.report.statistics import (
    DETAILED,
    FIGURES,
    NET_PROFIT,
    Figure,
    lower_is_better,
    statistic_text,
)
from leanopt_core.space import Kind, Space, kinds_of
from leanopt_core.statistics import Statistics
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store
from leanopt_core.suggest import nearest

Group = Literal["own", "parameters", "values", "statistics"]

_NUMBER: Final[frozenset[Kind]] = frozenset({"number"})
_TEXT: Final[frozenset[Kind]] = frozenset({"text"})
_TRUTH: Final[frozenset[Kind]] = frozenset({"truth"})
_OWN: Final[Mapping[str, frozenset[Kind]]] = {
    **dict.fromkeys(("trial", "search", "fitness", "violation"), _NUMBER),
    **dict.fromkeys(("stage", "origin", "state", "failure"), _TEXT),
    **dict.fromkeys(("feasible", "pruned"), _TRUTH),
}
_MOST_NAMED: Final = 8


def _value_text(value: Any) -> str:
    return number(value) if isinstance(value, float) else value_text(value)


@frozen
class Column:
    """A value of each trial: `name` in its group; `label` is its heading.

    `scenario` is the only scenario whose statistic it is, None for all of them together. Sorted, a
    column begins with its lowest values if `lower`.
    """

    group: Group
    name: str
    label: str
    kinds: frozenset[Kind]
    lower: bool = True
    scenario: str | None = None
    show: Callable[[Any], str] = field(default=_value_text, eq=False)


@frozen
class Columns:
    """The columns of a run; `find` takes names as people type them."""

    every: tuple[Column, ...]
    figures: Mapping[str, Column]
    scenarios: tuple[str, ...]

    @property
    def spaced(self) -> list[str]:
        """Return the names of columns that have spaces."""
        names = [*self.figures, *(column.label for column in self.every)]
        return [name for name in dict.fromkeys(names) if " " in name]

    def find(self, text: str) -> Column:
        """Return the column that `text` means.

        It is a name of a parameter, of a value or a statistic, or of the trial itself; case, spaces
        and hyphens do not matter, and a part is enough if it is clear. `parameters.`, `values.` or
        `statistics.` before it chooses the group, a scenario's name and a dot that scenario's
        statistic. Raises LookupError with the problem and a hint.
        """
        scenario, name = self._scenario(text.strip())
        found = self._meant(name)
        if scenario is not None:
            found = [
                evolve(one, scenario=scenario, label=f"{scenario}: {one.label}")
                for one in found
                if one.group == "statistics"
            ]
        if len(found) == 1:
            return found[0]
        if found:
            named = ", ".join(_full(one) for one in found[:_MOST_NAMED])
            raise LookupError(f"could be any of: {named}", "")
        names = [*(one.label for one in self.every if not _detailed(one)), *self.figures]
        near = nearest(name, names)
        hint = f"did you mean '{near}'?" if near else f"choose from: {', '.join(sorted(names))}"
        raise LookupError("is no column of this run", hint)

    def _scenario(self, text: str) -> tuple[str | None, str]:
        """Return the scenario that the text begins with, None without one, and the rest."""
        text = text.removeprefix("statistics.")
        for name in self.scenarios:
            if text.casefold().startswith(f"{name.casefold()}."):
                return name, text[len(name) + 1 :]
        return None, text

    def _meant(self, text: str) -> list[Column]:
        group, _, rest = text.partition(".")
        every: Sequence[Column] = self.every
        if group in ("parameters", "values"):
            every, text = [one for one in every if one.group == group], rest
        wanted = _compact(text)
        figures = {_compact(name): column for name, column in self.figures.items()}
        ways: Iterator[list[Column]] = iter(
            (
                [one for one in every if one.name == text],
                [
                    one
                    for one in every
                    if one.group != "statistics" and _compact(one.name) == wanted
                ],
                [figures[wanted]] if wanted in figures and every is self.every else [],
                _statistics(every, text),
                _parts(every, self.figures, wanted),
            )
        )
        # A parameter may have the name of a statistic.
        return next((found[:1] if _same_name(found) else found for found in ways if found), [])


def _same_name(found: Sequence[Column]) -> bool:
    return len({one.name for one in found}) == 1


def _statistics(every: Iterable[Column], text: str) -> list[Column]:
    """Return the statistics that LEAN's lookup finds."""
    known = {one.name: one for one in every if one.group == "statistics"}
    return [known[name] for name in Statistics(dict.fromkeys(known, 0.0)).find(text)]


def _parts(every: Iterable[Column], figures: Mapping[str, Column], wanted: str) -> list[Column]:
    """Return the columns with this in their names, those that begin with it if there are any."""
    named = [(_compact(one.name), one) for one in every if not _detailed(one)]
    named += [(_compact(name), one) for name, one in figures.items()]
    for there in (str.startswith, str.__contains__):
        if found := {one.name: one for name, one in named if wanted and there(name, wanted)}:
            return list(found.values())
    return []


def _compact(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


def _detailed(column: Column) -> bool:
    return column.group == "statistics" and column.name.startswith(DETAILED)


def _full(column: Column) -> str:
    return column.name if column.group == "own" else f"{column.group}.{column.name}"


def columns_of(store: Store, run: StoredRun, searches: Sequence[int]) -> Columns:
    """Return the columns of some of a run's searches, by number, as far as trials show them."""
    found = [store.survey.names(one) for one in run.searches if one.number in searches]
    statistics = list(dict.fromkeys(name for names, _ in found for name in names))
    values = list(dict.fromkeys(name for _, names in found for name in names))
    lower = minimized(store, run)
    every = (
        *_own_columns(run.searches[0].direction == "min"),
        *_parameters(run.space),
        *(Column("values", name, name, _NUMBER, lower=name in lower) for name in values),
        *(_statistic(name) for name in statistics),
    )
    scenarios = dict.fromkeys(
        scenario.name
        for search in run.searches
        if search.number in searches and len(search.scenarios) > 1
        for scenario in search.scenarios
    )
    return Columns(every, _figures(statistics), tuple(scenarios))


def _own_columns(lower: bool) -> Iterator[Column]:
    for name, kinds in _OWN.items():
        yield Column("own", name, name, kinds, lower=lower if name == "fitness" else True)


def _parameters(space: Space) -> Iterator[Column]:
    for axis in space.axes:
        yield Column("parameters", axis.name, axis.name, kinds_of(axis.values))
    for name, value in space.fixed.items():
        yield Column("parameters", name, name, kinds_of((value,)))


def _statistic(name: str) -> Column:
    def show(value: Any) -> str:
        return statistic_text(name, value)

    return Column("statistics", name, name, _NUMBER, lower_is_better(name), show=show)


def _figures(statistics: Sequence[str]) -> dict[str, Column]:
    """Return the columns of the main statistics by their short names."""
    known = {figure.name: _figure(figure, statistics) for figure in (*FIGURES, NET_PROFIT)}
    return {name: column for name, column in known.items() if column is not None}


def _figure(figure: Figure, statistics: Sequence[str]) -> Column | None:
    """Return the column of a figure: that of the statistic which it reads."""
    places = Statistics({name: float(place) for place, name in enumerate(statistics)})
    place = figure.read(places)
    if place is None:
        return None
    name = statistics[int(place)]
    return Column("statistics", name, figure.name, _NUMBER, figure.lower, show=figure.show)
