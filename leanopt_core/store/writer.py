"""Write one run: everything is buffered, and durable once `commit` returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from attrs import field, frozen

from leanopt_core.canonical import canonical_json
from leanopt_core.store import batch
from leanopt_core.store.answering import Held
from leanopt_core.store.batch import Batch
from leanopt_core.store.columns import grid_column, storable, utc_text
from leanopt_core.store.database import Database
from leanopt_core.store.leases import Leases, Wanted
from leanopt_core.store.lifting import lift
from leanopt_core.store.recording import Recording
from leanopt_core.store.records import RunState, StoredRun
from leanopt_core.store.taking_back import TakenBack, take_back
from leanopt_core.trial import Score
from leanopt_core.work import Outcome


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


class Writer(Recording):
    """Records a run.

    A resumed run may record the same again without effect, except proposals. Nothing is written
    before `commit`; if that raises StoreError, everything is still buffered.
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
        """Take the run; the others are those of `Recording`."""
        self._run = run
        super().__init__(database, run.id, clock, needs=needs, holds=holds)
        # Backtests up to this one are confirmed. Those of a run that is resumed are not yet.
        self._confirmed = 0 if any(search.proposed for search in run.searches) else self._newest
        # The next commit lets unchecked backtests up to this one answer others.
        self._lifted = 0
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

    def chosen(self, search_id: int, number: int) -> None:
        """Record the first trial of a search that is tested."""
        self._batch.add(batch.CHOSEN, (number, search_id))

    def test_scored(self, search_id: int, number: int, tests: Iterable[int], score: Score) -> None:
        """Record the score of a trial under tests, given by their ordinals."""
        judged = (score.fitness, score.violation, score.failure, batch.detail_of(score))
        for ordinal in tests:
            self._batch.add(batch.TEST_SCORE, (search_id, number, ordinal, *judged))

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
        if not (self._batch or self._lifted or wanted or self.leases.due()):
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
