"""The records of a run since its last commit, written in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attrs import define, field

from leanopt_core.canonical import canonical_json
from leanopt_core.ranking import RANKED, rank_key
from leanopt_core.store.answering import Held
from leanopt_core.store.columns import TOLD, storable
from leanopt_core.store.database import Database
from leanopt_core.store.opened import OpenedSet
from leanopt_core.store.returns import Calendar
from leanopt_core.trial import Score

PROPOSE: Final = (
    "INSERT INTO trials (search_id, number, stage_id, grid_index, parameters, origin, attempt, "
    "told_before, detail, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'proposed')"
)
# Most backtests have nothing more than this. Python's sqlite3 takes longer to pass a None than a
# number.
RECORD: Final = (
    "INSERT INTO backtests (id, key, run_id, scenario_id, statistics, outputs, attempts, seconds, "
    "worker, finished_at, held, waited) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
RECORD_MORE: Final = (
    "INSERT INTO backtests (id, key, run_id, scenario_id, statistics, outputs, attempts, seconds, "
    "worker, finished_at, held, waited, failure, message, closed_trades, opened, fingerprint) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "(SELECT id FROM opened WHERE hash = ?), ?)"
)
_OPENED: Final = (
    "INSERT INTO opened (hash, before, files) "
    "VALUES (?, (SELECT id FROM opened WHERE hash = ?), ?) ON CONFLICT DO NOTHING"
)
RETURNS: Final = (
    "INSERT INTO returns (backtest_id, calendar_id, daily, ended) "
    "VALUES (?, (SELECT id FROM calendars WHERE hash = ?), ?, ?)"
)
EQUITY: Final = "INSERT INTO equity_curves (backtest_id, times, points) VALUES (?, ?, ?)"
TRADES: Final = "INSERT INTO closed_trades (backtest_id, trades) VALUES (?, ?)"
EVALUATE: Final = (
    "INSERT INTO evaluations (search_id, number, ordinal, backtest_id) VALUES (?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
EVENT: Final = (
    "INSERT INTO events (run_id, search_id, stage_id, number, kind, detail, happened_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
# The hello of the run's first worker is kept, like its command line.
HELLO: Final = "UPDATE runs SET execution = json_insert(execution, '$.hello', json(?)) WHERE id = ?"
READ_TYPES: Final = (
    "UPDATE runs SET execution = json_insert(execution, '$.read_types', json(?)) WHERE id = ?"
)
STAGE_VERSION: Final = "UPDATE stages SET version = ? WHERE id = ?"
STAGE_WORKED: Final = "UPDATE stages SET seconds = ? WHERE id = ?"
# A resumed run scores its tests again.
TEST_SCORE: Final = (
    "INSERT OR REPLACE INTO test_scores "
    "(search_id, number, ordinal, fitness, violation, failure, detail) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
CHOSEN: Final = "UPDATE searches SET chosen = ? WHERE id = ?"
STAGE_ENDED: Final = "UPDATE stages SET ended = ? WHERE id = ? AND ended IS NULL"
SEARCH_ENDED: Final = "UPDATE searches SET ended = ? WHERE id = ? AND ended IS NULL"
# It answers others with the next check, or with the commit if one has confirmed it already.
REPRODUCED: Final = (
    f"UPDATE backtests SET held = '{Held.UNCHECKED}' WHERE id = ? AND held = '{Held.UNCONFIRMED}'"  # noqa: S608 - constants
)
TAKEN: Final = (
    "INSERT INTO sinks (search_id, sink, name, number, stages) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET number = excluded.number, stages = excluded.stages"
)
VOID: Final = "DELETE FROM leases WHERE key = ? AND process_id = ? AND taken_at = ?"
RELEASE: Final = "DELETE FROM leases WHERE key = ? AND process_id = ?"
LEASE: Final = "INSERT OR REPLACE INTO leases (key, process_id, taken_at) VALUES (?, ?, ?)"
RENEW: Final = "UPDATE leases SET taken_at = ? WHERE key = ? AND process_id = ?"
SHARING: Final = "UPDATE processes SET state = 'sharing' WHERE id = ?"
RELEASE_ALL: Final = "DELETE FROM leases WHERE process_id = ?"
ENDED: Final = "UPDATE processes SET state = 'ended' WHERE id = ?"
# The first time counts: a backtest that runs again, for other outputs, is no other trial.
SINGLE: Final = (
    "INSERT INTO single_backtests (strategy, key, scenario, parameters, failed, sharpe, ran_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET failed = excluded.failed, sharpe = excluded.sharpe"
)
FINISH: Final = "UPDATE runs SET state = ?, finished_at = ? WHERE id = ?"
_CALENDAR: Final = (
    "INSERT INTO calendars (hash, days, count, first_day, last_day) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
_PROPOSED: Final = "WHERE search_id = ? AND number = ? AND state = 'proposed'"
# A resumed run tells its trials again: only the first telling changes a row.
_COMPLETE: Final = f"UPDATE trials SET state = 'completed', fitness = ?, violation = ? {_PROPOSED}"  # noqa: S608
_FAIL: Final = (
    f"UPDATE trials SET state = 'failed', fitness = ?, violation = ?, failure = ? {_PROPOSED}"  # noqa: S608
)
# Since the proposal, `detail` may have `because`. The two JSON objects are joined as texts, since
# SQLite's own functions could write numbers in another way.
_ADD_DETAIL: Final = f"""
UPDATE trials SET
  pruned_at = ?,
  detail = coalesce(substr(detail, 1, length(detail) - 1) || ',' || substr(?, 2), ?, detail)
{_PROPOSED}"""  # noqa: S608 - a constant
_WITHDRAW: Final = """
UPDATE trials SET state = 'withdrawn'
WHERE search_id = ? AND number = ? AND state = 'proposed'"""
# The best can only be the one so far or the first of this batch, so two trials are compared.
_COUNT_TOLD: Final = f"""
UPDATE searches SET told = told + :told, best = (
  SELECT trials.number FROM trials JOIN searches AS own ON own.id = trials.search_id
  WHERE own.id = :search AND trials.number IN (own.best, :first) AND {TOLD}
  ORDER BY {RANKED}, trials.number LIMIT 1
) WHERE id = :search"""  # noqa: S608 - the order is a constant
_COUNT_WITHDRAWN: Final = "UPDATE searches SET withdrawn = withdrawn + ? WHERE id = ?"

# Rows come after those they refer to.
_BEFORE_TELLING: Final = (PROPOSE, RECORD, RECORD_MORE, RETURNS, EQUITY, TRADES, EVALUATE)
_AFTER_TELLING: Final = (
    *(HELLO, READ_TYPES, EVENT),
    *(VOID, RELEASE, LEASE, RENEW, SHARING, RELEASE_ALL, ENDED),
    *(STAGE_VERSION, STAGE_WORKED, STAGE_ENDED, CHOSEN, TEST_SCORE, SEARCH_ENDED),
    *(TAKEN, REPRODUCED, SINGLE, FINISH),
)
_OF_BACKTEST: Final = (RECORD, RECORD_MORE, RETURNS, EQUITY, TRADES)


@define
class Batch:
    """Rows by statement, and told and withdrawn trials by search."""

    _rows: dict[str, list[tuple[Any, ...]]] = field(factory=dict)
    _calendars: dict[bytes, Calendar] = field(factory=dict)
    _opened: list[OpenedSet] = field(factory=list)
    _told: dict[int, list[tuple[int, Score]]] = field(factory=dict)
    _withdrawn: dict[int, list[int]] = field(factory=dict)

    def __bool__(self) -> bool:
        return bool(self._rows or self._told or self._withdrawn)

    def add(self, statement: str, row: tuple[Any, ...]) -> None:
        """Add a row for one of this module's statements."""
        self._rows.setdefault(statement, []).append(row)

    def replace(self, backtest_id: int, by: int) -> None:
        """Drop a recorded backtest: its trials refer to the stored one with the id `by`."""
        for statement in _OF_BACKTEST:
            rows = self._rows.get(statement, [])
            self._rows[statement] = [row for row in rows if row[0] != backtest_id]
        self._rows[EVALUATE] = [
            (*trial, by if found == backtest_id else found)
            for *trial, found in self._rows.get(EVALUATE, [])
        ]

    def calendar(self, calendar: Calendar) -> None:
        """Add days that returns refer to."""
        self._calendars.setdefault(calendar.hash, calendar)

    def opened(self, files: OpenedSet) -> None:
        """Add a set of opened files that backtests refer to, after the one before it."""
        self._opened.append(files)

    def tell(self, search_id: int, number: int, score: Score) -> None:
        """Add a told trial."""
        self._told.setdefault(search_id, []).append((number, score))

    def withdraw(self, search_id: int, numbers: Iterable[int]) -> None:
        """Add withdrawn trials."""
        self._withdrawn.setdefault(search_id, []).extend(numbers)

    def write(self, database: Database) -> None:
        """Write everything, inside the caller's transaction."""
        for one in self._opened:
            database.run(_OPENED, (one.hash, one.before, one.files))
        if self._calendars:
            database.many(_CALENDAR, [calendar.row for calendar in self._calendars.values()])
        self._write(database, _BEFORE_TELLING)
        for search_id, told in self._told.items():
            _write_told(database, search_id, told)
        for search_id, numbers in self._withdrawn.items():
            changed = database.many(_WITHDRAW, ((search_id, number) for number in numbers))
            database.run(_COUNT_WITHDRAWN, (changed, search_id))
        self._write(database, _AFTER_TELLING)

    def _write(self, database: Database, statements: Iterable[str]) -> None:
        for statement in statements:
            if rows := self._rows.get(statement):
                database.many(statement, rows)


