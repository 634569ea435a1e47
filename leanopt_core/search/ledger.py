"""Read and write the store for the loop: record, look up and replay."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from attrs import define, field

from leanopt_core.executors.pool import Finished
from leanopt_core.fitness import FitnessContext
from leanopt_core.harness.events import Hello
from leanopt_core.needs import Outputs
from leanopt_core.search.commands import Propose, Recorded, Stop
from leanopt_core.search.read_types import told_types
from leanopt_core.search.replay import Replay, ReplayedTrial
from leanopt_core.search.sinks import RunSink
from leanopt_core.space import Space, Value
from leanopt_core.store.answering import Held
from leanopt_core.store.dump import STOP, WARM
from leanopt_core.store.leases import Leases, Wanted
from leanopt_core.store.opened import OpenedSet
from leanopt_core.store.reader import Reader
from leanopt_core.store.records import StoredRun, Taken
from leanopt_core.store.taking_back import TakenBack
from leanopt_core.store.writer import Mark, Writer
from leanopt_core.trial import Score, Trial
from leanopt_core.work import Backtest, Outcome


@define(eq=False)
class PendingTrial:
    """A trial that waits for backtests: one outcome slot per scenario, tests and cuts last.

    It has been proposed but not told, or is `testing`: `objective` is then what the search found.
    `context` is what its fitness function may know of the search. It has reached the `rung`, and
    `awaited` counts the missing outcomes of the backtests commanded last. `known` has the outcomes
    of before the run was resumed, `stored` its score if it was told then. `because` is the
    proposal's, JSON as text.
    """

    search: int
    number: int
    parameters: Mapping[str, Value]
    outcomes: list[Outcome | None]
    context: FitnessContext = field(factory=FitnessContext)
    known: Mapping[int, Outcome] = field(factory=dict)
    stored: Score | None = None
    text: str = ""
    rung: int = 0
    awaited: int = 0
    testing: bool = False
    objective: float | None = None
    because: str | None = None

    @property
    def replayed(self) -> bool:
        """Return whether it was told before the run was resumed."""
        return self.stored is not None

    def land(self, scenario_index: int, outcome: Outcome) -> bool:
        """Take an outcome; return whether it was the last one that was awaited."""
        self.outcomes[scenario_index] = outcome
        self.awaited -= 1
        return self.awaited == 0


class KeyedBacktest(NamedTuple):
    """A backtest with its content key in each place where workers run; the first is its own."""

    backtest: Backtest
    keys: tuple[str, ...]


@define(eq=False)
class BacktestJob:
    """A backtest to run, with the trials and scenario indexes that wait for its outcome.

    `keys` are those of a `KeyedBacktest`. `version` is that of the store before its last lookup.
    `lost` counts how often its result was lost before it was read. `since` is when a trial wanted
    it first (`time.monotonic`), `fingerprint` the engine's of its answer.
    """

    search: int
    backtest: Backtest
    scenario: int
    keys: tuple[str, ...]
    version: int = 0
    waiting: list[tuple[PendingTrial, int]] = field(factory=list)
    lost: int = 0
    since: float = field(factory=time.monotonic)
    fingerprint: str | None = None


class Known(NamedTuple):
    """A stored backtest: its id in the store, and its outcome as the store gives it back."""

    id: int
    outcome: Outcome


class Ledger:
    """One run in the store. Nothing is durable before `commit`; searches and stages count from 0.

    `outputs` are what every backtest has besides statistics. With `checked`, backtests answer other
    runs only after `confirm`.
    """

    def __init__(
        self,
        run: StoredRun,
        writer: Writer,
        reader: Reader,
        outputs: Outputs,
        *,
        checked: bool = False,
    ) -> None:
        self._run = run
        self._searches = run.searches
        self._writer = writer
        self._reader = reader
        self._outputs = outputs
        self._types_told = False
        self._held = Held.UNCHECKED if checked else None
        self._left: Mapping[int, Taken] = {}

    def replay(self, search: int, space: Space) -> Replay:
        """Return the search's stored trials from before this run was resumed."""
        search_id = self._searches[search].id
        stops = {
            event.number: Stop(
                str(event.detail["reason"]),
                str(event.detail.get("ended", "stop")),
                stage_only=bool(event.detail.get("stage_only", False)),
            )
            for event in self._reader.events(self._run)
            if event.kind == STOP and event.search_id == search_id and event.number is not None
        }
        return Replay(self._stored(search, space), stops)

    def _stored(self, search: int, space: Space) -> Iterator[ReplayedTrial]:
        stored = self._searches[search]
        versions = {stage.name: stage.version for stage in stored.stages}
        for trial in self._reader.trials(stored.id):
            recorded = Recorded(
                stage=trial.stage,
                point=space.point_at(trial.grid_index),
                origin=trial.origin,
                attempt=trial.attempt,
                told=trial.told_before,
                version=versions[trial.stage],
                because=trial.details.get("because"),
            )
            outcomes = self._reader.outcomes(trial, self._outputs.needs)
            yield ReplayedTrial(trial.number, recorded, trial.score, outcomes)

    def propose(self, search: int, proposed: Propose, parameters: str) -> None:
        """Record a proposal, with its parameters as canonical JSON."""
        stored = self._searches[search]
        self._writer.propose(
            stored.id,
            stored.stages[proposed.index].id,
            proposed.number,
            grid_index=proposed.grid_index,
            parameters=parameters,
            origin=proposed.proposal.origin,
            attempt=proposed.attempt,
            # On resume, a method that adopts gets its proposal back after as many told trials.
            told_before=proposed.told,
            because=proposed.because,
        )

    def ended(self, search: int, stage: int) -> str | None:
        """Return why a stage ended before the run was resumed, None if it did not."""
        return self._searches[search].stages[stage].ended

    def repeated(self, search: int, versions: Sequence[str]) -> None:
        """Record the versions of the stages that have repeated all stored proposals of a search.

        From here on they can take the proposals back.
        """
        for stage, version in zip(self._searches[search].stages, versions, strict=True):
            if stage.version != version:
                self._writer.stage_version(stage.id, version)

    def greeted(self, hello: Hello) -> None:
        """Record the first harness's hello; requests depend on it."""
        self._writer.hello(
            {
                "protocol": hello.protocol,
                "engine": hello.engine,
                "abilities": sorted(hello.abilities),
            }
        )

    def asked(self, outcomes: Iterable[Outcome]) -> None:
        """Record the types as which a trial's backtests read parameters; the first trial counts."""
        if not self._types_told and (types := told_types(outcomes)) is not None:
            # Of the first trial only, so that a resumed run gives the same warnings.
            self._types_told = True
            self._writer.read_types(types)

    def known(self, keys: Sequence[str]) -> dict[str, Known]:
        """Return the cached backtests by content key."""
        found = self._writer.known_among(keys, self._outputs.stored)
        return {key: Known(*one) for key, one in found.items()}

    def record(
        self,
        job: BacktestJob,
        outcome: Outcome,
        effort: Finished[int],
        place: int = 0,
        opened: Sequence[OpenedSet] = (),
        held: Held | None = None,
    ) -> Known:
        """Record a backtest that finished in one of the places, with the files that it had opened.

        `held` says why it answers no other run, beside what holds all of this run.

        Return it as the store gives it back, with names read.
        """
        found, kept = self._writer.record(
            job.keys[place],
            self._searches[job.search].every_scenario[job.scenario].id,
            outcome,
            outputs=self._outputs.stored,
            attempts=effort.attempts,
            seconds=effort.seconds,
            worker=effort.worker,
            held=held or self._held,
            opened=opened,
            waited=max(0.0, time.monotonic() - job.since - effort.seconds),
            fingerprint=job.fingerprint,
        )
        return Known(found, kept)

    def evaluate(self, search: int, number: int, scenario_index: int, backtest: int) -> None:
        """Record which backtest belongs to a trial and scenario index."""
        self._writer.evaluate(self._searches[search].id, number, scenario_index, backtest)

    def tell(self, search: int, trial: Trial) -> None:
        """Record that a trial has been told, with its score."""
        self._writer.tell(self._searches[search].id, trial.number, trial.score)

    def chosen(self, search: int, number: int) -> None:
        """Record the first trial of a search that is tested."""
        self._writer.chosen(self._searches[search].id, number)

    def tested(self, search: int, number: int) -> Mapping[int, Outcome]:
        """Return the outcomes of a trial, tests too, from before the run was resumed."""
        trial = self._reader.trial(self._run, self._searches[search].number, number)
        return {} if trial is None else self._reader.outcomes(trial, self._outputs.needs)

    def test_scored(self, search: int, number: int, tests: Iterable[int], score: Score) -> None:
        """Record the score of a trial under tests, given by their scenario indexes."""
        self._writer.test_scored(self._searches[search].id, number, tests, score)

    def withdraw(self, search: int, numbers: Sequence[int]) -> None:
        """Record that trials are withdrawn."""
        self._writer.withdraw(self._searches[search].id, numbers)

    def stop(self, search: int, stage: int, number: int, stop: Stop) -> None:
        """Record that search or stage stops after a told trial, before it does."""
        stored = self._searches[search]
        more: dict[str, object] = {} if stop.ended == "stop" else {"ended": stop.ended}
        if stop.stage_only:
            more["stage_only"] = True
        self._writer.event(
            STOP,
            {"reason": stop.reason, **more},
            search_id=stored.id,
            stage_id=stored.stages[stage].id,
            number=number,
        )
        # At once: a stop decides which trials there are, so a kill must not lose it.
        self._writer.commit()

    def reproduced(self, backtests: Iterable[int]) -> None:
        """Record that a fresh worker gave the same failures; `backtests` are their ids."""
        self._writer.reproduced(backtests, self._held)

    def differs(self, search: int, trial: int, scenario: str, found: Mapping[str, object]) -> None:
        """Record that a trial's backtest gave something else on a fresh worker."""
        search_id = self._searches[search].id
        self._writer.event(WARM, {"scenario": scenario, **found}, search_id=search_id, number=trial)

    def stage_ended(self, search: int, stage: int, reason: str) -> None:
        """Record that a stage has ended, and why."""
        self._writer.stage_ended(self._searches[search].stages[stage].id, reason)

    def worked(self, search: int) -> list[float]:
        """Return the seconds that each stage ran before the run was resumed."""
        return [stage.seconds for stage in self._searches[search].stages]

    def stage_worked(self, search: int, stage: int, seconds: float) -> None:
        """Record how many seconds a stage has run, over all starts."""
        self._writer.stage_worked(self._searches[search].stages[stage].id, seconds)

    def search_ended(self, search: int, reason: str) -> None:
        """Record that a search has ended, and why."""
        self._writer.search_ended(self._searches[search].id, reason)

    def taken(self, sinks: Iterable[tuple[RunSink, Mapping[int, Taken]]]) -> None:
        """Record how far sinks have taken each search."""
        for sink, taken in sinks:
            for search in self._searches:
                if (one := taken.get(search.number)) is not None:
                    left = self._left.get(search.id, one)
                    self._writer.taken(
                        *(search.id, sink.identity, sink.name),
                        number=min(one.number, left.number),
                        stages=min(one.stages, left.stages),
                    )

    @property
    def mark(self) -> Mark:
        """Return how far the run is; any thread may ask."""
        return self._writer.mark

    @property
    def unconfirmed(self) -> bool:
        """Return whether backtests wait for a check of data and sources."""
        return self._held is not None and self._writer.unconfirmed

    @property
    def misled(self) -> bool:
        """Return whether a run beside this one has disowned backtests that this run has used."""
        return self._writer.misled

    def confirm(self, mark: Mark, known_at: float) -> None:
        """Record that data and sources were unchanged in a check that began at `known_at`.

        The run was then as far as `mark`.
        """
        self._writer.confirm(mark, known_at)

    def disown(self) -> TakenBack:
        """Make it durable that backtests since the last such check count for nothing."""
        found = self._writer.disown()
        self._left = found.left
        return found

    @property
    def leases(self) -> Leases:
        """Return what says which process runs which backtest."""
        return self._writer.leases

    def join(self, time_limit: float | None) -> None:
        """Tell other processes that this one runs the run, with this time limit per backtest."""
        self.leases.join(self._run.id, outputs=self._outputs.stored, time_limit=time_limit)

    def commit(
        self, wanted: Sequence[BacktestJob] = ()
    ) -> tuple[list[bool | dict[str, Known]], dict[int, Known]]:
        """Make everything recorded so far durable, and lease backtests that are wanted.

        Return for each of these whether it is leased, or the answers by content key if it is
        stored; then what answers in place of recorded backtests, by their ids.
        """
        done = self._writer.commit([Wanted(job.keys, job.version) for job in wanted])
        leased = [
            one if isinstance(one, bool) else {key: Known(*found) for key, found in one.items()}
            for one in done.leased
        ]
        return leased, {recorded: Known(*found) for recorded, found in done.replaced.items()}
