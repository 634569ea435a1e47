"""The backtests of trials: find in the cache, share, queue, run, read and store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from typing import cast

from attrs import asdict

from leanopt_core.engines.base import Engine, HasFingerprint, has_fingerprint
from leanopt_core.errors import LeanoptError, PluginError
from leanopt_core.executors.places import PlacedWorkers, place_of
from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.needs import Outputs
from leanopt_core.search.artifacts import ArtifactKeeper, BacktestRef
from leanopt_core.search.events import BacktestCached, BacktestEnded, Noted
from leanopt_core.search.leasing import LeasedQueue
from leanopt_core.search.ledger import BacktestJob, KeyedBacktest, Known, Ledger, PendingTrial
from leanopt_core.search.notifier import Notifier
from leanopt_core.search.opened import OpenedFiles
from leanopt_core.search.readers import Keep, Readers, read
from leanopt_core.search.warm_check import WarmBacktest, WarmCheck, difference
from leanopt_core.store.answering import Held
from leanopt_core.store.opened import OpenedSet
from leanopt_core.work import Answer, Category, Failure, Outcome

# Retries of a backtest whose result was lost before it was read; and how many seconds reading may
# still take at the end of an interrupted run.
_RETRIES, _LAST = 2, 1.0
# If an engine can read none of the first so many answers, it will hardly read a later one.
_FIRST = 3
# How many differences between warm and fresh workers are shown during the run.
_SAID = 3
# If a run that has ended waits longer for a backtest that is made again, it says so. In seconds.
_NOTICED = 3.0

Land = Callable[[PendingTrial, int, Outcome], None]


class Backtests:
    """Runs the trials' backtests; calls `land(pending, scenario_index, outcome)` for each."""

    def __init__(
        self,
        scenarios: Sequence[Sequence[str]],
        *,
        workers: Pool[int],
        engine: Engine,
        ledger: Ledger,
        notifier: Notifier,
        keeper: ArtifactKeeper,
        outputs: Outputs,
        land: Land,
        places: PlacedWorkers | None = None,
        files: OpenedFiles | None = None,
        check_warm: WarmCheck | None = None,
    ) -> None:
        """Take the parts of the run; `scenarios` are each search's scenario names, in order.

        `check_warm` decides what is made again on fresh workers, by default nothing.
        """
        self._files = files
        self._warm = check_warm or WarmCheck(0.0, workers.slots)
        self._again: dict[int, WarmBacktest] = {}
        self._noted = False
        self._differing = 0
        self._places = places
        # Where the results come from that this run has used.
        self._origins: set[int] = set()
        self._scenarios = scenarios
        self._workers = workers
        self._engine = engine
        marked = has_fingerprint(engine)
        self._marking = cast("HasFingerprint", engine) if marked else None
        self._ledger = ledger
        self._leases = ledger.leases
        self._notifier = notifier
        self._keeper = keeper
        self._outputs = outputs.asked | keeper.asks
        self._land = land
        self._tickets = count(1)
        self._queue = LeasedQueue(len(scenarios), ledger, self._drop)
        self._greeted = False
        self._jobs: dict[str, BacktestJob] = {}
        self._running: dict[int, BacktestJob] = {}
        # Who waits for the backtests recorded since the last commit, which may replace these.
        self._recorded: dict[int, list[tuple[PendingTrial, int]]] = {}
        self._readers: Readers[tuple[BacktestJob, Finished[int]]] = Readers(workers.wake)
        # The engine's errors by ticket; whether an answer could be read; how many could not before.
        self._faults: dict[int, PluginError] = {}
        self._proven = False
        self._in_vain = 0
        self._unable: PluginError | None = None

    @property
    def queued(self) -> bool:
        """Return whether more backtests than the workers have could begin without a commit."""
        return self._queue.queued

    @property
    def idle(self) -> bool:
        """Return whether workers could run more backtests than there are."""
        return self._queue.empty and self._workers.room() > 0

    def join(self) -> None:
        """Tell other processes at the store that this one runs backtests."""
        self._ledger.join(self._workers.time_limit)

    def patience(self) -> float:
        """Return how many seconds may pass before the next `collect` or `commit`."""
        return self._queue.patience(self._workers.room, len(self._running))

    @property
    def check_patience(self) -> float:
        """Return how many seconds may pass before the next `check_warm`."""
        return max(0.0, self._warm.patience)

    def send(
        self,
        pending: PendingTrial,
        scenario_index: int,
        keyed: KeyedBacktest,
        cached: Mapping[str, Known],
    ) -> None:
        """Use a cached outcome, join an equal backtest in progress, or queue a new one."""
        backtest = keyed.backtest
        if cached and any(key in cached for key in keyed.keys):
            self._use(pending, scenario_index, keyed.keys, cached)
            return
        # Equal backtests run once, also where several searches ask for them.
        job = self._jobs.get(backtest.key)
        if job is None:
            version = self._leases.version
            job = BacktestJob(pending.search, backtest, scenario_index, keyed.keys, version)
            self._jobs[backtest.key] = job
            # Later trials wait for one that climbs: its backtests run one after the other.
            self._queue.put(job, first=pending.rung > 0)
        job.waiting.append((pending, scenario_index))

    def dispatch(self) -> None:
        """Fill the pool, with the backtests of the lowest search first."""
        self._queue.look()
        room = self._workers.room()
        while room > 0 and (job := self._queue.next()) is not None:
            self._submit(job)
            room -= 1

    def commit(self, *, lease: bool) -> None:
        """Commit the ledger, with leases of what the workers get next unless `lease` is false."""
        self._queue.renew(
            lambda: [(job, self._workers.age(ticket)) for ticket, job in self._running.items()]
        )
        replaced = self._queue.commit(self._workers.room() if lease else 0)
        for recorded, known in replaced.items():
            for pending, scenario_index in self._recorded[recorded]:
                pending.outcomes[scenario_index] = known.outcome
        self._recorded = {}

    def collect(self, finished: Sequence[Finished[int]], *, last: bool = False) -> bool:
        """Take finished backtests and answers that have been read; return whether there were any.

        With `last`, wait a little for answers that are being read. Raises PluginError, except with
        `last`, if the engine could read none of the first answers.
        """
        answered = self._queue.answered()
        for job, known in answered:
            del self._jobs[job.backtest.key]
            for pending, scenario_index in job.waiting:
                self._use(pending, scenario_index, job.keys, known)
        for one in self._compared(finished) if self._again else finished:
            job = self._running.pop(one.ticket)
            if one.answer is not None and one.answer.files is not None:
                keep = partial(self._keeper.take, one.ticket)
                self._readers.begin((job, one), partial(self._read, job, one, keep))
            else:
                outcome = self._read(job, one)
                if not self._read_in_vain(job, one):
                    self._settle(job, one, outcome)
        done = self._readers.done(wait=_LAST if last else 0.0)
        for (job, one), outcome in done:
            if (failure := _death(outcome)) and (failure.outside or job.lost < _RETRIES):
                # A worker that was ended from outside costs no retry, as in the pool.
                job.lost += not failure.outside
                # In front: results are told in trial order, so later trials wait for this one.
                self._queue.again(job, first=True)
                continue
            if self._read_in_vain(job, one):
                self._keeper.give(one.ticket, ())
                continue
            self._keeper.give(one.ticket, [self._ref(*waits) for waits in job.waiting])
            self._settle(job, one, outcome)
        if self._unable is not None and not last:
            raise self._unable
        return bool(answered or finished or done)

    def check_warm(self, *, left: Callable[[], float] = lambda: 0.0, last: bool = False) -> bool:
        """Make a backtest again on a fresh worker if it is time; return whether one is under way.

        `left` says how many more trials may be proposed for each that was told, `last` that the
        search has ended.
        """
        hello = self._workers.hello
        if hello is None or not hello.warm:
            return False
        if self._again and self._warm.patience <= 0:
            self._give_up()
        idle = last or (not self.queued and self._workers.idle() > 0)
        seconds = self._workers.start_seconds
        one = self._warm.next(idle=idle, start_seconds=seconds, left=left, last=last)
        if one is not None:
            ticket = next(self._tickets)
            self._again[ticket] = one
            request = self._engine.request(one.backtest, self._outputs, hello)
            self._workers.submit(ticket, request, fresh=True)
        if last and not self._noted:
            self._noted = True
            for one in self._again.values():
                self._note_slow(one, seconds + one.seconds)
        return bool(self._again)

    def _note_slow(self, one: WarmBacktest, seconds: float) -> None:
        """Say what the run waits for at its end, if that takes seconds that people notice."""
        if seconds > _NOTICED:
            said = f"trial {one.trial} is made again on a fresh worker, to compare"
            self._notifier.observe(Noted(f"{said} (search.check_warm)"))

    def _give_up(self) -> None:
        """Withdraw the backtest that is made again, whose worker takes too long."""
        ticket, _ = self._again.popitem()
        self._warm.ended(self._workers.age(ticket))
        self._workers.withdraw(ticket)

    def withdraw(self, gone: Collection[PendingTrial]) -> None:
        """Drop withdrawn trials, and the backtests that no other trial waits for."""
        for pending in gone:
            self._keeper.drop(pending.search + 1, pending.number)
        for job in self._jobs.values():
            job.waiting = [waits for waits in job.waiting if waits[0] not in gone]
        # Queued backtests without trials are left to `dispatch`.
        for ticket, job in list(self._running.items()):
            if not job.waiting:
                self._workers.withdraw(ticket)
                del self._running[ticket]
                self._drop(job)

    def close(self) -> None:
        """Stop reading answers; the next commit gives all leases back."""
        self._leases.leave()
        self._readers.close()
        self._keeper.close()

    def _submit(self, job: BacktestJob) -> None:
        hello = self._workers.hello
        if hello is None:
            raise ValueError("submitted before the first hello")
        if not self._greeted:
            self._greeted = True
            self._ledger.greeted(hello)
        ticket = next(self._tickets)
        self._running[ticket] = job
        self._workers.submit(ticket, self._engine.request(job.backtest, self._outputs, hello))

    def _drop(self, job: BacktestJob) -> None:
        """Forget a backtest that no trial waits for."""
        del self._jobs[job.backtest.key]
        self._leases.release(job.keys)

    def _use(
        self,
        pending: PendingTrial,
        scenario_index: int,
        keys: Sequence[str],
        cached: Mapping[str, Known],
    ) -> None:
        """Use a stored outcome; of several places, the first that has one answers."""
        place = next(at for at, key in enumerate(keys) if key in cached)
        known = cached[keys[place]]
        self._note_origin(place)
        self._ledger.evaluate(pending.search, pending.number, scenario_index, known.id)
        self._notifier.observe(BacktestCached())
        self._land(pending, scenario_index, known.outcome)

    def _ref(self, pending: PendingTrial, scenario_index: int) -> BacktestRef:
        name = self._scenarios[pending.search][scenario_index]
        return BacktestRef(pending.search + 1, pending.number, name, scenario_index)

    def _settle(self, job: BacktestJob, finished: Finished[int], outcome: Outcome) -> None:
        """Store a backtest's outcome, and pass what the store holds to the trials that wait."""
        del self._jobs[job.backtest.key]
        self._notifier.observe(BacktestEnded(outcome, finished.seconds, finished.worker))
        place = place_of(self._places, finished.worker)
        self._note_origin(place)
        hello = self._workers.hello
        warm = hello is None or hello.warm
        doubtful = warm and self._warm.saw(job, finished, outcome, place)
        held = Held.UNCONFIRMED if doubtful else None
        opened = self._opened(finished, place)
        kept = self._ledger.record(job, outcome, finished, place, opened, held)
        self._leases.release(job.keys)
        self._recorded[kept.id] = job.waiting
        if doubtful:
            self._warm.holds(outcome, kept.id)
        for pending, scenario_index in job.waiting:
            self._ledger.evaluate(pending.search, pending.number, scenario_index, kept.id)
            self._land(pending, scenario_index, kept.outcome)

    def _opened(self, finished: Finished[int], place: int) -> Sequence[OpenedSet]:
        """Return the files that a result depends on; warn of what changes or no file shows."""
        if self._files is None or (answer := finished.answer) is None:
            return ()
        for text in self._files.unseen(answer):
            self._notifier.warn(text)
        sets = self._files.sets(answer, finished.worker, place)
        for path in self._files.mixed():
            self._notifier.warn(
                f"{path}, which the strategy opens, has changed during the run: its trials do not "
                "all come from the same content"
            )
        return sets

    def _compared(self, finished: Sequence[Finished[int]]) -> Iterator[Finished[int]]:
        """Take those that were made again, and yield the others."""
        for one in finished:
            if (warm := self._again.pop(one.ticket, None)) is not None:
                self._compare(warm, one)
            else:
                yield one

    def _compare(self, warm: WarmBacktest, finished: Finished[int]) -> None:
        """Compare a backtest with the same on a fresh worker, and record what that tells."""
        self._warm.ended(finished.seconds)
        place = place_of(self._places, finished.worker)
        if finished.answer is None:
            return
        fingerprint = self._fingerprint(finished.answer)
        fresh = read(self._engine, finished.answer, warm.backtest, self._outputs)
        if not finished.fresh or place != warm.place:
            return  # its worker was lost, or another place gives other results anyway
        self._ledger.reproduced(self._warm.reproduced(fresh))
        if (found := difference(warm, fresh, fingerprint)) is None:
            return
        scenario = self._scenarios[warm.search][warm.scenario]
        self._ledger.differs(warm.search, warm.trial, scenario, asdict(found))
        self._differing += 1
        if self._differing <= _SAID:
            self._notifier.warn(
                f"trial {warm.trial} was made again on a fresh worker: {found}. Results depend on "
                "what a worker ran before, or on chance."
            )

    def _note_origin(self, place: int) -> None:
        """Warn once if results of several places are mixed."""
        if self._places is None or place in self._origins:
            return
        self._origins.add(place)
        if len(self._origins) == 2:  # noqa: PLR2004 - the first that differs
            names = list(self._places.places())
            mixed = " and ".join(names[at] for at in sorted(self._origins))
            self._notifier.warn(
                f"results of several runtimes are mixed: {mixed}; a trial can depend on where its "
                "backtests ran"
            )

    def _read_in_vain(self, job: BacktestJob, finished: Finished[int]) -> bool:
        """Queue a backtest again if neither its answer nor one before could be read.

        The engine may be wrong, and if so, nothing may be told or stored that the right one would
        read: the run can be resumed with it. If none of the first answers can be read, it is wrong.
        """
        fault = self._faults.pop(finished.ticket, None)
        if fault is None:
            # After the engine's error, answers that can be read are stored, and no others.
            self._proven |= finished.answer is not None and self._unable is None
            return False
        if self._proven:
            return False
        self._in_vain += 1
        if self._in_vain == _FIRST:
            every = f"the same for each of the first {_FIRST} answers"
            self._unable = PluginError(f"{fault}; {every}")
        self._queue.again(job, first=False)
        return True

    def _read(self, job: BacktestJob, finished: Finished[int], keep: Keep | None = None) -> Outcome:
        """Return what the engine reads from an answer; called in threads too."""
        if finished.answer is None:
            nothing = "the pool returned neither an answer nor a failure"
            return Outcome(failure=finished.failure or Failure(Category.ENGINE, nothing))
        job.fingerprint = self._fingerprint(finished.answer)
        fault = partial(self._faults.__setitem__, finished.ticket)
        return read(
            self._engine, finished.answer, job.backtest, self._outputs, keep=keep, fault=fault
        )

    def _fingerprint(self, answer: Answer) -> str | None:
        # `verify` names a fault of a fingerprint, `read` a worker that has died.
        if self._marking is not None:
            with suppress(LeanoptError):
                return self._marking.fingerprint(answer)
        return None


def _death(outcome: Outcome) -> Failure | None:
    """Return the failure if the worker died before its answer was read, else None."""
    failure = outcome.failure
    return failure if failure is not None and failure.category is Category.DIED else None