def _write_told(database: Database, search_id: int, told: list[tuple[int, Score]]) -> None:
    rare = [
        (score.pruned_at, detail, detail, search_id, number)
        for number, score in told
        if (detail := detail_of(score)) or score.pruned_at is not None
    ]
    if rare:
        database.many(_ADD_DETAIL, rare)
    completed = [
        (score.fitness, score.violation, search_id, number)
        for number, score in told
        if score.failure is None
    ]
    failed = [
        (score.fitness, score.violation, score.failure, search_id, number)
        for number, score in told
        if score.failure is not None
    ]
    changed = database.many(_COMPLETE, completed) if completed else 0
    changed += database.many(_FAIL, failed) if failed else 0
    first, _ = min(told, key=lambda one: rank_key(one[1], 0, one[0]))
    database.run(_COUNT_TOLD, {"told": changed, "first": first, "search": search_id})


def detail_of(score: Score) -> str | None:
    """Return the score's rare details as JSON, None if it has none."""
    if not (score.violations or score.reasons or score.values or score.penalties):
        return None
    violations = [[violation.constraint, violation.size] for violation in score.violations]
    penalties = [[penalty.constraint, penalty.amount] for penalty in score.penalties]
    more = {
        "reasons": score.reasons,
        "values": dict(score.values),
        "violations": violations,
        "penalties": penalties,
        # A single one is the fitness.
        "objectives": score.objectives if len(score.objectives) > 1 else (),
    }
    given = {name: value for name, value in more.items() if value}
    return storable(canonical_json(given))
