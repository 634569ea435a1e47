"""What each stage of a run found when, and what a patience would have saved and cost."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from attrs import asdict, define, field, frozen

from leanopt_core.fitness import turned
from leanopt_core.report.subject import searches_of
from leanopt_core.store.records import StoredRun, StoredSearch, StoredStage
from leanopt_core.store.store import Store

#: The numbers of trials that are looked at as a patience.
PATIENCES: Final = tuple(step * 10**power for power in range(1, 7) for step in (1, 2, 5))


@frozen
class Course:
    """How a stage of a search went.

    `objectives` are the best so far at each record, the higher the better, `at` the places of these
    trials among the `trials` told, from 1, and `numbers` the trials' numbers. `marks` are the
    places of improvements as a patience sees them. `before` is the best of the stages before.
    """

    run: str
    search: StoredSearch
    stage: StoredStage
    trials: int
    at: tuple[int, ...]
    numbers: tuple[int, ...]
    objectives: tuple[float, ...]
    marks: tuple[int, ...]
    before: float | None

    @property
    def longest_wait(self) -> int:
        """Return the most trials between two improvements: less patience would have missed one."""
        return max((b - a for a, b in pairwise((0, *self.marks))), default=0)

    def stopped(self, patience: int) -> int:
        """Return after how many told trials a stage with this patience ends."""
        last = 0
        for mark in (*self.marks, self.trials + 1):
            if mark - last > patience:
                return last + patience
            last = mark
        return self.trials

    def best(self, told: int) -> float | None:
        """Return the best objective of the first `told` trials, None if none was feasible."""
        place = bisect_right(self.at, told)
        return self.objectives[place - 1] if place else None


@define
class _Course:
    """Collects the course of a stage, trial by trial."""

    min_delta: float
    trials: int = 0
    at: list[int] = field(factory=list)
    numbers: list[int] = field(factory=list)
    objectives: list[float] = field(factory=list)
    marks: list[int] = field(factory=list)
    mark: float | None = None

    def add(self, number: int, objective: float | None) -> None:
        """Take a told trial, as `SearchMachine` judges it."""
        self.trials += 1
        if objective is None:
            return
        if self.mark is None or objective > self.mark + self.min_delta:
            self.mark = objective
            self.marks.append(self.trials)
        if not self.objectives or objective > self.objectives[-1]:
            self.at.append(self.trials)
            self.numbers.append(number)
            self.objectives.append(objective)


def courses(store: Store, run: StoredRun, search: int | None = None) -> Iterator[Course]:
    """Yield the course of each stage of a run, or of one of its searches."""
    deltas = [stage["min_delta"] for stage in json.loads(run.plan)["stages"]]
    for one in searches_of(run, search):
        yield from _of_search(store, run, one, deltas)


def _of_search(
    store: Store, run: StoredRun, search: StoredSearch, deltas: Sequence[float]
) -> Iterator[Course]:
    found = {stage.id: _Course(deltas[stage.position]) for stage in search.stages}
    sign = -1.0 if search.direction == "min" else 1.0
    for stage_id, number, fitness in store.survey.scores(search.id):
        found[stage_id].add(number, None if fitness is None else sign * fitness)
    before: float | None = None
    for stage in search.stages:
        one = found[stage.id]
        yield Course(
            *(run.name, search, stage, one.trials, tuple(one.at), tuple(one.numbers)),
            *(tuple(one.objectives), tuple(one.marks), before),
        )
        if one.objectives:
            best = one.objectives[-1]
            before = best if before is None else max(before, best)


@frozen
class StageResult:
    """The best of a stage: `fitness` of trial `trial`, found as trial `found` of its `trials`.

    `after` are the trials after it, `longest_wait` the most between two improvements. `gained` is
    by how much it is better than the stages before, 0 if it is not, None for the first that found
    something. What is unknown is None: no trial was feasible.
    """

    run: str
    search: int
    name: str
    stage: str
    method: str
    trials: int
    fitness: float | None
    trial: int | None
    found: int | None
    after: int | None
    longest_wait: int
    gained: float | None


def stage_result(course: Course) -> StageResult:
    """Return the best of a stage."""
    search, stage = course.search, course.stage
    own = (course.run, search.number, search.name, stage.name, stage.method, course.trials)
    if not course.objectives:
        return StageResult(*own, None, None, None, None, 0, None)
    objective, at = course.objectives[-1], course.at[-1]
    fitness = turned(objective, search.direction)
    gained = None if course.before is None else max(0.0, objective - course.before)
    return StageResult(
        *(*own, fitness, course.numbers[-1], at, course.trials - at, course.longest_wait, gained)
    )


@frozen
class PatienceResult:
    """What a patience would have done to the runs of a stage; they are `courses` together.

    It would have ended `ended` of them earlier, and `saved` trials of `trials`. In `missed` of them
    it would have missed the best; `lost` is the most of their fitness that it would have cost.
    """

    stage: str
    method: str
    patience: int
    courses: int
    ended: int
    trials: int
    saved: int
    missed: int
    lost: float


def patience_results(found: Iterable[Course]) -> Iterator[PatienceResult]:
    """Yield, for each stage, what each patience that ends one of its courses would have done."""
    groups: dict[tuple[str, str], list[Course]] = {}
    for course in found:
        groups.setdefault((course.stage.name, course.stage.method), []).append(course)
    for (stage, method), group in groups.items():
        for patience in PATIENCES:
            one = _patience(stage, method, patience, group)
            if one.ended:
                yield one


def _patience(stage: str, method: str, patience: int, group: Sequence[Course]) -> PatienceResult:
    ends = [course.stopped(patience) for course in group]
    saved = [course.trials - end for course, end in zip(group, ends, strict=True)]
    losses = [_loss(course, end) for course, end in zip(group, ends, strict=True)]
    known = [loss for loss in losses if loss is not None]
    return PatienceResult(
        *(stage, method, patience, len(group), sum(map(bool, saved))),
        *(sum(course.trials for course in group), sum(saved)),
        *(sum(loss is None or loss > 0 for loss in losses), max(known, default=0.0)),
    )


def _loss(course: Course, end: int) -> float | None:
    """Return what is lost if a stage ends so early, None if nothing feasible is found by then."""
    if not course.objectives:
        return 0.0
    best = course.best(end)
    return None if best is None else course.objectives[-1] - best


def document(
    run: StoredRun, stages: Iterable[StageResult], patiences: Iterable[PatienceResult]
) -> dict[str, Any]:
    """Return stages and patiences as JSON values."""
    return {
        "run": run.name,
        "stages": [asdict(one) for one in stages],
        "patience": [asdict(one) for one in patiences],
    }
