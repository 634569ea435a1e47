"""What a run has still to do at most: trials and running time, by search and stage."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, TypeVar

from attrs import define, field

from leanopt_core.search.commands import least
from leanopt_core.store.records import StoredRun

Number = TypeVar("Number", int, float)


@define(eq=False)
class _Stage:
    """A stage of one search: its limits, and how far it is; times are in seconds."""

    name: str
    most: int | None
    time: float | None
    early: bool
    worked: float = 0.0
    began: float | None = None
    told: int = 0
    ended: bool = False

    @property
    def trials(self) -> int | None:
        return None if self.most is None else max(0, self.most - self.told)

    def at_work(self, now: float) -> float:
        return self.worked + (0.0 if self.began is None else now - self.began)

    def seconds(self, now: float) -> float | None:
        return None if self.time is None else max(0.0, self.time - self.at_work(now))


@define(eq=False)
class _Search:
    most: int | None
    time: float | None
    stages: dict[str, _Stage]
    told: int = 0
    ended: bool = False

    @property
    def coming(self) -> list[_Stage]:
        """Return the stages that have not ended."""
        return [] if self.ended else [one for one in self.stages.values() if not one.ended]

    @property
    def trials(self) -> int | None:
        stages = _sum(stage.trials for stage in self.coming)
        return least(stages, None if self.most is None or stages == 0 else self.most - self.told)

    def seconds(self, now: float) -> float | None:
        if self.time is None:
            return None
        return max(0.0, self.time - sum(one.at_work(now) for one in self.stages.values()))


@define(eq=False)
class Remaining:
    """Counts what the searches of a run have done against their limits, by number and stage."""

    _searches: Mapping[int, _Search] = field(factory=dict)

    @classmethod
    def of(cls, run: StoredRun) -> Self:
        """Return what a run had to do when it began, with the running time of its stages so far."""
        plan, execution = json.loads(run.plan), json.loads(run.execution)
        return cls(
            {
                search.number: _Search(
                    _budget(plan, execution, len(search.scenarios) + len(search.cuts)),
                    execution.get("time"),
                    {
                        stage.name: _Stage(
                            stage.name,
                            _stage_trials(execution, stage.name, stage.trials),
                            execution.get("stage_times", {}).get(stage.name),
                            early=_can_end_early(plan, stage.name),
                            worked=stage.seconds,
                        )
                        for stage in search.stages
                    },
                )
                for search in run.searches
            }
        )

    def told(self, search: int, stage: str) -> None:
        """Count a trial."""
        one = self._searches[search]
        one.told += 1
        one.stages[stage].told += 1

    def stage_started(self, search: int, stage: str, now: float) -> None:
        """Note when a stage started to run."""
        self._searches[search].stages[stage].began = now

    def stage_worked(self, search: int, stage: str, seconds: float) -> None:
        """Take how long a stage has run, where that is known."""
        one = self._searches[search].stages[stage]
        one.worked, one.began = seconds, None

    def stage_ended(self, search: int, stage: str, now: float) -> None:
        """Note that a stage has ended."""
        one = self._searches[search].stages[stage]
        one.worked, one.began, one.ended = one.at_work(now), None, True

    def search_ended(self, search: int) -> None:
        """Note that a search has ended: its other stages do not run."""
        self._searches[search].ended = True

    @property
    def trials(self) -> int | None:
        """Return the most trials that all searches can still make, None if that is unlimited."""
        return _sum(search.trials for search in self._searches.values())

    def stage_trials(self, name: str) -> int | None:
        """Return the most trials that a stage can still make in all searches."""
        return _sum(
            least(stage.trials, search.trials)
            for search in self._searches.values()
            for stage in search.coming
            if stage.name == name
        )

    def stage_seconds(self, name: str, now: float) -> float | None:
        """Return the most seconds that a stage can still run in a search; None without a limit."""
        coming = [stage for search in self._searches.values() for stage in search.coming]
        limits = [stage.seconds(now) for stage in coming if stage.name == name]
        return max((one for one in limits if one is not None), default=None)

    def seconds(self, now: float) -> float | None:
        """Return the most seconds that the searches can still run, None without a time limit.

        They run one after the other: one begins when the one before leaves workers without work.
        """
        return _sum(self._limits(now)) if any(s.coming for s in self._searches.values()) else None

    def _limits(self, now: float) -> Iterator[float | None]:
        for search in self._searches.values():
            if coming := search.coming:
                limits = search.seconds(now), _sum(stage.seconds(now) for stage in coming)
                yield min((one for one in limits if one is not None), default=None)

    @property
    def drains(self) -> int:
        """Return how many stages have still to end, one after the other."""
        return max((len(search.coming) for search in self._searches.values()), default=0)

    @property
    def early(self) -> bool:
        """Return whether a stage can end before its trials are used up."""
        return any(stage.early for one in self._searches.values() for stage in one.coming)


def _sum(parts: Iterable[Number | None]) -> Number | None:
    """Return the sum, None if a part is unknown."""
    found = list(parts)
    known = [one for one in found if one is not None]
    return sum(known) if len(known) == len(found) else None


def _budget(plan: Mapping[str, Any], execution: Mapping[str, Any], scenarios: int) -> int | None:
    backtests = plan.get("backtests")
    return least(
        plan.get("trials"),
        None if backtests is None else backtests // scenarios,
        execution.get("most_trials", {}).get("search"),
    )


def _stage_trials(execution: Mapping[str, Any], stage: str, trials: int | None) -> int | None:
    return least(trials, execution.get("most_trials", {}).get("stages", {}).get(stage))


def _can_end_early(plan: Mapping[str, Any], stage: str) -> bool:
    """Return whether a stage has a patience or a target."""
    rules = next(one for one in plan["stages"] if one["name"] == stage)
    return rules["patience"] is not None or rules["target"] is not None
