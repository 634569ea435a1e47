"""One `[[sink]]` as several sinks: one for each file that the placeholders in its paths name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from copy import deepcopy
from typing import Any

from attrs import evolve

from leanopt_core.sinks.base import Sink, TrialRecord

#: The symbol of each scenario, by the search's number and the scenario's name.
Symbols = Mapping[int, Mapping[str, str | None]]


class SplitSink:
    """Builds a sink for each combination of values when it starts, and gives each its records.

    `used` are the placeholders in the sink's paths. With `symbol` among them, a record has the
    statistics of the scenarios of one symbol. `build` builds a sink for the values by placeholder.
    """

    def __init__(
        self, build: Callable[[Mapping[str, str]], Sink], used: Collection[str], symbols: Symbols
    ) -> None:
        self._build = build
        self._used = used
        self._symbols = symbols
        self._parts: dict[tuple[str, ...], Sink] = {}
        self._routes: dict[int, list[tuple[Sink, Collection[str]]]] = {}

    def start(self, run: str, plan: Mapping[str, Any], resumed: bool) -> None:
        """Build and start every part."""
        for search, symbols in self._symbols.items():
            route = self._routes.setdefault(search, [])
            for symbol, scenarios in self._shares(symbols):
                values = {"run": run, "search": str(search), "symbol": symbol}
                key = tuple(values[name] for name in self._used)
                if key not in self._parts:
                    self._parts[key] = self._build(values)
                    # A copy of its own: what a plugin changes in it changes nothing for others.
                    self._parts[key].start(run, deepcopy(plan), resumed)
                route.append((self._parts[key], scenarios))

    def _shares(self, symbols: Mapping[str, str | None]) -> Iterator[tuple[str, Collection[str]]]:
        """Yield the parts of a search: a symbol, and the scenarios that have it."""
        if "symbol" not in self._used:
            yield "", tuple(symbols)
            return
        for symbol in dict.fromkeys(symbols.values()):
            yield symbol or "", {name for name, own in symbols.items() if own == symbol}

    def trial(self, record: TrialRecord) -> None:
        """Pass the record to the parts of its search."""
        for part, scenarios in self._routes[record.search]:
            own = {name: one for name, one in record.statistics.items() if name in scenarios}
            part.trial(
                record if len(own) == len(record.statistics) else evolve(record, statistics=own)
            )

    def stage(self, search: int, stage: str, reason: str) -> None:
        """Pass the end of a stage to the parts of its search."""
        for part, _ in self._routes[search]:
            part.stage(search, stage, reason)

    def finish(self, state: str) -> None:
        """Finish every part, even if one raises."""
        with ExitStack() as last:
            for part in reversed(self._parts.values()):
                last.callback(part.finish, state)
