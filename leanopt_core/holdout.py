"""Days or symbols that a search leaves out, to look at once everything is decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Self

from attrs import evolve, frozen

from leanopt_core.work import Scenario


@frozen
class Holdout:
    """The days from `start` to `end` (None: no limit on that side), or else `symbols`."""

    start: date | None = None
    end: date | None = None
    symbols: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """Return the holdout that `to_dict` has written."""
        start, end = (
            date.fromisoformat(given[key]) if key in given else None for key in ("start", "end")
        )
        return cls(start, end, tuple(given.get("symbols", ())))

    def to_dict(self) -> dict[str, Any]:
        """Return the given values as plain JSON."""
        known = {
            "start": self.start and self.start.isoformat(),
            "end": self.end and self.end.isoformat(),
            "symbols": list(self.symbols),
        }
        return {key: value for key, value in known.items() if value}

    def __str__(self) -> str:
        """Return the days or symbols in words."""
        if self.symbols:
            return f"symbol{'' if len(self.symbols) == 1 else 's'} {', '.join(self.symbols)}"
        if self.end is None:
            return f"from {self.start}"
        return f"until {self.end}" if self.start is None else f"{self.start} to {self.end}"

    def overlaps(self, settings: Mapping[str, Any]) -> bool:
        """Return whether a scenario (as `Scenario.settings`) has some of the days or symbols.

        A scenario without a first or last day reads all days on that side, one with a warm-up the
        days before its first. Symbols are the same in any case of letters.
        """
        if self.symbols:
            symbol = str(settings.get("symbol", ""))
            return symbol.casefold() in map(str.casefold, self.symbols)
        # Texts in ISO 8601 are in the order of the days.
        start, end = (str(day or "") for day in (self.start, self.end))
        before = bool(end) and _first_read(settings) > end
        return not before and settings.get("end", start) >= start

    def scenarios(self, searched: Sequence[Scenario]) -> tuple[Scenario, ...]:
        """Return the searched scenarios on the days or symbols held out, each once.

        On days they keep their names. Of symbols, each has the other settings of every scenario.
        """
        if not self.symbols:
            return tuple(evolve(one, start=self.start, end=self.end) for one in searched)
        made: dict[str, Scenario] = {}
        for one in self._on_symbols(searched):
            made.setdefault(repr(sorted(one.settings().items(), key=str)), one)
        several = len(made) > len(self.symbols)
        named = (
            evolve(one, name=f"{one.symbol} {one.name}" if several else one.symbol or one.name)
            for one in made.values()
        )
        return tuple(named)

    def _on_symbols(self, searched: Sequence[Scenario]) -> Iterator[Scenario]:
        for symbol in self.symbols:
            yield from (evolve(one, symbol=symbol, weight=None) for one in searched)


def _first_read(settings: Mapping[str, Any]) -> str:
    """Return the first day that a scenario reads, in its warm-up too; empty if none is given."""
    start, warmup = str(settings.get("start", "")), settings.get("warmup")
    if not start or not isinstance(warmup, int):
        return start
    return date.fromordinal(max(1, date.fromisoformat(start).toordinal() - warmup)).isoformat()
