"""The search as a state machine: events in, commands out, no I/O and no clock.

Within a stage, trial *i* is asked for when exactly the trials up to *i - lookahead* have been told,
plus one for each `WAIT`. Results are told one at a time, in trial order. So the trials depend only
on the method, the outcomes and the recorded stops, never on which backtest ends first.

A trial climbs rungs: each adds scenarios, and a trial that is pruned at one has no further ones.
That depends only on its own scores and on the trials told when it was proposed, so it is decided as
results come, in any order.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from attrs import define, evolve, field

from leanopt_core.canonical import derive_seed
from leanopt_core.errors import PluginError
from leanopt_core.fitness import FitnessContext
from leanopt_core.search.choose import Choose
from leanopt_core.search.commands import (
    Budget,
    Promote,
    Propose,
    Recorded,
    SearchCommand,
    SearchEnded,
    StageEnded,
    StageRule,
    StageStarted,
    Stop,
    Tell,
    Test,
    Withdraw,
    least,
    most_told,
)
from leanopt_core.search.failing import FAILING, FailingStart, Lacking
from leanopt_core.search.guarded_stage import GuardedStage
from leanopt_core.search.history import ToldHistory
from leanopt_core.search.moments import RunningMoments
from leanopt_core.search.prune import Ends, Prune
from leanopt_core.search.repeats import other_proposal
from leanopt_core.space import Space
from leanopt_core.stage import AskContext, StageStart, TellContext
from leanopt_core.trial import DONE, WAIT, Proposal, Score, Signal, Trial

if TYPE_CHECKING:
    from leanopt_core.statistics import Statistics
    from leanopt_core.work import Failure

#: This many refused repeats in a row end a stage: it has no new points.
REFUSALS = 100

#: Why stage and search end once the fitness function's target is reached.
FITNESS_TARGET: Final = "fitness target"


@define
class _Pending:
    """A trial that is not told; `ends` says where, by what was told when it was proposed."""

    number: int
    grid_index: int
    proposal: Proposal
    ends: Ends | None = None
    scores: list[Score] = field(factory=list)
    finished: Trial | None = None


@define
class _Active:
    """The active stage; it is asked again once `next_ask_at` of its trials have been told."""

    rule: StageRule
    method: GuardedStage
    seed: int
    context: FitnessContext
    asked: int = 0
    told: int = 0
    next_ask_at: int = 0
    attempt: int = 0
    refusals: int = 0
    idle: int = 0
    mark: float | None = None
    ending: str | None = None


class SearchMachine:
    """One search. Feed it events; carry out the commands that `advance` yields, in order.

    The events are `finished`, `stop`, `tested` and, during replay, `recall`. Without `moments`,
    contexts of fitness functions have no values, for those that take none. The search ends if its
    first `stop_when_failing` trials all fail alike, or if so many in a row lack one of
    `statistics`; 0 means never.

    Every trial is judged at one rung, unless `prune` lets it climb up to `rungs` of them. A search
    with tests has `choose`: the trials that it returns are tested before the search ends. Methods
    learn how many `objectives` trials have.
    """

    def __init__(
        self,
        space: Space,
        stages: Sequence[StageRule],
        *,
        seed: int,
        lookahead: int,
        target: float | None = None,
        budget: Budget | None = None,
        moments: bool = True,
        stop_when_failing: int = 0,
        statistics: Iterable[str] = (),
        rungs: int = 1,
        prune: Prune | None = None,
        same_scale: bool = True,
        choose: Choose | None = None,
        objectives: int = 1,
    ) -> None:
        self._space = space
        self._objectives = objectives
        self._last_rung, self._prune, self._choose = rungs - 1, prune, choose
        self._same_scale = same_scale
        self._rules = tuple(stages)
        self._limit = budget
        self._budget = most_told((rule.trials for rule in self._rules), budget)
        self._seed = seed
        self._lookahead = lookahead
        self._target = target
        self._failing = FailingStart(stop_when_failing)
        self._lacking = Lacking(statistics, stop_when_failing)
        self._recorded: Recorded | None = None
        self._history = ToldHistory(space)
        self._moments = RunningMoments() if moments else None
        #: The history as methods see it, renewed with each told trial.
        self._told = self._history.since(0)
        #: The positions of each ended stage's trials in the history, in the order of the stages.
        self._spans: dict[str, range] = {}
        self._outstanding: deque[_Pending] = deque()
        self._ahead: set[int] = set()
        self._active: _Active | None = None
        self._index = -1
        self._number = 0
        self._best: float | None = None
        self._stop: Stop | None = None
        #: Trials to promote, by number and rung.
        self._promoted: deque[Promote] = deque()
        self._untested: set[int] = set()
        #: Why the search ends once all tests are there.
        self._ending: str | None = None
        self.ended = False

    @property
    def history(self) -> ToldHistory:
        """Return the told trials so far."""
        return self._history

    @property
    def awaited(self) -> int | None:
        """Return the number of the trial that will be told next, None if nothing is outstanding."""
        return self._outstanding[0].number if self._outstanding else None

    @property
    def proposable(self) -> float:
        """Return how many more trials may be proposed, infinity without a limit."""
        ending = self._active.ending if self._active is not None else None
        by_budget = self._limit is not None and ending == self._limit.ended
        last = self._index + 1 == len(self._rules)
        if self._ending is not None or by_budget or (last and ending is not None):
            return 0
        if self._budget is None:
            return math.inf
        return self._budget - len(self._history) - len(self._outstanding)

    def finished(
        self,
        number: int,
        score: Score,
        statistics: Mapping[str, Statistics | None] | None = None,
        failures: Mapping[str, Failure] | None = None,
    ) -> None:
        """Event: all backtests that this trial was to have have outcomes; this is its score.

        `statistics` and `failures` are those of its backtests by scenario, for its method.
        """
        outstanding = self._outstanding
        # The numbers are consecutive: trials leave at the front, or all together.
        offset = number - outstanding[0].number if outstanding else -1
        if self._active is None or not 0 <= offset < len(outstanding):
            return
        pending = outstanding[offset]
        rung = len(pending.scores)
        pending.scores.append(score)
        if rung < self._last_rung:
            if pending.ends is None or not pending.ends(pending.scores):
                self._promoted.append(Promote(number, rung + 1))
                return
            score = pending.scores[-1] = evolve(score, pruned_at=rung)
        proposal = pending.proposal
        pending.finished = Trial(
            number,
            self._active.rule.name,
            proposal.point,
            proposal.origin,
            score,
            statistics or {},
            failures or {},
        )

    def tested(self, number: int) -> None:
        """Event: all tests of this trial have outcomes."""
        self._untested.discard(number)

    def recall(self, recorded: Recorded | None) -> None:
        """Event: this proposal is stored for the next trial.

        Call it before the first `advance`, and after each `Propose`.
        """
        self._recorded = recorded

    def stop(self, stop: Stop) -> None:
        """Event: end search or stage after the last told trial; the stop is already recorded."""
        self._stop = self._stop or stop

    def advance(self) -> Iterator[SearchCommand]:
        """Continue as far as possible, yielding commands; returns when a result is needed."""
        while not (self.ended or self._untested):
            if self._ending is not None:
                self.ended = True
                yield SearchEnded(self._ending)
            # First, so that a stop takes effect before the next ask.
            elif self._stop is not None:
                stop, self._stop = self._stop, None
                yield from self._end(stop.ended, search=not stop.stage_only)
            elif self._promoted:
                yield self._promoted.popleft()
            elif self._active is None:
                yield from self._next_stage()
            # Before any tell: trial i must be asked for when exactly i - lookahead are told.
            elif (active := self._active).ending is None and active.told >= active.next_ask_at:
                yield from self._ask(active)
            elif self._outstanding:
                if (trial := self._outstanding[0].finished) is None:
                    return
                yield from self._tell(active, trial)
            elif (reason := active.ending) is not None:
                budget = self._limit is not None and reason == self._limit.ended
                yield from self._end(reason, search=budget)
            else:
                raise PluginError(
                    f"{active.rule.label}, asked for trial {self._number + 1}: it returned "
                    "WAIT, but there is no pending trial to wait for"
                )

    def _next_stage(self) -> Iterator[SearchCommand]:
        if self._index + 1 == len(self._rules):
            yield from self._end_search("stages")
            return
        if self._limit is not None and self._left() == 0:
            yield from self._end_search(self._limit.ended)
            return
        self._index += 1
        rule = self._rules[self._index]
        seed = derive_seed(self._seed, "stage", rule.name)
        spans = [span for name, span in self._spans.items() if name in rule.seed_from]
        trials = least(rule.trials, self._left())
        seeds = self._history.joined(spans)
        begin = StageStart(
            *(self._space, seed, trials, self._lookahead, seeds),
            objectives=self._objectives,
            same_scale=self._same_scale,
        )
        method = GuardedStage(rule.build, begin, rule.label, rule.calls)
        context = FitnessContext(rule.trials, self._budget)
        self._active = _Active(rule, method, seed, context, mark=self._best)
        yield StageStarted(self._index)

    def _left(self) -> int | None:
        """Return how many more trials the search's budget allows, None without one."""
        if self._limit is None:
            return None
        return self._limit.trials - len(self._history) - len(self._outstanding)

    def _ask(self, active: _Active) -> tuple[Propose, ...]:
        """Ask the active stage; return the trial that it proposes, if any."""
        if active.asked == active.rule.trials:
            active.ending = "trials"
            return ()
        if self._limit is not None and self._left() == 0:
            active.ending = self._limit.ended
            return ()
        number = self._number + 1
        context = AskContext(number, active.attempt, active.seed, self._told)
        recorded = self._recorded
        # Only asking shows whether another version proposes the same.
        if recorded and active.method.adopts and recorded.version == active.rule.version:
            answer = self._adopt(active, context, recorded)
        else:
            answer = active.method.ask(context)
        if answer is WAIT:
            # Counted in told trials, so that the wait is the same in every run.
            active.next_ask_at = active.told + 1
            active.attempt += 1
        elif answer is DONE:
            if recorded is not None and recorded.stage == active.rule.name:
                raise other_proposal(active.rule.label, number, "proposed, now it ends before")
            why = active.method.reason()
            active.ending = f"done: {why}" if why else "done"
        elif isinstance(answer, Proposal):
            return self._take(active, answer)
        return ()

    def _adopt(self, active: _Active, context: AskContext, recorded: Recorded) -> Proposal | Signal:
        """Pass back a stored proposal at the point of the search where it was made."""
        if active.told < recorded.told:
            return WAIT
        proposal = Proposal(recorded.point, recorded.origin, recorded.because)
        active.attempt = recorded.attempt
        active.method.adopt(evolve(context, attempt=recorded.attempt), proposal)
        return proposal

    def _take(self, active: _Active, proposal: Proposal) -> tuple[Propose, ...]:
        grid_index = self._space.grid_index(proposal.point)
        number = self._number + 1
        if grid_index in self._ahead or self._history.knows(grid_index):
            # Another attempt has another seed, so the method need not repeat itself.
            active.attempt += 1
            active.refusals += 1
            active.method.refused(proposal.point, number)
            if active.refusals == REFUSALS:
                active.ending = "repeats"
            return ()
        because = None
        if self._recorded is not None:
            recorded = self._recorded
            _compare(number, active.rule, proposal, recorded, self._space)
            # What it says of the point may have other words by now; the stored ones count.
            proposal = Proposal(recorded.point, recorded.origin, recorded.because)
            self._recorded = None
        elif proposal.because is not None:
            because = active.method.because(proposal.because, number)
        attempt = active.attempt
        self._number = number
        ends = self._prune.proposed() if self._prune else None
        self._outstanding.append(_Pending(number, grid_index, proposal, ends))
        self._ahead.add(grid_index)
        active.asked += 1
        active.attempt = active.refusals = 0
        active.next_ask_at = max(active.told, active.asked + 1 - self._lookahead)
        context = active.context
        if self._moments:
            budgets = context.stage_trials, context.search_trials
            context = FitnessContext(*budgets, self._moments.snapshot())
        told = active.told
        proposed = Propose(
            number, self._index, proposal, grid_index, attempt, told, context, because
        )
        return (proposed,)

    def _tell(self, active: _Active, trial: Trial) -> Iterator[SearchCommand]:
        pending = self._outstanding.popleft()
        grid_index = pending.grid_index
        self._history.add(trial, grid_index)
        if self._prune:
            self._prune.told(pending.scores)
        if self._moments:
            self._moments.add(trial.score)
        self._told = self._history.since(0)
        self._ahead.discard(grid_index)
        active.told += 1
        active.method.tell(trial, TellContext(trial.number, active.seed, self._told))
        reason = self._judge(active, trial.score)
        if self._failing.told(trial) or self._lacking.told(trial):
            reason = FAILING
        yield Tell(self._index, trial)
        # A stop that was recorded while `Tell` was carried out comes first.
        if reason and self._stop is None:
            yield from self._end(reason, search=reason in (FITNESS_TARGET, FAILING))

    def _judge(self, active: _Active, score: Score) -> str | None:
        """Return why the stage ends after this trial, None if it continues.

        A trial that only a part of the scenarios judged is no improvement.
        """
        objective = score.objective if score.feasible and score.complete else None
        rule = active.rule
        active.idle += 1
        if objective is not None:
            # Small gains add up: improvement is measured from the last improvement, not the best.
            if active.mark is None or objective > active.mark + rule.min_delta:
                active.mark, active.idle = objective, 0
            self._best = objective if self._best is None else max(self._best, objective)
            if self._target is not None and objective >= self._target:
                return FITNESS_TARGET
            if rule.target is not None and objective >= rule.target:
                return "target"
        return "patience" if rule.patience is not None and active.idle >= rule.patience else None

    def _end(self, reason: str, *, search: bool) -> Iterator[SearchCommand]:
        """End the active stage, and with it the `search` if that ends too."""
        yield from self._end_stage(reason)
        if search:
            yield from self._end_search(reason)

    def _end_stage(self, reason: str) -> Iterator[SearchCommand]:
        """End the active stage and withdraw its pending trials."""
        if self._outstanding:
            numbers = tuple(pending.number for pending in self._outstanding)
            self._outstanding.clear()
            self._promoted.clear()
            # Never told, so a later stage may propose these points.
            self._ahead.clear()
            yield Withdraw(self._index, numbers)
        if self._active is not None:
            count = len(self._history)
            self._spans[self._active.rule.name] = range(count - self._active.told, count)
            self._active = None
            yield StageEnded(self._index, reason)

    def _end_search(self, reason: str) -> Iterator[SearchCommand]:
        """Test the chosen trials, if the search has tests; then it ends."""
        self._ending = reason
        chosen = tuple(self._choose(self._history)) if self._choose is not None else ()
        if chosen:
            self._untested = {told.number for told in chosen}
            yield Test(chosen, FitnessContext(search_trials=self._budget))


def _compare(
    number: int, rule: StageRule, proposal: Proposal, recorded: Recorded, space: Space
) -> None:
    """Raise ResumeError if a method proposes something else than before."""
    if recorded.stage != rule.name:
        how = f"proposed by stage {recorded.stage!r}, now by {rule.name!r}"
        raise other_proposal(rule.label, number, how)
    if recorded.point != proposal.point:
        was, now = space.values(recorded.point), space.values(proposal.point)
        raise other_proposal(rule.label, number, f"{was}, now {now}")
