"""Write one run: everything is buffered, and durable once `commit` returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from attrs import evolve, field, frozen

from leanopt_core.canonical import canonical_json
from leanopt_core.store import batch
from leanopt_core.store.answering import Held
from leanopt_core.store.batch import Batch
from leanopt_core.store.columns import (
    grid_column,
    key_column,
    outputs_column,
    storable,
    utc_text,
)
from leanopt_core.store.database import Database
from leanopt_core.store.leases import Leases, Wanted
from leanopt_core.store.lifting import lift
from leanopt_core.store.lookup import Lookup
from leanopt_core.store.opened import OpenedSet
from leanopt_core.store.outputs import pack_equity, pack_trades
from leanopt_core.store.records import RunState, StoredRun
from leanopt_core.store.returns import daily_returns, pack, returns_on
from leanopt_core.store.taking_back import TakenBack, take_back
from leanopt_core.trial import Score
from leanopt_core.work import Failure, Outcome

_RESERVE: Final = (
    "INSERT INTO counters (name, next) VALUES (:name, 1 + :block) "
    "ON CONFLICT (name) DO UPDATE SET next = next + :block"
)
_NEXT: Final = "SELECT next FROM counters WHERE name = ?"
# Reserving a block of ids costs one commit; unused ids are lost.
_BLOCK: Final = 256


@frozen
class Committed:
    """What a commit has found out about backtests.

    `leased` has one entry for each backtest that was wanted: true if it is leased, false if another
    process runs it, and the answers by content key if it is stored. `replaced` has the stored
    backtests that answer in place of recorded ones, by the id of these.
    """

    leased: Sequence[bool | Mapping[str, tuple[int, Outcome]]] = ()
    replaced: Mapping[int, tuple[int, Outcome]] = field(factory=dict)


class Mark(NamedTuple):
    """How far a run is: its newest backtest, and how many of runs beside it were used unchecked."""

    newest: int
    borrowed: int = 0


class Writer:
    """Records a run.

    A resumed run may record the same again without effect, except proposals. Nothing is written
    before `commit`; if that raises StoreError, everything is still buffered. The outcomes that it
    returns have what is stored of `needs` besides statistics.
    """

    def __init__(
        self,
        database: Database,
        run: StoredRun,
        clock: Callable[[], float],
        *,
        needs: frozenset[str] = frozenset(),
        holds: Callable[[int], bool] = lambda _: False,
    ) -> None:
        """Take the run; `holds` says whether the files of a set of opened ones are the same."""
        self._holds = holds
        self._database = database
        self._run = run
        self._clock = clock
        self._needs = needs
        self._ids = Ids(database, "backtests")
        self._batch = Batch()
        self._noted: set[bytes] = set()
        self._recorded: dict[bytes, list[tuple[int, Outcome, frozenset[str]]]] = {}
        self._newest = self._ids.last()
        # Backtests up to this one are confirmed. Those of a run that is resumed are not yet.
        self._confirmed = 0 if any(search.proposed for search in run.searches) else self._newest
        # The next commit lets unchecked backtests up to this one answer others.
        self._lifted = 0
        self._lookup = Lookup(database, run.id, clock, needs, holds)
        #: Which process runs which backtest; nobody's before `leases.join`.
        self.leases = Leases(database, clock, self._add)

    def _add(self, statement: str, row: tuple[Any, ...]) -> None:
        self._batch.add(statement, row)

    def propose(
        self,
        search_id: int,
        stage_id: int,
        number: int,
        *,
        grid_index: int,
        parameters: str,
        origin: str,
        attempt: int,
        told_before: int,
        because: str | None = None,
    ) -> None:
        """Record a proposed trial, with its `parameters` and `because` as JSON texts.

        `told_before` is the number of trials of its stage told before. If the trial is already
        stored, the commit raises StoreError.
        """
        index, text = grid_column(grid_index), storable(origin)
        detail = None if because is None else f'{{"because":{because}}}'
        row = (search_id, number, stage_id, index, parameters, text, attempt, told_before, detail)
        self._batch.add(batch.PROPOSE, row)

    def record(
        self,
        key: str,
        scenario_id: int,
        outcome: Outcome,
        *,
        outputs: frozenset[str],
        attempts: int,
        seconds: float,
        worker: int,
        held: Held | None = None,
        opened: Sequence[OpenedSet] = (),
        waited: float | None = None,
        fingerprint: str | None = None,
    ) -> tuple[int, Outcome]:
        """Record a finished backtest; return its id, and its outcome as the store gives it back.

        The outcome keeps the names read, which the store has not.
        `key` is its content key, `outputs` are what is stored of it besides statistics, `seconds`
        is the run time of the last of its `attempts`, on `worker`, and `waited` the time before it.
        One that is `held` answers no other run, one with `opened` files only while these are the
        same. `fingerprint` is the engine's.
        """
        found = self._newest = self._ids.next()
        kept, short = self._kept(found, outcome, outputs), key_column(key)
        values = None if kept.statistics is None else dict(kept.statistics.values)
        failed = kept.failure
        row = (
            *(found, short, self._run.id, scenario_id),
            None if values is None else storable(canonical_json(values)),
            *((failed.category.value, failed.message) if failed else (None, None)),
            kept.closed_trades,
            *(outputs_column(outputs), attempts, seconds, worker, int(self._clock()), held),
            *(opened[-1].hash if opened else None, waited, fingerprint),
        )
        self._note(opened)
        self._batch.add(batch.RECORD, row)
        self._recorded.setdefault(short, []).append((found, kept, outputs))
        return found, kept

    def _note(self, opened: Sequence[OpenedSet]) -> None:
        """Record sets of opened files, each once."""
        new = len(opened)
        while new and opened[new - 1].hash not in self._noted:
            new -= 1
        for one in opened[new:]:
            self._noted.add(one.hash)
            self._batch.opened(one)

    def _kept(self, backtest_id: int, outcome: Outcome, outputs: frozenset[str]) -> Outcome:
        """Record what is stored of an outcome in other tables; return what the store gives back."""
        given: dict[str, Any] = {}
        if outcome.equity is not None and "returns" in outputs:
            calendar, values, ended = daily_returns(outcome.equity)
            self._batch.calendar(calendar)
            self._batch.add(batch.RETURNS, (backtest_id, calendar.hash, pack(values), ended))
            if "returns" in self._needs:
                given["returns"] = returns_on(calendar, values, ended)
        if outcome.equity is not None and "equity" in outputs:
            self._batch.add(batch.EQUITY, (backtest_id, *pack_equity(outcome.equity)))
            given["equity"] = outcome.equity
        if outcome.trades is not None and "trades" in outputs:
            self._batch.add(batch.TRADES, (backtest_id, pack_trades(outcome.trades)))
            given["trades"] = outcome.trades
        seen = {name: value for name, value in given.items() if name in self._needs}
        return _as_stored(outcome, seen)

    def known(self, key: str, outputs: frozenset[str]) -> tuple[int, Outcome] | None:
        """Return id and outcome of a cached backtest with this content key, None if there is none.

        What is stored of it includes `outputs`. `answering.ANSWERS` says which count. A backtest of
        this run comes first, then the newest. The outcome has no names read.
        """
        short = key_column(key)
        # Not committed yet, so that no query finds these.
        for found, outcome, has in reversed(self._recorded.get(short, ())):
            if outputs <= has:
                return found, evolve(outcome, read=None, read_types={})
        return self._lookup.answer(short, outputs)

    def known_among(
        self, keys: Sequence[str], outputs: frozenset[str]
    ) -> dict[str, tuple[int, Outcome]]:
        """Return the result of `known` for each of `keys`, without the unknown ones.

        Most keys are new, and one query finds that out for many of them.
        """
        shorts = {key: key_column(key) for key in keys}
        there = self._recorded.keys() | self._lookup.stored(
            [short[:8] for short in shorts.values()]
        )
        return {
            key: found
            for key, short in shorts.items()
            if short in there and (found := self.known(key, outputs)) is not None
        }

    def evaluate(self, search_id: int, number: int, ordinal: int, backtest_id: int) -> None:
        """Record which backtest belongs to a trial under the scenario with index `ordinal`."""
        self._batch.add(batch.EVALUATE, (search_id, number, ordinal, backtest_id))

    def tell(self, search_id: int, number: int, score: Score) -> None:
        """Record that a trial has been told, with its score."""
        self._batch.tell(search_id, number, score)

    def withdraw(self, search_id: int, numbers: Iterable[int]) -> None:
        """Record that trials are withdrawn."""
        self._batch.withdraw(search_id, numbers)

    def event(
        self,
        kind: str,
        detail: Mapping[str, object],
        *,
        search_id: int | None = None,
        stage_id: int | None = None,
        number: int | None = None,
    ) -> None:
        """Record an event, after the told trial `number` if given.

        A `stop` is recorded once per trial.
        """
        text, when = storable(canonical_json(dict(detail))), utc_text(self._clock())
        self._batch.add(batch.EVENT, (self._run.id, search_id, stage_id, number, kind, text, when))

    def hello(self, said: Mapping[str, object]) -> None:
        """Record, once per run, the hello of a harness."""
        self._batch.add(batch.HELLO, (storable(canonical_json(said)), self._run.id))

    def read_types(self, told: Mapping[str, Iterable[str]]) -> None:
        """Record, once per run, the types as which its strategy reads parameters."""
        text = canonical_json({name: sorted(types) for name, types in told.items()})
        self._batch.add(batch.READ_TYPES, (storable(text), self._run.id))

    def stage_version(self, stage_id: int, version: str) -> None:
        """Record the version of a stage's distribution that proposes from here on."""
        self._batch.add(batch.STAGE_VERSION, (version, stage_id))

    def stage_worked(self, stage_id: int, seconds: float) -> None:
        """Record how long a stage has run, in seconds over all starts."""
        self._batch.add(batch.STAGE_WORKED, (seconds, stage_id))

    def stage_ended(self, stage_id: int, reason: str) -> None:
        """Record that a stage has ended, and why."""
        self._batch.add(batch.STAGE_ENDED, (storable(reason), stage_id))

    def search_ended(self, search_id: int, reason: str) -> None:
        """Record that a search has ended, and why."""
        self._batch.add(batch.SEARCH_ENDED, (storable(reason), search_id))

    def taken(self, search_id: int, sink: str, name: str, *, number: int, stages: int) -> None:
        """Record how far the sink of this identity has taken a search: trial and stage ends."""
        self._batch.add(batch.TAKEN, (search_id, sink, name, number, stages))

    @property
    def unconfirmed(self) -> bool:
        """Return whether backtests were recorded that no check has confirmed."""
        return self._newest > self._confirmed or bool(self._lookup.borrowed)

    @property
    def mark(self) -> Mark:
        """Return how far the run is; any thread may ask."""
        return Mark(self._newest, self._lookup.lent)

    @property
    def misled(self) -> bool:
        """Return whether a run beside this one has disowned backtests that this run has used."""
        return self._lookup.misled

    def confirm(self, mark: Mark, known_at: float) -> None:
        """Record that data and sources were unchanged in a check that began at `known_at`.

        The run was as far as `mark` when it began.
        """
        self._lookup.proven(mark.borrowed, known_at)
        if mark.newest > self._confirmed:
            self._confirmed = self._lifted = mark.newest

    def disown(self) -> TakenBack:
        """Disown the backtests that no check has confirmed, and take back the trials told since.

        Nothing may be recorded afterwards but how far sinks were and the end of the run.
        """
        self.commit()
        return take_back(self._database, self._run.id, self._confirmed, self._lookup.borrowed)

    def reproduced(self, backtest_ids: Iterable[int], held: Held | None) -> None:
        """Record that a fresh worker gave these failures too: they answer as others do.

        What no check has confirmed so far stays `held`.
        """
        for backtest_id in backtest_ids:
            self._batch.add(batch.REPRODUCED, (backtest_id,))
            if held is None or backtest_id <= self._confirmed:
                self._lifted = max(self._lifted, backtest_id)

    def finish(self, state: RunState) -> None:
        """Record that the run has ended in `state`, and commit."""
        self._batch.add(batch.FINISH, (state, utc_text(self._clock()), self._run.id))
        self.commit()

    def commit(self, wanted: Sequence[Wanted] = ()) -> Committed:
        """Write all records in one transaction; if it raises StoreError, nothing is written.

        Backtests that are `wanted` are leased in the same transaction.
        """
        if not (self._batch or self._lifted or wanted or self.leases.unwritten):
            return Committed()
        with self._database.transaction():
            # From here on no other process can write.
            self.leases.look()
            leased = self._lease(wanted)
            self.leases.write()
            replaced = {} if self.leases.alone else self._replace()
            self._batch.write(self._database)
            if self._lifted:
                lift(self._database, self._run.id, self._lifted, self._lookup.known_at, self._holds)
        self._batch, self._lifted = Batch(), 0
        self._recorded = {}
        return Committed(leased, replaced)

    def _lease(self, wanted: Sequence[Wanted]) -> list[bool | Mapping[str, tuple[int, Outcome]]]:
        """Lease backtests that are neither stored by now nor leased."""
        # What was looked up before another process committed is looked up again.
        keys = [key for one in wanted if one.version != self.leases.version for key in one.keys]
        known = self.known_among(keys, self.leases.outputs) if keys else {}
        return [
            {key: known[key] for key in one.keys if key in known} or self.leases.grant(one.keys)
            for one in wanted
        ]

    def _replace(self) -> dict[int, tuple[int, Outcome]]:
        """Use what other processes have stored meanwhile instead of a second backtest of its key.

        Leases make that rare: a process was held up for longer than others respect its leases.
        """
        replaced = {}
        for short in self._recorded.keys() & self._lookup.stored(
            [key[:8] for key in self._recorded]
        ):
            for recorded, _, outputs in self._recorded[short]:
                if (stored := self._lookup.answer(short, outputs)) is not None:
                    self._batch.replace(recorded, stored[0])
                    replaced[recorded] = stored
        return replaced


def _as_stored(outcome: Outcome, seen: Mapping[str, Any]) -> Outcome:
    """Return what one row holds of an outcome, with what is `seen` of other tables."""
    failure = outcome.failure
    more = outcome.equity is not None or outcome.trades is not None or outcome.returns is not None
    if failure is None and not more:
        return outcome
    return Outcome(
        outcome.statistics,
        failure and Failure(failure.category, failure.message),
        read=outcome.read,
        read_types=outcome.read_types,
        closed_trades=outcome.closed_trades,
        **seen,
    )


class Ids:
    """Returns ids of the counter `name`."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._block = iter(range(0))

    def last(self) -> int:
        """Return an id that all later ones are above; raises StoreError if SQLite fails."""
        row = self._database.row(_NEXT, (self._name,))
        return row[0] - 1 if row else 0

    def next(self) -> int:
        """Return a new id; raises StoreError if SQLite fails."""
        found = next(self._block, None)
        if found is not None:
            return found
        with self._database.transaction():
            self._database.run(_RESERVE, {"name": self._name, "block": _BLOCK})
            row = self._database.row(_NEXT, (self._name,))
        stop = row[0] if row else 0
        self._block = iter(range(stop - _BLOCK, stop))
        return next(self._block)
