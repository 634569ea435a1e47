"""The loop that drives the state machines: ask, dispatch, wait, commit, tell.

One tick: pass queued backtests to the pool, take finished ones, commit them together with new
proposals, then feed the machines. So everything a method is told is already durable. While the
queue is full, a commit waits a little for more results: short backtests share commits. While a sink
is behind, the machines are not fed; workers and signals are served.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol, TypeVar

from attrs import define, field, frozen

from leanopt_core.canonical import canonical_json
from leanopt_core.content import content_key
from leanopt_core.engines.base import Engine
from leanopt_core.errors import ExecutorError, InputsChangedError, LeanoptError, PluginError
from leanopt_core.executors.places import PlacedWorkers
from leanopt_core.executors.pool import Pool
from leanopt_core.fitness import FitnessContext
from leanopt_core.needs import Outputs
from leanopt_core.scoring import failures
from leanopt_core.search import events
from leanopt_core.search.artifacts import ArtifactKeeper
from leanopt_core.search.backtests import Backtests
from leanopt_core.search.commands import (
    Budget,
    Propose,
    SearchCommand,
    SearchEnded,
    StageEnded,
    StageRule,
    StageStarted,
    Stop,
    Tell,
    Withdraw,
)
from leanopt_core.search.ledger import KeyedBacktest, Ledger, PendingTrial, Replay
from leanopt_core.search.machine import FITNESS_TARGET, SearchMachine
from leanopt_core.search.notifier import Notifier
from leanopt_core.search.opened import OpenedFiles
from leanopt_core.search.repeats import compare_scores, earlier_end, later_end
from leanopt_core.search.running_time import RunningTime, TimeLimits
from leanopt_core.search.warm_check import WarmCheck
from leanopt_core.sinks.base import TrialRecord
from leanopt_core.space import Space
from leanopt_core.trial import Score
from leanopt_core.work import Backtest, Outcome, Scenario

T = TypeVar("T")


class TrialScorer(Protocol):
    """Scores a trial by its outcomes; `contextual` says whether the context counts."""

    @property
    def contextual(self) -> bool:
        """Return whether it looks at the context."""
        ...

    def __call__(self, outcomes: Mapping[str, Outcome], context: FitnessContext) -> Score:
        """Return a trial's score."""
        ...


#: Maximum seconds that a result waits to share a commit.
_GROUPING = 0.02
#: Maximum seconds between two looks at a sink that is behind.
_BEHIND = 0.25


@frozen
class SearchSetup:
    """One search of the run: its rules, its scenarios, and their parts of the content keys.

    `elsewhere` has these parts for each place but the first, if workers run in several.
    """

    space: Space
    stages: tuple[StageRule, ...]
    seed: int
    lookahead: int
    target: float | None
    scenarios: tuple[Scenario, ...]
    shared_keys: tuple[str, ...]
    elsewhere: tuple[tuple[str, ...], ...] = ()
    budget: Budget | None = None
    time: TimeLimits = field(factory=TimeLimits)


@define(eq=False)
class _Search:
    """A search and its pending trials; the outcomes of the `ready` ones are durable.

    `repeated` means that it has proposed every stored trial again.
    """

    index: int
    setup: SearchSetup
    machine: SearchMachine
    replay: Replay
    running_time: RunningTime
    pending: dict[int, PendingTrial] = field(factory=dict)
    ready: set[int] = field(factory=set)
    repeated: bool = False
    fresh: list[tuple[PendingTrial, int, KeyedBacktest]] = field(factory=list)


class Interrupted(Exception):  # noqa: N818 - it is not an error
    """The user stopped the run; everything finished is kept."""


