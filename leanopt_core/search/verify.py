"""Rerun trials of a run on another harness, without the cache, and compare the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import field, frozen

from leanopt_core.engines.base import PrepareContext, Report
from leanopt_core.errors import ExecutorError, StrategyError, UsageError
from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.pipeline import Choice, ExecutorSettings
from leanopt_core.pipeline.problems import ValidationError
from leanopt_core.pipeline.structure import option_fields
from leanopt_core.plugins import Registry
from leanopt_core.search.calls import Calls
from leanopt_core.search.guarded_engine import GuardedEngine
from leanopt_core.search.prepare import made_ready
from leanopt_core.search.readers import read
from leanopt_core.search.reproduce import Restored
from leanopt_core.search.unstored import Again, again, run_aside
from leanopt_core.statistics import Figure
from leanopt_core.store.records import RankedTrial, StoredRun
from leanopt_core.work import Outcome


@frozen
class Made:
    """A harness's outcome of a backtest, and its fingerprint if it has one."""

    outcome: Outcome
    fingerprint: str | None = None


@frozen
class Compared:
    """A stored backtest, and the same on another harness and on the run's own.

    `own` is None if it did not run.
    """

    stored: Again
    other: Made
    own: Made | None

    @property
    def differences(self) -> dict[str, tuple[Figure, Figure]]:
        """Return the statistics that differ: stored value, other harness's value."""
        return _differences(self.stored.outcome, self.other.outcome)

    @property
    def repeated(self) -> bool:
        """Return whether the run's own harness repeats the stored statistics, if it ran."""
        return self.own is None or not _differ(self.stored.outcome, self.own.outcome)

    @property
    def alike(self) -> bool | None:
        """Return whether the fingerprints are equal, None if one is unknown."""
        one, two = self.own and self.own.fingerprint, self.other.fingerprint
        return None if one is None or two is None else one == two

    @property
    def equal(self) -> bool:
        """Return whether nothing differs."""
        return not _differ(self.stored.outcome, self.other.outcome) and self.alike is not False


@frozen
class Verification:
    """The result; `harness` is the run's own, `other` the one it is compared with.

    `changed` means that the strategy's files have changed since the run.
    """

    run: str
    harness: str
    other: str
    compared: tuple[Compared, ...]
    changed: bool = False

    @property
    def different(self) -> int:
        """Return the number of backtests that differ."""
        return sum(not one.equal for one in self.compared)

    @property
    def repeated(self) -> bool:
        """Return whether the run's own harness repeats the stored results, as far as it ran."""
        return all(one.repeated for one in self.compared)


def _differ(stored: Outcome, made: Outcome) -> bool:
    return made.statistics is None or bool(_differences(stored, made))


def _differences(stored: Outcome, made: Outcome) -> dict[str, tuple[Figure, Figure]]:
    if stored.statistics is None or made.statistics is None:
        return {}
    before, now = stored.statistics.values, made.statistics.values
    both = {name: (before.get(name), now.get(name)) for name in sorted({*before, *now})}
    return {name: pair for name, pair in both.items() if pair[0] != pair[1]}


_NOTHING: frozenset[str] = frozenset()

#: Called with the harness, the number of its finished backtests, and their total.
Progress = Callable[[str, int, int], None]


def verify(
    run: StoredRun,
    trials: Sequence[RankedTrial],
    registry: Registry,
    project: Path,
    *,
    against: str,
    workers: int | None,
    report: Report,
    progress: Progress,
    calls: Calls | None = None,
) -> Verification:
    """Run the backtests of `trials` on the harness `against` and compare them.

    Strategy, data and engine are the current ones. `workers` defaults to the run's number, `calls`
    notes the calls into plugins.
    Raises UsageError if the engine has no such harness, or there is nothing to compare.
    """
    restored = Restored(run, registry, project)
    own, executor = _kept(restored, run.name)
    other = _on(restored, own, against)
    harness = _name(restored.strategy.get("harness"))
    backtests = [
        backtest
        for ranked in trials
        for backtest in again(
            ranked.search, ranked.trial, restored.space, restored.searched(ranked.search)
        )
    ]
    if not backtests:
        raise UsageError(f"run {run.name} has no completed trial")
    rerun = _Rerun(restored, executor, backtests, workers, report, progress, calls)
    made = rerun.made(other, against)
    known = harness != against and any(one.fingerprint for one in made)
    mine = rerun.made(own, harness) if known else [None] * len(made)
    compared = tuple(map(Compared, backtests, made, mine))
    changed = rerun.sources != {restored.plan["source"]}
    return Verification(run.name, harness, against, compared, changed=changed)


