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
from typing import Protocol, TypeVar

from leanopt_core.engines.base import Engine
from leanopt_core.errors import ExecutorError, InputsChangedError, LeanoptError, PluginError
from leanopt_core.executors.places import PlacedWorkers
from leanopt_core.executors.pool import Pool
from leanopt_core.fitness import FitnessContext
from leanopt_core.needs import Outputs
from leanopt_core.search.active import ActiveSearch, Recipients, SearchSetup
from leanopt_core.search.artifacts import ArtifactKeeper
from leanopt_core.search.ask_watch import AskWatch
from leanopt_core.search.backtests import Backtests
from leanopt_core.search.events import Ahead
from leanopt_core.search.ledger import Ledger, PendingTrial
from leanopt_core.search.notifier import Notifier
from leanopt_core.search.opened import OpenedFiles
from leanopt_core.search.repeats import compare_scores
from leanopt_core.search.warm_check import WarmCheck
from leanopt_core.trial import Score
from leanopt_core.work import Outcome

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
#: Seconds between two looks at the workers while a method is asked.
_UNHEARD = 0.002
#: Maximum seconds between two looks at a sink that is behind.
_BEHIND = 0.25


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
        ticks: Sequence[Callable[[], object]] = (),
        check_warm: WarmCheck | None = None,
        ask_watch: AskWatch | None = None,
    ) -> None:
        """Take the parts of the run; `ticks` are called before results are told, and may raise."""
        self._workers = workers
        self._ticks = ticks
        self._ask_watch = ask_watch or AskWatch((), workers.slots)
        self._keeper = keeper
        self._setups = searches
        self._ledger = ledger
        self._judge = judge
        self._fitness = fitness
        self._notifier = notifier
        notifier.sinks.wakes(workers.wake)
        self._backtests = Backtests(
            [[scenario.name for scenario in setup.every_scenario] for setup in searches],
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
        # How many trials of searches that have ended were not told before the run was resumed.
        self._told = 0
        # Whether one of these was told before the run was resumed.
        self._catching_up = False
        self._due = math.inf
        self._to = Recipients(ledger, notifier, keeper, self._backtests, self._land)
        # The open searches that have not ended, by index, and how many have been opened: one opens
        # when those before it leave workers idle.
        self._searches: dict[int, ActiveSearch] = {}
        self._opened = 0
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
            for search in self._searches.values():
                search.note_time(last=True)
            self._backtests.close()
        self._ledger.commit()

    def _work(self) -> None:
        self._backtests.join()
        self._open()
        while self._searches or self._unopened:
            # While told trials are replayed, no backtest runs: trials withdrawn before are queued
            # and withdrawn again.
            if not self._catching_up:
                self._fill()
                self._backtests.check_warm(left=self._left)
            # Also after a signal, so that what has finished is recorded before the run stops.
            finished = self._workers.wait(self._timeout())
            if slow := self._ask_watch.ended(finished):
                self._notifier.warn(slow)
            any_news = self._backtests.collect(finished, last=self._interrupted)
            if self._interrupted:
                raise Interrupted
            self._tick()
            if not any_news:
                # No result to share a commit with: readers of the store see the told trials now.
                self._commit()
            # Commit, then feed: a method must not learn a result that a kill could still undo.
            if self._wait_for_others() == 0 and not self._notifier.sinks.behind():
                for search in self._searches.values():
                    search.note_time()
                self._ledger.taken(self._notifier.sinks.taken())
                self._commit()
                self._feed()
            if fault := self._keeper.fault():
                self._notifier.warn(fault)
            if self._notifier.patience() == 0:
                ahead = sum(search.ahead for search in self._searches.values())
                self._notifier.observe(Ahead(ahead))
            self._notifier.tick()
        # Others may wait for what has finished.
        self._commit()
        self._check_last()

    @property
    def _unopened(self) -> bool:
        return self._opened < len(self._setups)

    def _tick(self) -> None:
        for tick in self._ticks:
            tick()

    def _left(self) -> float:
        """Return how many more trials may be proposed, for each one told since the run began."""
        searches = self._searches.values()
        told = self._told + sum(search.told for search in searches)
        if self._unopened or not told:
            return math.inf
        return sum(search.machine.proposable for search in searches) / told

    def _fill(self) -> None:
        """Give the workers backtests; open the next search when they would idle."""
        self._backtests.dispatch()
        # Results that have landed come first: their search may have more for the workers.
        while self._unopened and not self._landed and (not self._searches or self._backtests.idle):
            self._open()
            if self._catching_up:
                return
            self._backtests.dispatch()

    def _open(self) -> None:
        """Open the next search."""
        at, moments = self._opened, self._judge.contextual
        self._opened += 1
        self._searches[at] = ActiveSearch(
            at, self._setups[at], self._to, fitness=self._fitness, moments=moments
        )
        self._carry_out(at)

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
        # Trials of a search that has ended were withdrawn.
        landed = [pending for pending in landed if pending.search in self._searches]
        for pending in landed:
            self._searches[pending.search].is_ready(pending)
        for index in sorted({pending.search for pending in landed}):
            self._carry_out(index)

    def _carry_out(self, index: int) -> None:
        """Carry out the machine's commands, then look up all new backtests together."""
        search = self._searches[index]
        self._score_tests(search)
        self._advance(search)
        while (ready := search.next_ready()) is not None:
            pending, outcomes = ready
            score = self._score(search, pending, outcomes)
            search.finished(pending.number, score, outcomes)
            self._advance(search)
        fresh = search.take_fresh()
        # Most keys are new, and one query finds that out for many of them.
        keys = [key for *_, backtest in fresh for key in backtest.keys]
        known = self._ledger.known(keys) if keys else {}
        for pending, scenario_index, backtest in fresh:
            self._backtests.send(pending, scenario_index, backtest, known)
        if search.machine.ended:
            self._told += search.told
            del self._searches[index]

    def _score_tests(self, search: ActiveSearch) -> None:
        """Score the trials that have been tested: tests of the same days together."""
        for pending in search.take_tested():
            for tests, outcomes in search.tests_of(pending):
                score = self._think(self._judge, outcomes, pending.context)
                search.scored(pending.number, tests, score)
            search.tested(pending.number)

    def _score(
        self, search: ActiveSearch, pending: PendingTrial, outcomes: Mapping[str, Outcome]
    ) -> Score:
        """Return the score of a trial at its rung, the stored one if it was told that before.

        So methods are told the same, even if another C library computes another last digit.
        """
        score = self._think(self._judge, outcomes, pending.context)
        stored = pending.stored
        if stored is None or pending.rung != search.judged_at(stored):
            return score
        compare_scores(self._fitness, pending.number, stored, score)
        return stored

    def _advance(self, search: ActiveSearch) -> None:
        timed, commands = self._ask_watch.timed, search.machine.advance()
        while (command := timed(self._think, next, commands, None)) is not None:
            search.obey(command)
            # Several asks in a row can take long: workers need not wait for all of them.
            self._workers.poll(after=_UNHEARD)

    def _think(self, work: Callable[..., T], *arguments: object) -> T:
        """Run a plugin's code; `interrupt` raises inside it."""
        # Only here the first signal raises: elsewhere it could cut a record in two.
        self._thinking = True
        try:
            # A signal may have come just before: from here on `interrupt` raises.
            if self._interrupted:
                raise Interrupted
            return work(*arguments)
        finally:
            self._thinking = False

    def _land(self, pending: PendingTrial, scenario_index: int, outcome: Outcome) -> None:
        landed = pending.land(scenario_index, outcome)
        # The first result sets the time, or a stream of results could put the commit off for ever.
        if self._due == math.inf:
            self._due = time.monotonic() + _GROUPING
        if landed:
            self._landed.append(pending)
            self._catching_up |= pending.replayed