class RunLoop:
    """Runs the searches of one run until they end; `fitness` names the fitness function."""

    def __init__(
        self,
        searches: Sequence[SearchSetup],
        *,
        workers: Pool[int],
        engine: Engine,
        ledger: Ledger,
        judge: TrialScorer,
        fitness: str,
        notifier: Notifier,
        keeper: ArtifactKeeper,
        outputs: Outputs,
        places: PlacedWorkers | None = None,
        files: OpenedFiles | None = None,
        tick: Callable[[], object] = lambda: None,
        check_warm: WarmCheck | None = None,
    ) -> None:
        """Take the parts of the run; `tick` is called before results are told, and may raise."""
        self._workers = workers
        self._tick = tick
        self._keeper = keeper
        self._ledger = ledger
        self._judge = judge
        self._fitness = fitness
        self._notifier = notifier
        notifier.sinks.wakes(workers.wake)
        self._backtests = Backtests(
            [[scenario.name for scenario in setup.scenarios] for setup in searches],
            workers=workers,
            engine=engine,
            ledger=ledger,
            notifier=notifier,
            keeper=keeper,
            outputs=outputs,
            land=self._land,
            places=places,
            files=files,
            check_warm=check_warm,
        )
        self._landed: list[PendingTrial] = []
        # Whether one of these was told before the run was resumed.
        self._catching_up = False
        self._due = math.inf
        self._searches = [self._search(i, setup) for i, setup in enumerate(searches)]
        self._interrupted = False
        self._thinking = False

    def interrupt(self) -> None:
        """Stop the run, from a signal handler on the loop's thread.

        Raises KeyboardInterrupt inside a plugin's code, where nothing is being recorded.
        """
        self._interrupted = True
        self._workers.wake()
        if self._thinking:
            raise KeyboardInterrupt

    def pause(self) -> float | None:
        """Return the maximum seconds to wait for the workers, None for no limit.

        Raises Interrupted after `interrupt`. Used for reruns after `run` has returned.
        """
        if self._interrupted:
            raise Interrupted
        self._notifier.tick()
        return self._notifier.patience()

    def _search(self, index: int, setup: SearchSetup) -> _Search:
        replay = self._ledger.replay(index, setup.space)
        machine = SearchMachine(
            setup.space,
            setup.stages,
            seed=setup.seed,
            lookahead=setup.lookahead,
            target=setup.target,
            budget=setup.budget,
            moments=self._judge.contextual,
        )
        machine.recall(replay.recorded(1))
        running_time = RunningTime(setup.time, self._ledger.worked(index))
        return _Search(index, setup, machine, replay, running_time)

    def run(self) -> None:
        """Run until every search has ended; raises Interrupted after `interrupt`."""
        try:
            self._work()
        except InputsChangedError:
            raise
        except LeanoptError as error:
            # Answered backtests have finished and are kept.
            self._backtests.collect((), last=True)
            if self._interrupted and isinstance(error, PluginError):
                # A plugin may make an error of its own of Ctrl-C: the user stopped the run.
                self._notifier.warn(str(error))
                raise Interrupted from error
            raise
        finally:
            for search in self._searches:
                self._note_time(search, search.running_time.end())
            self._backtests.close()
        self._ledger.commit()

    def _work(self) -> None:
        self._backtests.join()
        for search in self._searches:
            self._carry_out(search)
        while not all(search.machine.ended for search in self._searches):
            # While told trials are replayed, no backtest runs: trials withdrawn before are queued
            # and withdrawn again.
            if not self._catching_up:
                self._backtests.dispatch()
                self._backtests.check_warm()
            # Also after a signal, so that what has finished is recorded before the run stops.
            any_news = self._backtests.collect(
                self._workers.wait(self._timeout()), last=self._interrupted
            )
            if self._interrupted:
                raise Interrupted
            self._tick()
            if not any_news:
                # No result to share a commit with: readers of the store see the told trials now.
                self._commit()
            # Commit, then feed: a method must not learn a result that a kill could still undo.
            if self._wait_for_others() == 0 and not self._notifier.sinks.behind():
                for search in self._searches:
                    self._note_time(search, search.running_time.due())
                self._ledger.taken(self._notifier.sinks.taken())
                self._commit()
                self._feed()
            if fault := self._keeper.fault():
                self._notifier.warn(fault)
            self._notifier.tick()
        # Others may wait for what has finished.
        self._commit()
        self._check_last()

    def _commit(self) -> None:
        # A resumed run leases nothing before all its told trials have been told again.
        self._backtests.commit(lease=not self._catching_up)

    def _check_last(self) -> None:
        """Make a last backtest again on a fresh worker; without one, the run is as complete."""
        try:
            while self._backtests.check_warm(last=True) and not self._interrupted:
                self._backtests.collect(self._workers.wait(self._patience()))
                self._notifier.tick()
        except ExecutorError as error:
            self._notifier.warn(f"no backtest could be made again on a fresh worker: {error}")

    def _wait_for_others(self) -> float:
        """Return how long results may wait to share a commit: without results, forever.

        They do not wait if the queue is empty: the workers soon need the next proposals.
        """
        if self._catching_up:
            return 0.0
        if self._due == math.inf or self._backtests.queued:
            return max(0.0, self._due - time.monotonic())
        return 0.0

    def _timeout(self) -> float | None:
        grouping = _BEHIND if self._notifier.sinks.behind() else self._wait_for_others()
        return self._patience(grouping, self._backtests.patience())

    def _patience(self, *others: float) -> float | None:
        """Return how long to wait for the workers, as screen, warm check and `others` allow."""
        screen = self._notifier.patience()
        shortest = min(
            math.inf if screen is None else screen, self._backtests.check_patience, *others
        )
        return None if shortest == math.inf else shortest

    def _feed(self) -> None:
        """Pass finished trials to the machines, and carry out their commands."""
        landed, self._landed = self._landed, []
        self._due, self._catching_up = math.inf, False
        for pending in landed:
            self._searches[pending.search].ready.add(pending.number)
        for index in sorted({pending.search for pending in landed}):
            self._carry_out(self._searches[index])

    def _carry_out(self, search: _Search) -> None:
        """Carry out the machine's commands, then look up all new backtests together."""
        self._advance(search)
        # In trial order: a later trial stays ready until all before it have been told.
        while (number := search.machine.awaited) is not None and number in search.ready:
            search.ready.remove(number)
            outcomes = self._outcomes(search, search.pending[number])
            score = self._score(search.pending[number], outcomes)
            statistics = {name: outcome.statistics for name, outcome in outcomes.items()}
            # A score says whether a backtest failed; most trials have none that did.
            failed = failures(outcomes) if score.failure is not None else {}
            search.machine.finished(number, score, statistics, failed)
            self._advance(search)
        fresh, search.fresh = search.fresh, []
        # Trials withdrawn by the same commands need no backtest.
        fresh = [one for one in fresh if one[0].number in search.pending]
        # Most keys are new, and one query finds that out for many of them.
        keys = [key for *_, backtest in fresh for key in backtest.keys]
        known = self._ledger.known(keys) if keys else {}
        for pending, scenario_index, backtest in fresh:
            self._backtests.send(pending, scenario_index, backtest, known)

    def _score(self, pending: PendingTrial, outcomes: Mapping[str, Outcome]) -> Score:
        """Return the score of a trial, the stored one if it was told before.

        So methods are told the same, even if another C library computes another last digit.
        """
        score = self._think(partial(self._judge, outcomes, pending.context))
        if pending.stored is None:
            return score
        compare_scores(self._fitness, pending.number, pending.stored, score)
        return pending.stored

    def _advance(self, search: _Search) -> None:
        commands = search.machine.advance()
        while (command := self._think(partial(next, commands, None))) is not None:
            self._obey(search, command)

    def _think(self, work: Callable[[], T]) -> T:
        """Run a plugin's code; `interrupt` raises inside it."""
        # Only here the first signal raises: elsewhere it could cut a record in two.
        self._thinking = True
        try:
            # A signal may have come just before: from here on `interrupt` raises.
            if self._interrupted:
                raise Interrupted
            return work()
        finally:
            self._thinking = False

    def _obey(self, search: _Search, command: SearchCommand) -> None:
        match command:
            case Propose():
                self._propose(search, command)
            case Tell():
                self._tell(search, command)
            case Withdraw(_, numbers):
                self._withdraw(search, numbers)
            case StageStarted(index):
                name = search.setup.stages[index].name
                search.running_time.begin(index)
                self._notifier.observe(events.StageStarted(search.index + 1, name))
            case StageEnded(index, reason):
                self._check_end(search, index, reason)
                self._ledger.stage_ended(search.index, index, reason)
                self._note_time(search, search.running_time.end())
                name = search.setup.stages[index].name
                self._notifier.observe(events.StageEnded(search.index + 1, name, reason))
            case SearchEnded(reason):
                self._ledger.search_ended(search.index, reason)

    def _propose(self, search: _Search, proposed: Propose) -> None:
        parameters = search.setup.space.values(proposed.proposal.point)
        stored = search.replay.at(proposed.number)
        known: Mapping[int, Outcome] = {} if stored is None else stored.outcomes
        scenarios = search.setup.scenarios
        # A replayed trial with all its backtests needs no text: it is in the store.
        text = canonical_json(parameters) if len(known) < len(scenarios) else ""
        # The store refuses a proposal that it already has.
        if stored is None:
            if not search.repeated:
                self._leave_replay(search, proposed)
            self._ledger.propose(search.index, proposed, text)
        pending = PendingTrial(
            search.index,
            proposed.number,
            parameters,
            [None] * len(scenarios),
            proposed.context,
            stored=stored.score if stored is not None else None,
        )
        search.pending[proposed.number] = pending
        search.machine.recall(search.replay.recorded(proposed.number + 1))
        for scenario_index, scenario in enumerate(scenarios):
            if scenario_index in known:
                self._land(pending, scenario_index, known[scenario_index])
            else:
                setup = search.setup
                key = content_key(setup.shared_keys[scenario_index], text)
                others = [content_key(keys[scenario_index], text) for keys in setup.elsewhere]
                keyed = KeyedBacktest(Backtest(key, parameters, scenario), (key, *others))
                search.fresh.append((pending, scenario_index, keyed))

    def _note_time(self, search: _Search, worked: tuple[int, float] | None) -> None:
        """Record how long a stage has run."""
        if worked is not None:
            self._ledger.stage_worked(search.index, *worked)

    def _check_end(self, search: _Search, index: int, reason: str) -> None:
        """Raise ResumeError if a stage ends before a trial that it had proposed."""
        rule = search.setup.stages[index]
        number = search.replay.unproposed(rule.name)
        if number is not None:
            raise earlier_end(self._ends(rule, reason), number, reason)

    def _leave_replay(self, search: _Search, proposed: Propose) -> None:
        """Record that all stored proposals are repeated, before the first one that is not stored.

        Raises ResumeError if its stage had ended before it.
        """
        reason = self._ledger.ended(search.index, proposed.index)
        if reason is not None:
            rule = search.setup.stages[proposed.index]
            raise later_end(self._ends(rule, reason), proposed.number, reason)
        search.repeated = True
        self._ledger.repeated(search.index, [stage.version for stage in search.setup.stages])

    def _ends(self, rule: StageRule, reason: str) -> str:
        """Return the label of the plugin that ends a stage for this reason."""
        return self._fitness if reason == FITNESS_TARGET else rule.label

    def _land(self, pending: PendingTrial, scenario_index: int, outcome: Outcome) -> None:
        pending.outcomes[scenario_index] = outcome
        # The first result sets the time, or a stream of results could put the commit off for ever.
        self._due = min(self._due, time.monotonic() + _GROUPING)
        if pending.landed:
            self._landed.append(pending)
            self._catching_up |= pending.replayed

    def _outcomes(self, search: _Search, pending: PendingTrial) -> dict[str, Outcome]:
        return {
            scenario.name: outcome
            for scenario, outcome in zip(search.setup.scenarios, pending.outcomes, strict=True)
            if outcome is not None
        }

    def _tell(self, search: _Search, told: Tell) -> None:
        """Record a told trial, and let a plugin stop the search after it."""
        trial = told.trial
        pending = search.pending.pop(trial.number)
        outcomes = self._outcomes(search, pending)
        if not pending.replayed:
            self._ledger.tell(search.index, trial)
        self._ledger.asked(outcomes.values())
        self._keeper.told(search.index + 1, trial)
        record = TrialRecord(
            search.index + 1,
            trial,
            pending.parameters,
            {n: o.statistics.values if o.statistics else None for n, o in outcomes.items()},
        )
        recorded = search.replay.stop_after(trial.number)
        replayed = pending.replayed or recorded is not None
        reason = self._notifier.told(events.TrialTold(record, replayed), outcomes)
        stop = recorded
        # A replayed stop is in the store; a new one must be there before it takes effect.
        if not replayed and (stop := Stop(reason) if reason else search.running_time.stop()):
            self._ledger.stop(search.index, told.index, trial.number, stop)
        if stop is not None:
            search.machine.stop(stop)

    def _withdraw(self, search: _Search, numbers: Sequence[int]) -> None:
        """Drop withdrawn trials; raises ResumeError if one was told before."""
        told = [number for number in numbers if search.pending[number].replayed]
        if told:
            # Budget, patience and target of stages are part of the plan.
            raise earlier_end(self._fitness, told[0], FITNESS_TARGET)
        # A withdrawn trial is never told, though all its backtests may have outcomes.
        search.ready.difference_update(numbers)
        gone = [search.pending.pop(number) for number in numbers]
        self._ledger.withdraw(search.index, numbers)
        self._backtests.withdraw(gone)