def _kept(restored: Restored, name: str) -> tuple[Choice, ExecutorSettings]:
    """Return the run's engine and executor."""
    try:
        return restored.engine(), restored.executor()
    except (UsageError, ValidationError) as error:
        raise UsageError(f"run {name} cannot be rerun: {error}") from None


def _on(restored: Restored, own: Choice, harness: str) -> Choice:
    """Return the engine with this harness."""
    if "harness" not in option_fields(own.registered.spec.options):
        raise UsageError(f"engine {own.use!r} has no option 'harness', so it has only one harness")
    try:
        return restored.engine(harness=harness)
    except ValidationError as error:
        raise UsageError(f"engine {own.use!r} has no harness {harness!r}: {error}") from None


def _name(harness: object) -> str:
    return " ".join(map(str, harness)) if isinstance(harness, list) else str(harness)


@frozen
class _Rerun:
    """The backtests to run on each harness."""

    restored: Restored
    executor: ExecutorSettings
    backtests: Sequence[Again]
    workers: int | None
    report: Report
    progress: Progress
    calls: Calls | None
    sources: set[str] = field(factory=set)

    def made(self, engine: Choice, harness: str) -> list[Made]:
        """Run the backtests on one harness; raises StrategyError if it cannot run them."""
        try:
            return self._made(engine, harness)
        except StrategyError as error:
            said = f"harness {harness!r} cannot run the strategy as the run did:\n{error}"
            raise StrategyError(said) from None

    def _made(self, engine: Choice, harness: str) -> list[Made]:
        space, scenarios = self.restored.space, self.restored.scenarios
        parameters = (*space.names, *space.fixed)
        context = PrepareContext(
            parameters, (*scenarios.values(),), allow_unread=True, report=self.report
        )
        settings = self.executor
        folder, passed = self.restored.folder, self.restored.environment()
        with made_ready(
            engine, settings, folder, context, calls=self.calls, environment=passed
        ) as ready:
            self.sources.add(ready.build.source)
            workers = ready.executor.workers(self.workers or settings.workers)
            # No time limit: the run's limit suits its own harness, and others may be slower.
            with Pool[int](
                ready.executor,
                ready.build.launch,
                workers=min(workers, len(self.backtests)),
                memory_limit=settings.memory_limit,
                retries=settings.retries,
                start_limit=settings.start_limit,
                start_patience=settings.start_patience,
                report=self.report,
            ) as pool:
                return self._run(pool, ready.engine, harness)

    def _run(self, pool: Pool[int], engine: GuardedEngine, harness: str) -> list[Made]:
        asked = [one.backtest for one in self.backtests]
        made: dict[int, Made] = {}
        for one in run_aside(asked, workers=pool, engine=engine, outputs=_NOTHING):
            made[one.ticket] = _read(one, engine, self.backtests[one.ticket])
            self.progress(harness, len(made), len(asked))
        return [made[ticket] for ticket in sorted(made)]


def _read(finished: Finished[int], engine: GuardedEngine, one: Again) -> Made:
    if finished.answer is None:
        return Made(Outcome(failure=finished.failure))
    try:
        fingerprint = engine.fingerprint(finished.answer)
    except ExecutorError:
        # `read` reports that the worker has died.
        fingerprint = None
    return Made(read(engine, finished.answer, one.backtest, _NOTHING), fingerprint)
