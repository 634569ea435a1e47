"""Rerun trials of a run on fresh workers, without the cache, and compare the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from attrs import evolve, field, frozen

from leanopt_core.engines.base import PrepareContext, Report
from leanopt_core.errors import StrategyError, UsageError
from leanopt_core.executors.pool import Pool
from leanopt_core.needs import NEEDS, Outputs
from leanopt_core.pipeline import Choice, ExecutorSettings
from leanopt_core.pipeline.problems import ValidationError
from leanopt_core.pipeline.structure import option_fields
from leanopt_core.plugins import Registry
from leanopt_core.search.calls import Calls
from leanopt_core.search.changes import changed_since
from leanopt_core.search.inputs import Hash
from leanopt_core.search.prepare import Ready, made_ready
from leanopt_core.search.remade import read_made
from leanopt_core.search.reproduce import Restored
from leanopt_core.search.unstored import Again, again, run_aside
from leanopt_core.search.verification import Compared, Made, Verification
from leanopt_core.store.records import StoredRun, StoredTrial
from leanopt_core.work import LASTING, Outcome

#: So many backtests that differ run twice more, each time on a worker that has run nothing.
REPEATED: Final = 5

T = TypeVar("T")

#: Called with what runs, the number of its finished backtests, and their total.
Progress = Callable[[str, int, int], None]


@frozen
class Stored:
    """A told trial to verify: its search, from 1, and its outcomes with all that is stored."""

    search: int
    trial: StoredTrial
    outcomes: Mapping[int, Outcome]


def verify(
    run: StoredRun,
    trials: Iterable[Stored],
    registry: Registry,
    project: Path,
    *,
    against: str | None,
    tolerance: float,
    workers: int | None,
    hashed: Hash,
    report: Report,
    progress: Progress,
    calls: Calls | None = None,
    outputs: frozenset[str] = frozenset(),
) -> Verification:
    """Run the backtests of `trials` again, and compare them.

    They run on workers started for this, on the harness `against`, by default on the run's own.
    Strategy, data and engine are the current ones; `hashed` returns the hash of a data file.
    `workers` defaults to the run's number, `calls` notes the calls into plugins. `outputs` are some
    of `NEEDS` to make although they are not stored. Raises UsageError if the engine has no such
    harness, or there is nothing to compare.
    """
    restored = Restored(run, registry, project)
    own, executor = _kept(restored, run.name)
    other = own if against is None else _on(restored, own, against)
    harness = _name(restored.strategy.get("harness", own.use))
    backtests = [one for stored in trials for one in _again(stored, restored)]
    if not backtests:
        raise UsageError(f"run {run.name} has no backtest to compare: no trial completed")
    rerun = _Rerun(
        *(restored, executor, backtests, tolerance, workers, hashed, report, progress, calls),
        outputs=outputs,
    )
    compared = rerun.compared(other, against or harness)
    known = against not in (None, harness) and any(one.other.fingerprint for one in compared)
    if known:
        mine = rerun.made(own, harness)
        compared = [evolve(one, own=made) for one, made in zip(compared, mine, strict=True)]
    return Verification(
        run.name, harness, against, tolerance, tuple(compared), tuple(rerun.changed)
    )


def _again(stored: Stored, restored: Restored) -> Iterable[Again]:
    """Yield the backtests of a trial whose result is a property of the backtest itself."""
    search = stored.search
    scenarios = (*restored.searched(search), *restored.tested(search), *restored.cuts(search))
    for one in again(stored.search, stored.trial, restored.space, scenarios, stored.outcomes):
        failure = one.outcome.failure
        if one.outcome.statistics is not None or (failure and failure.category in LASTING):
            yield one


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
    tolerance: float
    workers: int | None
    hashed: Hash
    report: Report
    progress: Progress
    calls: Calls | None
    outputs: frozenset[str] = frozenset()
    changed: list[str] = field(factory=list)

    def compared(self, engine: Choice, harness: str) -> list[Compared]:
        """Run the backtests on one harness, and some of those that differ twice more."""

        def work(ready: Ready) -> list[Compared]:
            made = self._run(ready, self.backtests, harness)
            found = [
                Compared(one, two, tolerance=self.tolerance)
                for one, two in zip(self.backtests, made, strict=True)
            ]
            differing = [place for place, one in enumerate(found) if not one.equal][:REPEATED]
            twice = [self.backtests[place] for place in differing for _ in range(2)]
            label = f"{harness}, each on a worker of its own"
            repeats = self._run(ready, twice, label, recycle_after=1) if twice else []
            for at, place in enumerate(differing):
                found[place] = evolve(found[place], repeats=tuple(repeats[2 * at : 2 * at + 2]))
            return found

        return self._with(engine, harness, work)

    def made(self, engine: Choice, harness: str) -> list[Made]:
        """Run the backtests on one harness."""
        run = partial(self._run, backtests=self.backtests, name=harness)
        return self._with(engine, harness, run)

    def _with(self, engine: Choice, harness: str, work: Callable[[Ready], list[T]]) -> list[T]:
        """Prepare a harness for `work`; raises StrategyError if it cannot run the strategy."""
        space, scenarios = self.restored.space, self.restored.scenarios
        context = PrepareContext(
            (*space.names, *space.fixed),
            (*scenarios.values(),),
            allow_unread=True,
            # Without data for one symbol, the others can still run again.
            separate=len(self.restored.plan["searches"]) > 1,
            report=self.report,
        )
        ready_on = partial(
            made_ready,
            *(engine, self.executor, self.restored.folder, context),
            calls=self.calls,
            environment=self.restored.environment(),
        )
        try:
            with ready_on() as ready:
                # The run's own harness comes last, if it runs: other files may count on another.
                self.changed[:] = changed_since(self.restored, ready, engine, self.hashed)
                return work(ready)
        except StrategyError as error:
            said = f"harness {harness!r} cannot run the strategy as the run did:\n{error}"
            raise StrategyError(said) from None

    def _run(
        self,
        ready: Ready,
        backtests: Sequence[Again],
        name: str,
        recycle_after: int | None = None,
    ) -> list[Made]:
        settings, asked = self.executor, [one.backtest for one in backtests]
        workers = ready.executor.workers(self.workers or settings.workers)
        outputs = _outputs(backtests, self.outputs)
        # No time limit: the run's limit suits its own harness, and others may be slower.
        with Pool[int](
            ready.executor,
            ready.build.launch,
            workers=min(workers, len(backtests)),
            memory_limit=settings.memory_limit,
            recycle_after=recycle_after,
            retries=settings.retries,
            start_limit=settings.start_limit,
            start_patience=settings.start_patience,
            report=self.report,
        ) as pool:
            made: dict[int, Made] = {}
            for one in run_aside(asked, workers=pool, engine=ready.engine, outputs=outputs):
                backtest = asked[one.ticket]
                made[one.ticket] = read_made(ready.engine, one, backtest, outputs)
                self.progress(name, len(made), len(asked))
        return [made[ticket] for ticket in sorted(made)]


def _outputs(backtests: Sequence[Again], also: frozenset[str]) -> frozenset[str]:
    """Return what to ask for, so that all that is stored can be compared, and `also` is made."""
    stored = {name for one in backtests for name in NEEDS if getattr(one.outcome, name) is not None}
    return Outputs(stored=also | stored).asked
