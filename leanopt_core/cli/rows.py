"""The rows of a screen if a run has several searches: one for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, Self

from attrs import define, field, frozen

from leanopt_core.fitness import Direction, turned
from leanopt_core.search.commands import most_told
from leanopt_core.store.records import StoredSearch

SearchPhase = Literal["waiting", "running", "ended", "failed"]


@frozen
class SearchView:
    """One search at one moment; `best` is its best fitness, None without a feasible trial.

    `budget` are the trials that it has at most, None if unknown. `tests` are the fitness of its
    chosen trial out of sample, by the index of the test, and `chosen` is the one in sample.
    """

    name: str
    told: int = 0
    best: float | None = None
    phase: SearchPhase = "waiting"
    budget: int | None = None
    tests: Mapping[int, float | None] = field(factory=dict)
    chosen: float | None = None


@define(eq=False)
class SearchRow:
    """Counts the trials of one search, and keeps its best objective."""

    name: str
    direction: Direction = "max"
    told: int = 0
    failed: int = 0
    objective: float | None = None
    begun: bool = False
    ended: bool = False
    budget: int | None = None
    tests: dict[int, float | None] = field(factory=dict)
    chosen: float | None = None

    @classmethod
    def of(cls, search: StoredSearch) -> Self:
        """Return the row of a search that has not begun."""
        budget = most_told((stage.trials for stage in search.stages), None)
        return cls(search.name, search.direction, budget=budget)

    def trial(self, objective: float | None, *, failed: bool) -> None:
        """Count a finished trial; `objective` is None if it is not feasible."""
        self.told += 1
        self.failed += failed
        if objective is not None and (self.objective is None or objective > self.objective):
            self.objective = objective

    def view(self) -> SearchView:
        """Return the row as it is now."""
        phase: SearchPhase = "running" if self.begun else "waiting"
        if self.ended:
            phase = "failed" if self.failed == self.told else "ended"
        tests = dict(self.tests)
        best, chosen = (turned(one, self.direction) for one in (self.objective, self.chosen))
        return SearchView(self.name, self.told, best, phase, self.budget, tests, chosen)


def window(rows: Sequence[SearchView], room: int) -> Sequence[SearchView]:
    """Return at most `room` of the rows, from the one before the first that is not over."""
    first = next((at for at, row in enumerate(rows) if row.phase in ("running", "waiting")), 0)
    start = max(0, min(first - 1, len(rows) - room))
    return rows[start : start + room]


def phases(rows: Sequence[SearchView]) -> str:
    """Return how many searches are in each phase, such as `12 ended, 1 failed, 7 waiting`."""
    counts = Counter(row.phase for row in rows)
    order: tuple[SearchPhase, ...] = ("ended", "failed", "running", "waiting")
    return ", ".join(f"{counts[phase]:,} {phase}" for phase in order if counts[phase])
