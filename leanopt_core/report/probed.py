"""The plateau of one stored trial, with the neighbours that its search has not tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from leanopt_core.canonical import as_stored
from leanopt_core.engines.base import Report
from leanopt_core.errors import UsageError
from leanopt_core.fitness import turned
from leanopt_core.pipeline import Pipeline
from leanopt_core.plugins import Registry
from leanopt_core.report.chosen import rule_of
from leanopt_core.report.subject import Selection
from leanopt_core.search.calls import Calls
from leanopt_core.search.plateau import ENOUGH, Neighbourhood, Plateau
from leanopt_core.search.prepare import Prepared, build_scorer
from leanopt_core.search.reproduce import Restored
from leanopt_core.search.single import PointResult, backtest_points
from leanopt_core.search.single_runner import Progress
from leanopt_core.space import Value
from leanopt_core.stage import Told
from leanopt_core.store.store import Store
from leanopt_core.trial import Score


@frozen
class ProbedNeighbour:
    """A neighbour: the parameters in which it differs, its score, and whether it ran just now."""

    changed: Mapping[str, Value]
    score: Score
    new: bool


@frozen
class ProbedPlateau:
    """The plateau of a trial with all its neighbours, in the order in which they run.

    `fitness` is what it is worth as a fitness.
    """

    trial: int
    rule: Plateau
    whole: Neighbourhood
    fitness: float | None
    neighbours: tuple[ProbedNeighbour, ...]

    @property
    def new(self) -> int:
        """Return how many neighbours ran just now."""
        return sum(one.new for one in self.neighbours)


def of_its_search(pipeline: Pipeline, of: Selection, registry: Registry) -> Pipeline:
    """Return the pipeline with the space of the trial's run and the scenarios of its search.

    Raises UsageError if the trial can have no plateau: none of its parameters has an order.
    """
    restored = Restored(of.run, registry, pipeline.folder)
    scenarios = restored.searched(of.search)
    found = evolve(pipeline, space=restored.space, scenarios=scenarios, separate=False)
    rule, trial = plateau_rule(of), of.trial
    assert trial is not None  # noqa: S101 - the caller has chosen one
    if len(list(rule.neighbours(restored.space.point_at(trial.grid_index)))) < ENOUGH:
        raise UsageError(
            f"--probe-plateau: trial {of.name} has fewer than {ENOUGH} neighbours within its grid, "
            "so no plateau"
        )
    return found


def plateau_rule(of: Selection) -> Plateau:
    """Return what a plateau is in the plan of the trial's run; by default, if it has none."""
    table = rule_of(of.run)
    return Plateau(of.run.space, table.radius, table.statistic)


def probe(
    ready: Prepared,
    store: Store,
    of: Selection,
    score: Score,
    *,
    workers: int | None,
    report: Report,
    progress: Progress,
    calls: Calls,
) -> ProbedPlateau:
    """Backtest the neighbours of a trial that the store does not know, and return its plateau.

    `score` is the trial's own, in `ready`, whose pipeline is from `of_its_search`. The other
    arguments are those of `backtest_points`.
    """
    rule, trial = plateau_rule(of), of.trial
    assert trial is not None  # noqa: S101 - the caller has chosen one
    space = rule.space
    centre = space.point_at(trial.grid_index)
    near = list(rule.neighbours(centre))
    results = backtest_points(
        *(ready, store, [space.values(point) for point in near]),
        workers=workers,
        report=report,
        progress=progress,
    )
    scorer = build_scorer(ready.pipeline, calls)
    scores = [scorer(one.outcomes) for one in results]
    known = {point: _objective(one) for point, one in zip(near, scores, strict=True)}
    whole = rule.around(Told(trial.number, centre, _objective(score), 0.0), known)
    own = space.values(centre)
    return ProbedPlateau(
        trial.number,
        rule,
        whole,
        turned(whole.value, of.run.searches[of.search - 1].direction),
        tuple(
            ProbedNeighbour(_changed(own, space.values(point)), found, _new(result))
            for point, found, result in zip(near, scores, results, strict=True)
        ),
    )


def _objective(score: Score) -> float | None:
    return score.objective if score.feasible else None


def _new(result: PointResult) -> bool:
    return any(not one.cached for one in result.backtests)


def _changed(own: Mapping[str, Value], other: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in other.items() if value != own[name]}


def probed_document(found: ProbedPlateau) -> dict[str, Any]:
    """Return the plateau as JSON values."""
    return {
        "trial": found.trial,
        "statistic": found.rule.statistic,
        "radius": found.rule.radius,
        "value": found.fitness,
        "run": found.new,
        "neighbours": [
            {
                "parameters": as_stored(dict(one.changed)),
                "fitness": one.score.fitness,
                "violation": one.score.violation,
                "failure": one.score.failure,
                "from_cache": not one.new,
            }
            for one in found.neighbours
        ],
    }
