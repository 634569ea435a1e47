"""Look at what a search must not see: its trials on the days or symbols held out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import evolve, field, frozen

from leanopt_core.canonical import as_stored, canonical_json
from leanopt_core.engines.base import Report
from leanopt_core.errors import ResumeError, UsageError
from leanopt_core.fitness import FitnessContext
from leanopt_core.holdout import Holdout
from leanopt_core.pipeline import Pipeline
from leanopt_core.plugins import Registry
from leanopt_core.search.calls import Calls
from leanopt_core.search.changes import environment_changed, source_changed
from leanopt_core.search.commands import most_told
from leanopt_core.search.options import RunOptions
from leanopt_core.search.prepare import Prepared, build_scorer, prepared
from leanopt_core.search.reproduce import Restored
from leanopt_core.search.setup import budget
from leanopt_core.search.single import PointBacktest, PointResult, backtest_points
from leanopt_core.search.single_runner import Progress
from leanopt_core.store.records import StoredRun, StoredTrial
from leanopt_core.store.store import Store
from leanopt_core.trial import Score


@frozen
class Candidate:
    """A trial to look at: its search, from 1, and its rank in the run if it was chosen by that."""

    search: int
    trial: StoredTrial
    rank: int | None = None


@frozen
class HeldOut:
    """A trial's score and backtests on the holdout.

    `looked_at` is when its point was first backtested there (UTC, ISO 8601), None if no backtest
    completed. `new` says that this look was the first.
    """

    candidate: Candidate
    score: Score
    backtests: tuple[PointBacktest, ...]
    looked_at: str | None
    new: bool


@frozen
class HoldoutLook:
    """A look at a holdout: its trials, and how many points of the strategy were ever looked at.

    `forgotten` counts trials of deleted runs that read the same days or symbols, and whose points
    are not known.
    """

    run: StoredRun
    holdout: Holdout
    trials: tuple[HeldOut, ...]
    looks: int
    forgotten: int


@frozen
class HoldoutRunner:
    """Backtests trials of a run on the holdout of its `pipeline`, as that is today.

    `options` are those that the run began with. `report` gets what is prepared, `warn` warnings,
    `progress` the number of finished backtests and their total; `calls` notes the calls into
    plugins.
    """

    store: Store
    run: StoredRun
    pipeline: Pipeline
    registry: Registry
    options: RunOptions
    report: Report
    warn: Report
    progress: Progress
    calls: Calls
    accept_changes: bool = False
    workers: int | None = None
    _restored: Restored = field(init=False)

    @_restored.default
    def _restore(self) -> Restored:
        return Restored(self.run, self.registry, self.pipeline.folder)

    def look(self, candidates: Sequence[Candidate]) -> HoldoutLook:
        """Return these trials on the holdout, in their order.

        Raises UsageError if the pipeline has no holdout or the run has searched it, ResumeError if
        the strategy is another one than in the run; else as `backtest_points` does.
        """
        holdout = self.pipeline.holdout
        if holdout is None:
            raise UsageError(
                f"{self.pipeline.file} has no [holdout]: give start and end, or symbols, that the "
                "search does not read"
            )
        looks, strategy = self.store.looks, self.run.strategy
        for search in {one.search for one in candidates}:
            self._check_unseen(holdout, search)
        before = looks.at(strategy, holdout)
        by_search: dict[int, list[Candidate]] = {}
        for one in candidates:
            by_search.setdefault(one.search, []).append(one)
        made = [one for each in by_search.values() for one in self._backtests(holdout, each)]
        after = looks.at(strategy, holdout)
        held = []
        for candidate, result, score in made:
            point = canonical_json(dict(result.parameters))
            new = point in after and point not in before
            held.append(HeldOut(candidate, score, result.backtests, after.get(point), new))
        held.sort(key=lambda one: candidates.index(one.candidate))
        forgotten = looks.forgotten(strategy, holdout)
        return HoldoutLook(self.run, holdout, tuple(held), len(after), forgotten)

    def _check_unseen(self, holdout: Holdout, search: int) -> None:
        restored = self._restored
        for scenario in (*restored.searched(search), *restored.tested(search)):
            if holdout.overlaps(scenario.settings()):
                raise UsageError(
                    f"run {self.run.name} has searched the holdout ({holdout}) itself: scenario "
                    f"{scenario.name!r} overlaps it"
                )

    def _backtests(
        self, holdout: Holdout, candidates: Sequence[Candidate]
    ) -> Iterator[tuple[Candidate, PointResult, Score]]:
        """Backtest trials of one search on the holdout, and score them."""
        space, searched = self._restored.space, self._restored.searched(candidates[0].search)
        pipeline = evolve(
            self.pipeline,
            space=space,
            scenarios=holdout.scenarios(searched),
            separate=False,
            split=None,
            strategy_id=self.run.strategy,
        )
        scorer = build_scorer(pipeline, self.calls)
        stages = [stage.trials for stage in pipeline.stages]
        points = [space.values(space.point_at(one.trial.grid_index)) for one in candidates]
        with prepared(
            pipeline,
            hashed=self.store.hash_file,
            allow_unread=self.options.allow_unread,
            skip_build=self.options.skip_build,
            report=self.report,
            calls=self.calls,
        ) as ready:
            self._compare(ready)
            trials = most_told(stages, budget(ready.plan, len(searched)))
            for note in ready.build.notes:
                self.warn(note)
            results = backtest_points(
                ready,
                self.store,
                points,
                workers=self.workers,
                report=self.warn,
                progress=self.progress,
            )
        for candidate, result in zip(candidates, results, strict=True):
            yield candidate, result, scorer(result.outcomes, FitnessContext(search_trials=trials))

    def _compare(self, ready: Prepared) -> None:
        """Raise ResumeError if the strategy has changed since the run; warn of other changes."""
        name, restored = self.run.name, self._restored
        if (source := source_changed(restored, ready.build)) is not None:
            if not self.accept_changes:
                raise ResumeError(
                    f"{source} since run {name}: in and out of sample would be of two strategies; "
                    "run the search again, or look all the same with --accept-changes"
                )
            self.warn(f"{source} since run {name}: in sample is of the earlier ones")
        elif changed := environment_changed(restored, ready.build):
            self.warn(f"{changed} since run {name}")
        if as_stored(ready.plan.to_dict())["scoring"] != restored.plan["scoring"]:
            self.warn(
                f"[fitness] or [constraints] have changed since run {name}: out of sample is by "
                "the new ones"
            )
