"""Run a checked pipeline: prepare, choose the run, search."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from leanopt_core.engines.base import documents_on_demand
from leanopt_core.errors import InputsChangedError, LeanoptError, PatienceError
from leanopt_core.executors.places import PlacedWorkers
from leanopt_core.executors.pool import Pool
from leanopt_core.fitness import Direction
from leanopt_core.pipeline import Pipeline
from leanopt_core.plugins import Registry
from leanopt_core.project_files import LOCKS, STORE
from leanopt_core.scoring import Scorer
from leanopt_core.search.advice import advice, size_of
from leanopt_core.search.artifacts import ArtifactKeeper
from leanopt_core.search.calls import Calls
from leanopt_core.search.choice import Chosen, choose
from leanopt_core.search.events import Noted, Preparing, RunEnded, RunStarted, Screen, Warned
from leanopt_core.search.input_watch import InputWatch
from leanopt_core.search.inputs import Inputs
from leanopt_core.search.interrupt import Interrupts
from leanopt_core.search.judging import Judge
from leanopt_core.search.ledger import Ledger
from leanopt_core.search.lock import run_lock, turn
from leanopt_core.search.loop import Interrupted, RunLoop, SearchSetup
from leanopt_core.search.notifier import Checks, Notifier
from leanopt_core.search.opened import opened_files
from leanopt_core.search.options import RunOptions
from leanopt_core.search.prepare import Prepared, build_fitness, build_sink, label, prepared
from leanopt_core.search.read_types import AlikeCheck, TypeCheck
from leanopt_core.search.repeats import DiffersError
from leanopt_core.search.resume import changes
from leanopt_core.search.setup import run_sinks, setups
from leanopt_core.search.unread import ReadCheck
from leanopt_core.search.unstored import best_again, keep_documents
from leanopt_core.search.wanted import Wanted
from leanopt_core.search.watchdog import SharedScreen, Watchdog
from leanopt_core.store.records import RunState, StoredRun
from leanopt_core.store.store import Store, open_store

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
    interrupts: Interrupts | None = None,
    watch: Callable[[Calls, SharedScreen], Watchdog] = Watchdog,
    input_watch: Callable[[Inputs[Any], Ledger, Callable[[], None]], InputWatch] = InputWatch,
) -> StoredRun:
    """Run a pipeline until it ends or a signal stops it, and return the run.

    `wanted` says which run to continue or begin; one that has finished is returned as it is.
    `verify_data` hashes data files again whose hashes are cached. Raises a LeanoptError; what has
    finished is in the store. Without `interrupts`, signals are handled during this call; before the
    run starts, a signal raises KeyboardInterrupt. `watch` makes the watchdog of the calls into
    plugins, which also uses `screen`, `input_watch` the checks of data and sources.
    """
    wanted = wanted or Wanted()
    size = size_of(pipeline.space)
    if size.warning:
        screen.observe(Warned(size.warning))
    store_file = pipeline.folder / STORE
    shared = SharedScreen(screen)
    with (
        nullcontext(interrupts) if interrupts else Interrupts() as signals,
        signals.calls.handlers.warning(lambda text: shared.observe(Warned(text))),
        open_store(store_file, durability=pipeline.search.durability) as store,
        watch(signals.calls, shared),
        prepared(
            pipeline,
            hashed=partial(store.hash_again, differs=_differs(shared))
            if verify_data
            else store.hash_file,
            allow_unread=allow_unread,
            skip_build=skip_build,
            report=lambda text: shared.observe(Preparing(text)),
            calls=signals.calls,
        ) as ready,
    ):
        for note in (*pipeline.notes, *ready.build.notes):
            shared.observe(Warned(note))
        options = RunOptions.of(pipeline, allow_unread=allow_unread, skip_build=skip_build)
        once = partial(_run, store, ready, registry, shared, signals, options, input_watch)
        try:
            return once(wanted)
        except DiffersError as error:
            if not wanted.accept_changes:
                raise
            shared.observe(Noted(f"a new run begins, since {error}"))
            return once(Wanted(again=True))


def _run(
    store: Store,
    ready: Prepared,
    registry: Registry,
    screen: Screen,
    signals: Interrupts,
    options: RunOptions,
    input_watch: Callable[[Inputs[Any], Ledger, Callable[[], None]], InputWatch],
    wanted: Wanted,
) -> StoredRun:
    """Take the wanted run to its end, unless it has finished, and return it."""
    plugins = _run_plugins(ready, signals.calls)
    with _taken_up(store, ready, plugins.scorer.fitness.direction, signals, options, wanted) as one:
        run, resumed = one.run, one.how == "resumed"
        if one.note:
            screen.observe(Noted(one.note))
        if one.how != "begun" and (changed := changes(run, ready, shown=one.how == "shown")):
            screen.observe(Warned(changed))
        if one.how == "shown":
            opened = store.opened(opened_files(ready, store.hash_file).same)
            if others := opened.changed(run.id):
                said = f"{_OTHERS}: {', '.join(others)}; --again runs it with the new ones"
                screen.observe(Warned(said))
            return run
        checks = _checks(ready, run, allow_unread=options.allow_unread)
        sinks = run_sinks(ready, partial(store.reader.taken, run), signals.calls)
        notifier = Notifier(run.name, registry, screen, sinks, checks, signals.calls)
        session = _Session(store, ready, run, plugins, notifier, signals, input_watch)
        session.search(resumed=resumed)
    return store.runs.get(run.id)


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


@contextmanager
def _taken_up(
    store: Store,
    ready: Prepared,
    direction: Direction,
    signals: Interrupts,
    options: RunOptions,
    wanted: Wanted,
) -> Iterator[Chosen]:
    """Choose the run, and hold its lock unless it has finished, as one atomic step."""
    locks = ready.pipeline.folder / LOCKS
    with ExitStack() as held:
        # Until the run is locked, another process could resume or delete it.
        with turn(locks):
            # Before the run is stored: from then on its end must be stored too.
            held.enter_context(signals.deferred())
            chosen = choose(store, ready, direction, wanted, options.to_dict())
            if chosen.how != "shown":
                held.enter_context(run_lock(locks, chosen.run.name))
        if chosen.how == "resumed":
            chosen = evolve(chosen, run=store.runs.resume(chosen.run.id))
        yield chosen


@frozen
class _RunPlugins:
    """The plugins of a run, built before anything is stored."""

    scorer: Scorer
    searches: tuple[SearchSetup, ...]


def _run_plugins(ready: Prepared, calls: Calls) -> _RunPlugins:
    pipeline = ready.pipeline
    fitness = build_fitness(pipeline.fitness, calls)
    for choice in pipeline.sinks:
        # Built again for the files of the run; what cannot be built is an error before it starts.
        build_sink(choice, pipeline.folder, calls)
    scorer = Scorer(
        fitness,
        pipeline.constraints,
        label=label("fitness function", pipeline.fitness),
        needs=pipeline.outputs.needs,
    )
    return _RunPlugins(scorer, tuple(setups(ready, fitness, calls)))


def _checks(ready: Prepared, run: StoredRun, *, allow_unread: bool) -> Checks:
    """Return the checks of how the strategy reads its parameters."""
    space = ready.pipeline.space
    told = json.loads(run.execution).get("read_types")
    return Checks(
        ReadCheck((*space.names, *space.fixed), allow_unread=allow_unread),
        TypeCheck(space),
        AlikeCheck(
            space,
            ready.build.read_types,
            None if told is None else {name: frozenset(types) for name, types in told.items()},
        ),
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
    input_watch: Callable[[Inputs[Any], Ledger, Callable[[], None]], InputWatch]

    def search(self, *, resumed: bool) -> None:
        """Run the searches; in any case record and report how they end."""
        pipeline = self.ready.pipeline
        outputs = pipeline.outputs
        files = opened_files(self.ready, self.store.hash_file)
        opened = self.store.opened(files.same)
        if resumed and (changed := opened.changed(self.run.id)):
            self.notifier.warn(
                f"{_OTHERS}: {', '.join(changed)}; its new trials depend on the new ones"
            )
        writer = self.store.writer(self.run, needs=outputs.needs, opened=opened)
        inputs = self.ready.inputs
        ledger = Ledger(self.run, writer, self.store.reader, outputs, checked=bool(inputs))
        # The plan holds the hashes that were just taken: they prove what a run that died had left.
        ledger.confirm(ledger.newest, inputs.known_at)
        # An exception that is not caught below leaves it so.
        state: RunState = "failed"
        try:
            workers = self.ready.executor.workers(pipeline.executor.workers)
            plan = self.ready.plan.to_dict()
            self.notifier.observe(RunStarted(self.run, plan, workers, resumed))
            with (
                self._pool(workers) as pool,
                self.input_watch(inputs, ledger, pool.wake) as input_watch,
            ):
                keeper = self._keeper()
                loop = RunLoop(
                    self.plugins.searches,
                    workers=pool,
                    engine=self.ready.engine,
                    ledger=ledger,
                    judge=Judge(
                        self.plugins.scorer, label("engine", pipeline.engine), resumed=resumed
                    ),
                    fitness=self.plugins.scorer.label,
                    notifier=self.notifier,
                    keeper=keeper,
                    outputs=outputs,
                    places=self._places(),
                    tick=input_watch.settle,
                    files=files,
                    check_warm=pipeline.search.check_warm,
                )
                with self.interrupts.stops(loop.interrupt):
                    loop.run()
                    self._documents(pool, keeper.later(), outputs.asked, loop.pause)
                    input_watch.finish(loop.pause)
            self.notifier.judge()
            state = "finished"
        except (Interrupted, KeyboardInterrupt):
            state = "interrupted"
        except PatienceError as error:
            self.notifier.warn(f"the run stops; `leanopt resume` continues it: {error}")
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
                self.notifier.sinks.finish(state)

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
        settings = self.ready.pipeline.executor
        engine = label("engine", self.ready.pipeline.engine)
        executor = label("executor", settings.choice)
        if advised := advice(self.ready.plan.lookahead, workers):
            self.notifier.warn(advised)
        return Pool(
            self.ready.executor,
            self.ready.build.launch,
            workers=workers,
            time_limit=settings.time_limit,
            memory_limit=settings.memory_limit,
            recycle_after=settings.recycle_after,
            recycle_growth=settings.recycle_growth,
            retries=settings.retries,
            start_limit=settings.start_limit,
            start_patience=settings.start_patience,
            suspects=f"{engine} or {executor}",
            report=self.notifier.warn,
        )
