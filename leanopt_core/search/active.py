"""One search of a run: it carries out the commands of its machine, and holds its pending trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from leanopt_core.canonical import canonical_json
from leanopt_core.content import content_key
from leanopt_core.scoring import failures
from leanopt_core.search import events
from leanopt_core.search.artifacts import ArtifactKeeper
from leanopt_core.search.backtests import Backtests, Land
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
from leanopt_core.search.ledger import KeyedBacktest, Ledger, PendingTrial
from leanopt_core.search.machine import FITNESS_TARGET, SearchMachine
from leanopt_core.search.notifier import Notifier
from leanopt_core.search.repeats import earlier_end, later_end
from leanopt_core.search.running_time import RunningTime, TimeLimits
from leanopt_core.sinks.base import TrialRecord
from leanopt_core.space import Space
from leanopt_core.trial import Score
from leanopt_core.work import Backtest, Outcome, Scenario


@frozen
class SearchSetup:
    """One search of the run: its rules, its scenarios, and their parts of the content keys.

    `elsewhere` has these parts for each place but the first, if workers run in several.
    `statistics` are those that constraints and the fitness function name.
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
        self._pending: dict[int, PendingTrial] = {}
        # The pending trials whose outcomes are durable.
        self._ready: set[int] = set()
        # Whether it has proposed every stored trial again.
        self._repeated = False
        self._fresh: list[tuple[PendingTrial, int, KeyedBacktest]] = []
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
        )
        self.machine.recall(self._replay.recorded(1))

    @property
    def ahead(self) -> int:
        """Return how many outcomes are there of trials that are not told yet."""
        outcomes = (one.outcomes for one in self._pending.values())
        return sum(len(one) - one.count(None) for one in outcomes)

    def is_ready(self, number: int) -> None:
        """Note that all outcomes of a pending trial are durable."""
        self._ready.add(number)

    def next_ready(self) -> tuple[PendingTrial, dict[str, Outcome]] | None:
        """Take the trial to be told next, with its outcomes by scenario; None if it is not ready.

        In trial order: a later trial stays ready until all before it have been told.
        """
        number = self.machine.awaited
        if number is None or number not in self._ready:
            return None
        self._ready.remove(number)
        pending = self._pending[number]
        return pending, self._outcomes(pending)

    def finished(self, number: int, score: Score, outcomes: Mapping[str, Outcome]) -> None:
        """Pass the score of a trial and its outcomes to the machine."""
        statistics = {name: outcome.statistics for name, outcome in outcomes.items()}
        # A score says whether a backtest failed; most trials have none that did.
        failed = failures(outcomes) if score.failure is not None else {}
        self.machine.finished(number, score, statistics, failed)

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
            case SearchEnded(reason):
                self._ledger.search_ended(self._index, reason)
                self._to.notifier.observe(events.SearchEnded(self._index + 1, reason))

    def _propose(self, proposed: Propose) -> None:
        setup = self._setup
        parameters = setup.space.values(proposed.proposal.point)
        stored = self._replay.at(proposed.number)
        known: Mapping[int, Outcome] = {} if stored is None else stored.outcomes
        # A replayed trial with all its backtests needs no text: it is in the store.
        text = canonical_json(parameters) if len(known) < len(setup.scenarios) else ""
        # The store refuses a proposal that it already has.
        if stored is None:
            if not self._repeated:
                self._leave_replay(proposed)
            self._ledger.propose(self._index, proposed, text)
        pending = PendingTrial(
            self._index,
            proposed.number,
            parameters,
            [None] * len(setup.scenarios),
            proposed.context,
            stored=stored.score if stored is not None else None,
        )
        self._pending[proposed.number] = pending
        self.machine.recall(self._replay.recorded(proposed.number + 1))
        for scenario_index, scenario in enumerate(setup.scenarios):
            if scenario_index in known:
                self._to.land(pending, scenario_index, known[scenario_index])
            else:
                key = content_key(setup.shared_keys[scenario_index], text)
                others = [content_key(keys[scenario_index], text) for keys in setup.elsewhere]
                keyed = KeyedBacktest(Backtest(key, parameters, scenario), (key, *others))
                self._fresh.append((pending, scenario_index, keyed))

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

    def _outcomes(self, pending: PendingTrial) -> dict[str, Outcome]:
        return {
            scenario.name: outcome
            for scenario, outcome in zip(self._setup.scenarios, pending.outcomes, strict=True)
            if outcome is not None
        }

    def _tell(self, told: Tell) -> None:
        """Record a told trial, and let a plugin or a time limit stop the search after it."""
        trial = told.trial
        pending = self._pending.pop(trial.number)
        outcomes = self._outcomes(pending)
        if not pending.replayed:
            self._ledger.tell(self._index, trial)
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
        reason = self._to.notifier.told(events.TrialTold(record, replayed), outcomes)
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
        gone = [self._pending.pop(number) for number in numbers]
        self._ledger.withdraw(self._index, numbers)
        self._to.backtests.withdraw(gone)
