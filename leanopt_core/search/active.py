"""One search of a run: it carries out the commands of its machine, and holds its pending trials."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from attrs import field, frozen

from leanopt_core.canonical import canonical_json
from leanopt_core.content import content_key
from leanopt_core.scoring import failures
from leanopt_core.search import events
from leanopt_core.search.artifacts import ArtifactKeeper
from leanopt_core.search.backtests import Backtests, Land
from leanopt_core.search.choose import Choose, by_days
from leanopt_core.search.commands import (
    Budget,
    Promote,
    Propose,
    SearchCommand,
    SearchEnded,
    StageEnded,
    StageRule,
    StageStarted,
    Stop,
    Tell,
    Test,
    Withdraw,
)
from leanopt_core.search.ledger import KeyedBacktest, Ledger, PendingTrial
from leanopt_core.search.machine import FITNESS_TARGET, SearchMachine
from leanopt_core.search.notifier import Notifier
from leanopt_core.search.prune import Prune
from leanopt_core.search.repeats import earlier_end, later_end, other_rung
from leanopt_core.search.running_time import RunningTime, TimeLimits
from leanopt_core.sinks.base import TrialRecord
from leanopt_core.space import Space
from leanopt_core.trial import Score
from leanopt_core.work import Backtest, Outcome, Scenario


@frozen
class SearchSetup:
    """One search of the run: its rules, its scenarios, and their parts of the content keys.

    `elsewhere` has these parts for each place but the first, if workers run in several.
    `statistics` are those that constraints and the fitness function name. `refused` says why none
    of its backtests can run, if that is known: it then ends at once.

    `rungs` are the indexes of the scenarios that judge a trial at each step, those of the last
    judge it for good; each has some that no rung before has. Without any, all scenarios are one
    rung. Before the last it can be `cuts`: scenarios on their last days. `prune` makes what decides
    which trials go no further, `choose` says which trials are backtested under the `tests`, whose
    keys follow those of the scenarios; those of the cuts are last. `objectives` is how many each
    trial has.
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
    stop_when_failing: int = 0
    statistics: tuple[str, ...] = ()
    time: TimeLimits = field(factory=TimeLimits)
    rungs: tuple[tuple[int, ...], ...] = ()
    prune: Callable[[], Prune] | None = None
    tests: tuple[Scenario, ...] = ()
    cuts: tuple[Scenario, ...] = ()
    choose: Choose | None = None
    refused: str = ""
    objectives: int = 1

    @property
    def every_scenario(self) -> tuple[Scenario, ...]:
        """Return the scenarios, the tests and the cuts, in the order of their indexes."""
        return (*self.scenarios, *self.tests, *self.cuts)


@frozen
class Recipients:
    """Who hears what the searches of a run do; `land` takes outcomes that are stored already."""

    ledger: Ledger
    notifier: Notifier
    keeper: ArtifactKeeper
    backtests: Backtests
    land: Land


