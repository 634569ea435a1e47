"""Record backtests of a run, or of none: buffered, with what the store gives back of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from attrs import evolve

from leanopt_core.canonical import canonical_json
from leanopt_core.store import batch
from leanopt_core.store.answering import Held
from leanopt_core.store.batch import Batch
from leanopt_core.store.columns import key_column, outputs_column, storable
from leanopt_core.store.database import Database
from leanopt_core.store.lookup import Lookup
from leanopt_core.store.opened import OpenedSet
from leanopt_core.store.outputs import pack_equity, pack_trades
from leanopt_core.store.returns import daily_returns, pack, returns_on
from leanopt_core.work import Failure, Outcome

_RESERVE: Final = (
    "INSERT INTO counters (name, next) VALUES (:name, 1 + :block) "
    "ON CONFLICT (name) DO UPDATE SET next = next + :block"
)
_NEXT: Final = "SELECT next FROM counters WHERE name = ?"
# Reserving a block of ids costs one commit; unused ids are lost.
_BLOCK: Final = 256


class Recording:
    """Records backtests of the run with the id `run_id`, or of none, and finds stored ones.

    The outcomes that it returns have what is stored of `needs` besides statistics. `holds` says
    whether the files of a set of opened ones are the same.
    """

    def __init__(
        self,
        database: Database,
        run_id: int | None,
        clock: Callable[[], float],
        *,
        needs: frozenset[str] = frozenset(),
        holds: Callable[[int], bool] = lambda _: False,
    ) -> None:
        self._database = database
        self._run_id = run_id
        self._clock = clock
        self._needs = needs
        self._holds = holds
        self._ids = Ids(database, "backtests")
        self._batch = Batch()
        self._noted: set[bytes] = set()
        self._recorded: dict[bytes, list[tuple[int, Outcome, frozenset[str]]]] = {}
        self._newest = self._ids.last()
        self._lookup = Lookup(database, run_id, clock, needs, holds)

    def record(
        self,
        key: str,
        scenario_id: int | None,
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
        statistics, failed = kept.statistics, kept.failure
        row = (
            *(found, short, self._run_id, scenario_id),
            None if statistics is None else storable(canonical_json(statistics.values)),
            *(outputs_column(outputs), attempts, seconds, worker, int(self._clock()), held, waited),
        )
        if failed or opened or kept.closed_trades is not None or fingerprint is not None:
            category, message = (failed.category.value, failed.message) if failed else (None, None)
            opened_hash = opened[-1].hash if opened else None
            more = (category, message, kept.closed_trades, opened_hash, fingerprint)
            self._note(opened)
            self._batch.add(batch.RECORD_MORE, (*row, *more))
        else:
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
