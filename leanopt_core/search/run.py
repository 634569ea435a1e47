"""Run a checked pipeline: prepare, choose the run, search."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Any, Final, TypeAlias

from attrs import evolve, frozen

from leanopt_core.engines.base import documents_on_demand
from leanopt_core.errors import InputsChangedError, LeanoptError, PatienceError
from leanopt_core.executors.places import PlacedWorkers
from leanopt_core.executors.pool import Pool
from leanopt_core.pipeline import Pipeline
from leanopt_core.pipeline.older import stop_when_failing
from leanopt_core.pipeline.statistic_names import statistics_of
from leanopt_core.plugins import Registry
from leanopt_core.project_files import LOCKS, STORE
from leanopt_core.scoring import Scorer, SeveralScorer
from leanopt_core.search.active import SearchSetup
from leanopt_core.search.advice import advice, size_of
from leanopt_core.search.artifacts import ArtifactKeeper
from leanopt_core.search.ask_watch import AskWatch
from leanopt_core.search.calls import Calls
from leanopt_core.search.choice import ADVICE, Chosen, choose
from leanopt_core.search.clock import ClockWatch
from leanopt_core.search.events import Noted, Preparing, RunEnded, RunStarted, Screen, Warned
from leanopt_core.search.input_watch import InputWatch
from leanopt_core.search.inputs import Inputs
from leanopt_core.search.interrupt import Interrupts
from leanopt_core.search.judging import Judge
from leanopt_core.search.ledger import Ledger
from leanopt_core.search.lock import run_lock, turn
from leanopt_core.search.looks import declared
from leanopt_core.search.loop import Interrupted, RunLoop
from leanopt_core.search.manifest import Manifest
from leanopt_core.search.notifier import Checks, Notifier
from leanopt_core.search.opened import OpenedFiles, opened_files
from leanopt_core.search.opened_watch import OpenedWatch
from leanopt_core.search.options import RunOptions
from leanopt_core.search.pools import worker_pool
from leanopt_core.search.prepare import Prepared, build_scorer, build_sink, label, prepared
from leanopt_core.search.read_types import AlikeCheck, TypeCheck
from leanopt_core.search.repeats import DiffersError
from leanopt_core.search.resume import changes
from leanopt_core.search.setup import run_sinks, setups
from leanopt_core.search.unread import ReadCheck
from leanopt_core.search.unreported import UnreportedCheck
from leanopt_core.search.unstored import best_again, keep_documents
from leanopt_core.search.wanted import Wanted
from leanopt_core.search.warm_check import WarmCheck
from leanopt_core.search.watchdog import SharedScreen, Watchdog
from leanopt_core.store.opened import OpenedSets
from leanopt_core.store.records import RunState, StoredRun
from leanopt_core.store.store import Store, open_store
from leanopt_core.store.writer import Writer

#: Makes the checks of data and sources, from these, the run's ledger and what wakes its loop.
WatchInputs: TypeAlias = Callable[[Inputs[Any], Ledger, Callable[[], None]], InputWatch]

_OTHERS: Final = "files that the strategy had opened in this run are others now"


def run_pipeline(
    pipeline: Pipeline,
    registry: Registry,
    screen: Screen,
    *,
    wanted: Wanted | None = None,
    allow_unread: bool = False,
    skip_build: bool = False,
    verify_data: bool = False,
    manifest: Manifest | None = None,
    interrupts: Interrupts | None = None,
    watch: Callable[[Calls, SharedScreen], Watchdog] = Watchdog,
    input_watch: WatchInputs = InputWatch,
) -> StoredRun:
    """Run a pipeline until it ends or a signal stops it, and return the run.

    `wanted` says which run to continue or begin; one that has finished is returned as it is.
    `verify_data` hashes data files again whose hashes are cached. A project that differs from
    `manifest` is an error. Raises a LeanoptError; what has finished is in the store. Without
    `interrupts`, signals are handled during this call; before the run starts, a signal raises
    KeyboardInterrupt. `watch` makes the watchdog of the calls into plugins, which also uses
    `screen`, `input_watch` the checks of data and sources.
    """
    size = size_of(pipeline.space)
    if size.warning:
        screen.observe(Warned(size.warning))
    shared = SharedScreen(screen)
    with (
        nullcontext(interrupts) if interrupts else Interrupts() as signals,
        signals.calls.handlers.warning(lambda text: shared.observe(Warned(text))),
        open_store(
            pipeline.folder / STORE,
            durability=pipeline.search.durability,
            tell=lambda text: shared.observe(Noted(text)),
        ) as store,
        watch(signals.calls, shared),
        prepared(
            pipeline,
            hashed=_hashing(store, shared, verify=verify_data),
            allow_unread=allow_unread,
            skip_build=skip_build,
            report=lambda text: shared.observe(Preparing(text)),
            calls=signals.calls,
        ) as ready,
    ):
        for warning in _warnings(ready, manifest):
            shared.observe(Warned(warning))
        store.check_plan(ready.plan.hash)
        for warning in declared(store, pipeline):
            shared.observe(Warned(warning))
        options = RunOptions.of(pipeline, allow_unread=allow_unread, skip_build=skip_build)
        runner = _Runner(store, ready, registry, shared, signals, options, input_watch)
        return runner.run(wanted or Wanted())


def _warnings(ready: Prepared, manifest: Manifest | None) -> Iterator[str]:
    """Yield warnings before a run; raises an error if the project differs from `manifest`."""
    yield from (*ready.pipeline.notes, *ready.build.notes, *ready.refusals)
    if manifest is not None and (differs := manifest.check(ready)):
        yield differs


@frozen
class _Runner:
    """A prepared pipeline with all that a run of it needs."""

    store: Store
    ready: Prepared
    registry: Registry
    screen: SharedScreen
    signals: Interrupts
    options: RunOptions
    input_watch: WatchInputs

    def run(self, wanted: Wanted) -> StoredRun:
        """Take the wanted run to its end, unless it has finished, and return it."""
        try:
            return self._run(wanted)
        except DiffersError as error:
            if not wanted.accept_changes:
                raise
            reason = str(error).removesuffix(f"\n{ADVICE}")
            self.screen.observe(Noted(f"a new run begins, since {reason}"))
            return self._run(Wanted(again=True))

    def _run(self, wanted: Wanted) -> StoredRun:
        plugins = _run_plugins(self.ready, self.signals.calls)
        with self._taken_up(plugins.scorer, wanted) as chosen:
            self._tell(chosen)
            if chosen.how != "shown":
                session = self._session(chosen.run, _as_begun(plugins, chosen.run))
                session.search(resumed=chosen.how == "resumed")
        return self.store.runs.get(chosen.run.id)

    @contextmanager
    def _taken_up(self, scorer: Scorer | SeveralScorer, wanted: Wanted) -> Iterator[Chosen]:
        """Choose the run, and hold its lock unless it has finished, as one atomic step."""
        locks = self.ready.pipeline.folder / LOCKS
        with ExitStack() as held:
            # Until the run is locked, another process could resume or delete it.
            with turn(locks):
                # Before the run is stored: from then on its end must be stored too.
                held.enter_context(self.signals.deferred())
                chosen = choose(self.store, self.ready, scorer, wanted, self.options.to_dict())
                if chosen.how != "shown":
                    held.enter_context(run_lock(locks, chosen.run.name))
            if chosen.how == "resumed":
                chosen = evolve(chosen, run=self._resumed(chosen.run.id))
            yield chosen

    def _resumed(self, run_id: int) -> StoredRun:
        """Let a run begin again, without what others have found to come from changed files."""
        if lost := self.store.runs.take_back(run_id).trials:
            self.screen.observe(
                Warned(
                    "another run has found that data or sources had changed while it ran, and this "
                    f"run had used backtests of it: trials told since are taken back ({lost})"
                )
            )
        return self.store.runs.resume(run_id)

    def _tell(self, chosen: Chosen) -> None:
        """Say which run was chosen, and what differs from when it began."""
        run, shown = chosen.run, chosen.how == "shown"
        if chosen.note:
            self.screen.observe(Noted(chosen.note))
        if chosen.how != "begun" and (changed := changes(run, self.ready, shown=shown)):
            self.screen.observe(Warned(changed))
        if shown:
            opened = self.store.opened(opened_files(self.ready, self.store.hash_file).same)
            if others := opened.changed(run.id):
                said = f"{_OTHERS}: {', '.join(others)}; --again runs it with the new ones"
                self.screen.observe(Warned(said))

    def _session(self, run: StoredRun, plugins: _RunPlugins) -> _Session:
        store, ready, calls = self.store, self.ready, self.signals.calls
        checks = _checks(ready, run, allow_unread=self.options.allow_unread)
        sinks = run_sinks(ready, partial(store.reader.taken, run), calls)
        notifier = Notifier(run.name, self.registry, self.screen, sinks, checks, calls)
        return _Session(store, ready, run, plugins, notifier, self.signals, self.input_watch)


def _hashing(store: Store, screen: SharedScreen, *, verify: bool) -> Callable[[Path], str]:
    """Return what hashes data files: from the store, or with `verify` each again."""
    return partial(store.hash_again, differs=_differs(screen)) if verify else store.hash_file


def _differs(screen: SharedScreen) -> Callable[[Path], None]:
    """Return a function that warns of a file that has changed without looking otherwise."""

    def differs(path: Path) -> None:
        screen.observe(
            Warned(
                f"{path} has changed, though its size, times and inode have not: results stored "
                "under its older hash may come from either content"
            )
        )

    return differs


@frozen
class _RunPlugins:
    """The plugins of a run, built before anything is stored."""

    scorer: Scorer | SeveralScorer
    searches: tuple[SearchSetup, ...]


def _run_plugins(ready: Prepared, calls: Calls) -> _RunPlugins:
    pipeline = ready.pipeline
    scorer = build_scorer(pipeline, calls)
    for choice in pipeline.sinks:
        # Built again for the files of the run; what cannot be built is an error before it starts.
        build_sink(choice, pipeline.folder, calls)
    return _RunPlugins(scorer, tuple(setups(ready, scorer, calls)))


def _as_begun(plugins: _RunPlugins, run: StoredRun) -> _RunPlugins:
    """Return the searches as the run began: with an older plan, none ends where trials fail."""
    most = stop_when_failing(json.loads(run.plan))
    return evolve(
        plugins, searches=tuple(evolve(one, stop_when_failing=most) for one in plugins.searches)
    )


def _checks(ready: Prepared, run: StoredRun, *, allow_unread: bool) -> Checks:
    """Return the checks of how the strategy reads its parameters, and of what it reports."""
    pipeline, space = ready.pipeline, ready.pipeline.space
    named = statistics_of(pipeline)
    warned = [note.partition(": ")[0] for note in pipeline.notes]
    told = json.loads(run.execution).get("read_types")
    return Checks(
        ReadCheck((*space.names, *space.fixed), allow_unread=allow_unread),
        TypeCheck(space),
        AlikeCheck(
            space,
            ready.build.read_types,
            None if told is None else {name: frozenset(types) for name, types in told.items()},
        ),
        UnreportedCheck(one for one in named if one.key not in warned),
    )


@frozen
class _Session:
    """A run in progress."""

    store: Store
    ready: Prepared
    run: StoredRun
    plugins: _RunPlugins
    notifier: Notifier
    interrupts: Interrupts
    input_watch: WatchInputs

    def search(self, *, resumed: bool) -> None:
        """Run the searches; in any case record and report how they end."""
        files = opened_files(self.ready, self.store.hash_file)
        opened = self.store.opened(files.same)
        opened_watch = OpenedWatch(files, opened, self.notifier.warn)
        writer = self._writer(opened, resumed=resumed)
        inputs, outputs = self.ready.inputs, self.ready.pipeline.outputs
        ledger = Ledger(self.run, writer, self.store.reader, outputs, checked=bool(inputs))
        # The plan holds the hashes that were just taken: they prove what a run that died had left.
        ledger.confirm(ledger.mark, inputs.known_at)
        # An exception that is not caught below leaves it so.
        state: RunState = "failed"
        clock = ClockWatch()
        try:
            workers = self.ready.executor.workers(self.ready.pipeline.executor.workers)
            plan = self.ready.plan.to_dict()
            self.notifier.observe(RunStarted(self.run, plan, workers, resumed))
            with (
                self._pool(workers) as pool,
                self.input_watch(inputs, ledger, pool.wake) as input_watch,
            ):
                keeper = self._keeper()
                ticks = input_watch.settle, opened_watch.tick
                loop = self._loop(pool, ledger, keeper, ticks, files, resumed=resumed)
                with self.interrupts.stops(loop.interrupt):
                    loop.run()
                    self._documents(pool, keeper.later(), outputs.asked, loop.pause)
                    input_watch.finish(loop.pause)
            self.notifier.judge()
            state = "finished"
        except (Interrupted, KeyboardInterrupt):
            state = "interrupted"
        except PatienceError as error:
            self.notifier.warn(
                f"the run stops; `leanopt resume {quote(self.run.name)}` continues it: {error}"
            )
            state = "interrupted"
        except InputsChangedError:
            state = "interrupted"
            raise
        finally:
            # The sinks first: a run that is killed while they take the rest can be resumed.
            # The later callback runs first, and each whatever the others raise.
            with ExitStack() as last:
                last.callback(self.notifier.observe, RunEnded(state))
                last.callback(writer.finish, state)
                last.callback(self._taken, ledger)
                last.callback(self._clock, clock)
                self.notifier.sinks.finish(state)

    def _writer(self, opened: OpenedSets, *, resumed: bool) -> Writer:
        """Return the run's writer; warn if files that the strategy had opened have changed."""
        if resumed and (changed := opened.changed(self.run.id)):
            self.notifier.warn(
                f"{_OTHERS}: {', '.join(changed)}; its new trials depend on the new ones"
            )
        return self.store.writer(self.run, needs=self.ready.pipeline.outputs.needs, opened=opened)

    def _loop(
        self,
        pool: Pool[int],
        ledger: Ledger,
        keeper: ArtifactKeeper,
        ticks: Sequence[Callable[[], None]],
        files: OpenedFiles,
        *,
        resumed: bool,
    ) -> RunLoop:
        pipeline, scorer = self.ready.pipeline, self.plugins.scorer
        return RunLoop(
            self.plugins.searches,
            workers=pool,
            engine=self.ready.engine,
            ledger=ledger,
            judge=Judge(scorer, label("engine", pipeline.engine), resumed=resumed),
            fitness=scorer.label,
            notifier=self.notifier,
            keeper=keeper,
            outputs=pipeline.outputs,
            places=self._places(),
            ticks=ticks,
            files=files,
            check_warm=WarmCheck(pipeline.search.check_warm, pool.slots),
            ask_watch=AskWatch(pipeline.stages, pool.slots, self.interrupts.calls.clock),
        )

    def _clock(self, watch: ClockWatch) -> None:
        if warning := watch.set_back():
            self.notifier.warn(warning)

    def _taken(self, ledger: Ledger) -> None:
        """Record what the sinks took after the last commit."""
        ledger.taken(self.notifier.sinks.taken())
        ledger.commit()

    def _places(self) -> PlacedWorkers | None:
        executor = self.ready.executor
        return executor if isinstance(executor, PlacedWorkers) else None

    def _keeper(self) -> ArtifactKeeper:
        pipeline = self.ready.pipeline
        later = documents_on_demand(self.ready.engine)
        return ArtifactKeeper(pipeline.search.keep, pipeline.folder, self.run.name, later=later)

    def _documents(
        self,
        pool: Pool[int],
        later: Mapping[int, Sequence[int]],
        outputs: frozenset[str],
        pause: Callable[[], float | None],
    ) -> None:
        """Rerun the best trials for their full results."""
        warnings = keep_documents(
            best_again(later, self.plugins.searches, self.store.reader, self.run),
            workers=pool,
            engine=self.ready.engine,
            keeper=ArtifactKeeper("all", self.ready.pipeline.folder, self.run.name),
            outputs=outputs,
            pause=pause,
        )
        try:
            # The search is complete: full results that cannot be had are no failure of the run.
            for warning in warnings:
                self.notifier.warn(warning)
        except LeanoptError as error:
            self.notifier.warn(f"full results of the best trials cannot be kept: {error}")

    def _pool(self, workers: int) -> Pool[int]:
        plan = self.ready.plan
        if advised := advice(plan.most_ahead, workers, plan.steps):
            self.notifier.warn(advised)
        return worker_pool(self.ready, workers, self.notifier.warn)