class ActiveSearch:
    """A search of a run that goes on.

    `fitness` names the fitness function, `moments` says whether its contexts have values.
    """

    def __init__(
        self, index: int, setup: SearchSetup, to: Recipients, *, fitness: str, moments: bool
    ) -> None:
        self._index = index
        self._setup = setup
        self._to = to
        self._ledger = to.ledger
        self._fitness = fitness
        self._replay = to.ledger.replay(index, setup.space)
        self._running_time = RunningTime(setup.time, to.ledger.worked(index))
        self._scenarios = setup.every_scenario
        self._rungs = setup.rungs or (tuple(range(len(setup.scenarios))),)
        self._pending: dict[int, PendingTrial] = {}
        # The pending trials whose outcomes are durable: at the last rung, and at earlier ones.
        self._ready: set[int] = set()
        self._climbing: list[PendingTrial] = []
        # Trials whose tests all have durable outcomes.
        self._tested: list[PendingTrial] = []
        # Whether it has proposed every stored trial again.
        self._repeated = False
        self._fresh: list[tuple[PendingTrial, int, KeyedBacktest]] = []
        #: How many trials have been told that were not told before the run was resumed.
        self.told = 0
        #: What decides on the search.
        self.machine = SearchMachine(
            setup.space,
            setup.stages,
            seed=setup.seed,
            lookahead=setup.lookahead,
            target=setup.target,
            budget=setup.budget,
            moments=moments,
            stop_when_failing=setup.stop_when_failing,
            statistics=setup.statistics,
            rungs=len(self._rungs),
            prune=setup.prune() if setup.prune else None,
            same_scale=not setup.cuts,
            choose=setup.choose if setup.tests else None,
            objectives=setup.objectives,
        )
        self.machine.recall(self._replay.recorded(1))
        if setup.refused:
            self.machine.stop(Stop(setup.refused, setup.refused))

    @property
    def ahead(self) -> int:
        """Return how many outcomes are there of trials that are not told yet."""
        outcomes = (one.outcomes for one in self._pending.values())
        return sum(len(one) - one.count(None) for one in outcomes)

    def is_ready(self, pending: PendingTrial) -> None:
        """Note that all outcomes that a pending trial awaited are durable."""
        if self._pending.get(pending.number) is not pending:
            return  # withdrawn since
        if pending.testing:
            self._tested.append(pending)
        elif pending.rung < len(self._rungs) - 1:
            self._climbing.append(pending)
        else:
            self._ready.add(pending.number)

    def next_ready(self) -> tuple[PendingTrial, dict[str, Outcome]] | None:
        """Take a trial to be judged, with its outcomes by scenario; None if none is ready.

        At the last rung in trial order: a later trial stays ready until all before it are told.
        """
        if self._climbing:
            pending = self._climbing.pop()
            return pending, self._outcomes(pending, self._rungs[pending.rung])
        number = self.machine.awaited
        if number is None or number not in self._ready:
            return None
        self._ready.remove(number)
        pending = self._pending[number]
        return pending, self._outcomes(pending, self._rungs[pending.rung])

    def judged_at(self, score: Score) -> int:
        """Return the rung that gave this score of a told trial."""
        return len(self._rungs) - 1 if score.pruned_at is None else score.pruned_at

    def finished(self, number: int, score: Score, outcomes: Mapping[str, Outcome]) -> None:
        """Pass the score of a trial and its outcomes to the machine."""
        statistics = {name: outcome.statistics for name, outcome in outcomes.items()}
        # A score says whether a backtest failed; most trials have none that did.
        failed = failures(outcomes) if score.failure is not None else {}
        self.machine.finished(number, score, statistics, failed)

    def take_tested(self) -> list[PendingTrial]:
        """Take the trials whose tests all have outcomes, and which are to be scored by them."""
        tested, self._tested = self._tested, []
        return tested

    def tests_of(
        self, pending: PendingTrial
    ) -> Iterator[tuple[tuple[int, ...], dict[str, Outcome]]]:
        """Yield the tests that score a trial together, by index, and its outcomes by scenario."""
        for tests in by_days(self._setup.tests, first=len(self._setup.scenarios)):
            yield tests, self._outcomes(pending, tests)

    def scored(self, number: int, tests: tuple[int, ...], score: Score) -> None:
        """Record the score of a trial under some of the tests."""
        self._ledger.test_scored(self._index, number, tests, score)
        names = tuple(self._scenarios[at].name for at in tests)
        objective = self._pending[number].objective
        self._to.notifier.observe(
            events.TrialTested(self._index + 1, number, tests, names, objective, score)
        )

    def tested(self, number: int) -> None:
        """Tell the machine that a trial has been tested."""
        del self._pending[number]
        self.machine.tested(number)

    def take_fresh(self) -> list[tuple[PendingTrial, int, KeyedBacktest]]:
        """Take the backtests proposed since the last call: trial, scenario index, backtest."""
        fresh, self._fresh = self._fresh, []
        # Trials withdrawn since need no backtest.
        return [one for one in fresh if one[0].number in self._pending]

    def note_time(self, *, last: bool = False) -> None:
        """Record how long the running stage has run, once a second or if it is the `last` time."""
        worked = self._running_time.end() if last else self._running_time.due()
        if worked is not None:
            self._ledger.stage_worked(self._index, *worked)

    def obey(self, command: SearchCommand) -> None:
        """Carry out a command of the machine."""
        match command:
            case Propose():
                self._propose(command)
            case Promote(number, rung):
                self._promote(self._pending[number], rung)
            case Tell():
                self._tell(command)
            case Withdraw(_, numbers):
                self._withdraw(numbers)
            case StageStarted(index):
                name = self._setup.stages[index].name
                self._running_time.begin(index)
                self._to.notifier.observe(events.StageStarted(self._index + 1, name))
            case StageEnded(index, reason):
                self._check_end(index, reason)
                self._ledger.stage_ended(self._index, index, reason)
                self.note_time(last=True)
                name = self._setup.stages[index].name
                self._to.notifier.observe(events.StageEnded(self._index + 1, name, reason))
            case Test():
                self._test(command)
            case SearchEnded(reason):
                self._ledger.search_ended(self._index, reason)
                self._to.notifier.observe(events.SearchEnded(self._index + 1, reason))

    def _propose(self, proposed: Propose) -> None:
        setup = self._setup
        parameters = setup.space.values(proposed.proposal.point)
        stored = self._replay.at(proposed.number)
        text = ""
        # The store refuses a proposal that it already has.
        if stored is None:
            if not self._repeated:
                self._leave_replay(proposed)
            text = canonical_json(parameters)
            self._ledger.propose(self._index, proposed, text)
        pending = PendingTrial(
            self._index,
            proposed.number,
            parameters,
            [None] * len(self._scenarios),
            proposed.context,
            known={} if stored is None else stored.outcomes,
            stored=None if stored is None else stored.score,
            text=text,
            because=proposed.because,
        )
        self._pending[proposed.number] = pending
        self.machine.recall(self._replay.recorded(proposed.number + 1))
        self._want(pending, self._rungs[0])

    def _promote(self, pending: PendingTrial, rung: int) -> None:
        stored = pending.stored
        if stored is not None and stored.pruned_at is not None and stored.pruned_at < rung:
            raise other_rung(self._fitness, pending.number, stored.pruned_at, None)
        pending.rung = rung
        self._want(pending, self._rungs[rung])

    def _test(self, command: Test) -> None:
        setup = self._setup
        first = len(setup.scenarios)
        self._ledger.chosen(self._index, command.trials[0].number)
        for told in command.trials:
            pending = PendingTrial(
                self._index,
                told.number,
                setup.space.values(told.point),
                [None] * len(self._scenarios),
                command.context,
                known=self._ledger.tested(self._index, told.number),
                testing=True,
                objective=told.objective,
            )
            self._pending[told.number] = pending
            self._want(pending, range(first, first + len(setup.tests)))

    def _want(self, pending: PendingTrial, indexes: Iterable[int]) -> None:
        """Land what is stored of the scenarios that a trial lacks; the others are backtests."""
        wanted = [at for at in indexes if pending.outcomes[at] is None]
        pending.awaited = len(wanted)
        for at in wanted:
            if at in pending.known:
                self._to.land(pending, at, pending.known[at])
            else:
                self._fresh.append((pending, at, self._keyed(pending, at)))

    def _keyed(self, pending: PendingTrial, at: int) -> KeyedBacktest:
        setup = self._setup
        # A replayed trial needs a text only if it lacks a backtest.
        text = pending.text = pending.text or canonical_json(pending.parameters)
        key = content_key(setup.shared_keys[at], text)
        others = [content_key(keys[at], text) for keys in setup.elsewhere]
        return KeyedBacktest(Backtest(key, pending.parameters, self._scenarios[at]), (key, *others))

    def _check_end(self, index: int, reason: str) -> None:
        """Raise ResumeError if a stage ends before a trial that it had proposed."""
        rule = self._setup.stages[index]
        number = self._replay.unproposed(rule.name)
        if number is not None:
            raise earlier_end(self._ends(rule, reason), number, reason)

    def _leave_replay(self, proposed: Propose) -> None:
        """Record that all stored proposals are repeated, before the first one that is not stored.

        Raises ResumeError if its stage had ended before it.
        """
        reason = self._ledger.ended(self._index, proposed.index)
        if reason is not None:
            rule = self._setup.stages[proposed.index]
            raise later_end(self._ends(rule, reason), proposed.number, reason)
        self._repeated = True
        self._ledger.repeated(self._index, [stage.version for stage in self._setup.stages])

    def _ends(self, rule: StageRule, reason: str) -> str:
        """Return the label of the plugin that ends a stage for this reason."""
        return self._fitness if reason == FITNESS_TARGET else rule.label

    def _outcomes(self, pending: PendingTrial, indexes: Iterable[int]) -> dict[str, Outcome]:
        """Return the outcomes that a trial has under these scenarios, by their names."""
        return {
            self._scenarios[at].name: outcome
            for at in indexes
            if (outcome := pending.outcomes[at]) is not None
        }

    def _tell(self, told: Tell) -> None:
        """Record a told trial, and let a plugin or a time limit stop the search after it."""
        trial = told.trial
        pending = self._pending.pop(trial.number)
        outcomes = self._outcomes(pending, self._rungs[pending.rung])
        if pending.stored is None:
            self._ledger.tell(self._index, trial)
        elif pending.stored.pruned_at != (now := trial.score.pruned_at):
            raise other_rung(self._fitness, trial.number, pending.stored.pruned_at, now)
        self._ledger.asked(outcomes.values())
        self._to.keeper.told(self._index + 1, trial)
        record = TrialRecord(
            self._index + 1,
            trial,
            pending.parameters,
            {n: o.statistics.values if o.statistics else None for n, o in outcomes.items()},
        )
        recorded = self._replay.stop_after(trial.number)
        replayed = pending.replayed or recorded is not None
        self.told += not replayed
        reason = self._to.notifier.told(
            events.TrialTold(record, replayed, pending.because), outcomes
        )
        stop = recorded
        # A replayed stop is in the store; a new one must be there before it takes effect.
        if not replayed and (stop := Stop(reason) if reason else self._running_time.stop()):
            self._ledger.stop(self._index, told.index, trial.number, stop)
        if stop is not None:
            self.machine.stop(stop)

    def _withdraw(self, numbers: Sequence[int]) -> None:
        """Drop withdrawn trials; raises ResumeError if one was told before."""
        told = [number for number in numbers if self._pending[number].replayed]
        if told:
            # Budget, patience and target of stages are part of the plan.
            raise earlier_end(self._fitness, told[0], FITNESS_TARGET)
        # A withdrawn trial is never told, though all its backtests may have outcomes.
        self._ready.difference_update(numbers)
        self._climbing.clear()
        gone = [self._pending.pop(number) for number in numbers]
        self._ledger.withdraw(self._index, numbers)
        self._to.backtests.withdraw(gone)
