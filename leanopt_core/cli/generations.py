"""Summarize the generations of methods that breed, as their proposals name them."""

from __future__ import annotations

import json
from statistics import fmean

from attrs import define, field

from leanopt_core.report.figures import counted, number
from leanopt_core.search.events import RunEvent, StageEnded, TrialTold
from leanopt_core.trial import Score


@define(eq=False)
class _Generation:
    number: int
    scores: list[Score] = field(factory=list)

    def __str__(self) -> str:
        feasible = [one for one in self.scores if one.feasible]
        head = f"{counted(len(self.scores), 'trial')}, {len(feasible):,} feasible"
        if not feasible:
            return head
        best = max(feasible, key=lambda one: one.objective or 0.0)
        mean = fmean(one.fitness or 0.0 for one in feasible)
        return f"{head}, best {number(best.fitness)}, mean {number(mean)}"


class Generations:
    """Collects the trials of the generation that a stage is in; they are told in order."""

    def __init__(self) -> None:
        self._now: dict[tuple[int, str], _Generation] = {}

    def ended(self, event: RunEvent) -> str | None:
        """Return a line about the generation that ends with this event, None if none does."""
        match event:
            case TrialTold(record, _, because):
                found = _generation(because)
                stage = record.search, record.trial.stage
                before = self._now.get(stage)
                if found is None:
                    return None
                if before is None or before.number != found:
                    self._now[stage] = _Generation(found)
                self._now[stage].scores.append(record.trial.score)
                return None if before is None or before.number == found else _line(stage, before)
            case StageEnded(search, stage):
                last = self._now.pop((search, stage), None)
                return None if last is None else _line((search, stage), last)
        return None


def _generation(because: str | None) -> int | None:
    """Return the whole number `generation` of what a method says of a proposal, if it has one."""
    found = None if because is None else json.loads(because).get("generation")
    return found if isinstance(found, int) else None


def _line(stage: tuple[int, str], generation: _Generation) -> str:
    search, name = stage
    return f"generation {generation.number} of {name} in search {search}: {generation}"
