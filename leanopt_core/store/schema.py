"""The store's schema as plain SQL, one list of statements a migration, in order.

A migration that was released is never edited: what changes later is a new one at the end.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from leanopt_core.store.database import Database

if TYPE_CHECKING:
    import sqlite_utils
    from sqlite_utils.migrations import Migrations

#: Marks a SQLite file as leanopt's ("lopt"), in its header.
APPLICATION_ID: Final = 0x6C6F7074
#: The name of the migration set in sqlite-utils.
MIGRATION_SET: Final = "leanopt"

_RUNS = """
CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  pipeline TEXT NOT NULL,
  number INTEGER NOT NULL,            -- counts the runs of this pipeline, from 1
  strategy TEXT NOT NULL,             -- its stable identity, across edits
  plan_hash TEXT NOT NULL,
  plan TEXT NOT NULL,                 -- the search plan, canonical JSON
  execution TEXT NOT NULL,            -- what does not decide the trials, JSON
  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'interrupted', 'failed')),
  started_at TEXT NOT NULL,           -- UTC, ISO 8601
  finished_at TEXT,
  UNIQUE (pipeline, number)
)"""

_SEARCHES = """
CREATE TABLE searches (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs(id),
  number INTEGER NOT NULL,            -- within the run, from 1
  name TEXT NOT NULL,
  seed INTEGER NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('max', 'min')),
  ended TEXT,                         -- why
  told INTEGER NOT NULL DEFAULT 0,    -- kept beside the trials: counting a million takes long
  withdrawn INTEGER NOT NULL DEFAULT 0,
  best INTEGER,                       -- the number of the trial that ranks first
  UNIQUE (run_id, number)
)"""

_SCENARIOS = """
CREATE TABLE scenarios (
  id INTEGER PRIMARY KEY,
  search_id INTEGER NOT NULL REFERENCES searches(id),
  ordinal INTEGER NOT NULL,           -- its place in the search, from 0
  name TEXT NOT NULL,
  definition TEXT NOT NULL,           -- canonical JSON
  UNIQUE (search_id, ordinal)
)"""

_STAGES = """
CREATE TABLE stages (
  id INTEGER PRIMARY KEY,
  search_id INTEGER NOT NULL REFERENCES searches(id),
  position INTEGER NOT NULL,          -- its place in the search, from 0
  name TEXT NOT NULL,
  method TEXT NOT NULL,
  distribution TEXT NOT NULL,
  version TEXT NOT NULL,
  trials INTEGER,                     -- its budget
  ended TEXT,                         -- why
  UNIQUE (search_id, position)
)"""

# Proposals are inserted in the order of their numbers, so the table only grows at its end.
# grid_index has no type: a value beyond 64 bits is text, which INTEGER would round to a float.
_TRIALS = """
CREATE TABLE trials (
  search_id INTEGER NOT NULL REFERENCES searches(id),
  number INTEGER NOT NULL,            -- within the search, from 1
  stage_id INTEGER NOT NULL REFERENCES stages(id),
  grid_index NOT NULL,                -- the point's place in the whole grid
  parameters TEXT NOT NULL,           -- JSON, numbers exact
  origin TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  told_before INTEGER NOT NULL,       -- trials of its stage told when it was proposed
  state TEXT NOT NULL CHECK (state IN ('proposed', 'told', 'withdrawn')),
  fitness REAL,
  violation REAL,                     -- 0 where every constraint holds, NULL until told
  failure TEXT,                       -- the category
  detail TEXT,                        -- JSON: reasons, values, violations, those there are
  PRIMARY KEY (search_id, number)
) WITHOUT ROWID"""

_BACKTESTS = """
CREATE TABLE backtests (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,                  -- the first 16 bytes of the content key
  run_id INTEGER REFERENCES runs(id), -- where it was run, NULL where that was deleted
  scenario_id INTEGER REFERENCES scenarios(id),
  statistics TEXT,                    -- canonical JSON
  failure TEXT,                       -- the category
  message TEXT,
  closed_trades INTEGER,
  outputs TEXT,                       -- asked for beside the statistics, with commas
  attempts INTEGER NOT NULL,
  seconds REAL,
  worker INTEGER,                     -- the number of the one that had it last
  finished_at INTEGER NOT NULL        -- seconds since 1970 UTC
)"""

_EVALUATIONS = """
CREATE TABLE evaluations (
  search_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,           -- the scenario's
  backtest_id INTEGER NOT NULL REFERENCES backtests(id),
  PRIMARY KEY (search_id, number, ordinal),
  FOREIGN KEY (search_id, number) REFERENCES trials(search_id, number)
) WITHOUT ROWID"""

_CALENDARS = """
CREATE TABLE calendars (
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,          -- SHA-256 of the days
  days BLOB NOT NULL,                 -- differences of day numbers, int32, zlib
  count INTEGER NOT NULL,
  first_day TEXT,
  last_day TEXT
)"""

_RETURNS = """
CREATE TABLE returns (
  backtest_id INTEGER PRIMARY KEY REFERENCES backtests(id),
  calendar_id INTEGER NOT NULL REFERENCES calendars(id),
  daily BLOB NOT NULL,                -- float32, zlib
  ended TEXT                          -- why the series stops before the curve does
)"""

_EVENTS = """
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs(id),
  search_id INTEGER REFERENCES searches(id),
  stage_id INTEGER REFERENCES stages(id),
  number INTEGER,                     -- the trial after which it happened
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,               -- JSON
  happened_at TEXT NOT NULL
)"""

_FILE_HASHES = """
CREATE TABLE file_hashes (
  path TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  sha256 TEXT NOT NULL
) WITHOUT ROWID"""

_COUNTERS = "CREATE TABLE counters (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID"

_FIRST: Final = (
    _RUNS,
    _SEARCHES,
    _SCENARIOS,
    _STAGES,
    _TRIALS,
    _BACKTESTS,
    _EVALUATIONS,
    _CALENDARS,
    _RETURNS,
    _EVENTS,
    _FILE_HASHES,
    _COUNTERS,
    "CREATE INDEX runs_of_plan ON runs(plan_hash)",
    "CREATE INDEX trials_failed ON trials(search_id, failure) WHERE failure IS NOT NULL",
    # Half of a key is still unique, and the index is half as large.
    "CREATE INDEX backtests_by_key ON backtests(substr(key, 1, 8))",
    "CREATE INDEX events_of_run ON events(run_id)",
    # A resumed run may record the same stop again.
    "CREATE UNIQUE INDEX stops ON events(search_id, number) WHERE kind = 'stop'",
)


# The ranking's words as `leanopt_core.ranking.RANKED` has them.
_TRIALS_RANKED = """
CREATE VIEW trials_ranked AS
SELECT
  runs.name AS run,
  row_number() OVER (
    PARTITION BY runs.name
    ORDER BY
      CASE WHEN violation > 0 THEN 1 WHEN fitness IS NOT NULL THEN 0 ELSE 2 END,
      CASE WHEN violation > 0 THEN violation WHEN direction = 'min' THEN fitness ELSE -fitness END,
      searches.number, trials.number
  ) AS rank,
  searches.number AS search,
  trials.number AS trial,
  stages.name AS stage,
  fitness, violation, trials.failure AS failure,
  parameters, statistics, origin, detail, message
FROM runs
JOIN searches ON searches.run_id = runs.id
JOIN trials ON trials.search_id = searches.id AND trials.state IN ('completed', 'failed')
JOIN stages ON stages.id = trials.stage_id
LEFT JOIN evaluations ON evaluations.search_id = trials.search_id
  AND evaluations.number = trials.number AND evaluations.ordinal = 0
LEFT JOIN backtests ON backtests.id = evaluations.backtest_id"""

_RUNS_SUMMARY = """
CREATE VIEW runs_summary AS
SELECT
  runs.name AS run, runs.state AS state, started_at, finished_at,
  count(searches.id) AS searches,
  coalesce(sum(told), 0) - coalesce(sum(failures), 0) AS completed,
  coalesce(sum(failures), 0) AS failed,
  coalesce(sum(withdrawn), 0) AS withdrawn,
  (SELECT CASE s.direction WHEN 'min' THEN min(fitness) ELSE max(fitness) END
    FROM searches AS s JOIN trials ON trials.search_id = s.id AND trials.number = s.best
    WHERE s.run_id = runs.id AND violation = 0) AS best_fitness
FROM runs
LEFT JOIN (
  SELECT *, (
    SELECT count(*) FROM trials WHERE search_id = searches.id AND failure IS NOT NULL
  ) AS failures
  FROM searches
) AS searches ON searches.run_id = runs.id
GROUP BY runs.id"""

# A trial that was told is `completed`, or `failed` where a backtest of it failed. The table's text
# is edited, as SQLite's documentation advises for a CHECK: rebuilding the table would break the
# references to it, and views and indexes that a user made. Some stores have the same states in an
# `IN`, for which SQLite makes a table of more than two texts with each row that it writes. The two
# members of `execution` are what decides results where workers run, and what stands for
# placeholders there.
_STATES: Final = (
    "DROP VIEW IF EXISTS trials_ranked",
    "DROP VIEW IF EXISTS runs_summary",
    "PRAGMA writable_schema = ON",
    """
UPDATE sqlite_master SET sql = replace(
  sql,
  'state TEXT NOT NULL CHECK (state IN (''proposed'', ''told'', ''withdrawn''))',
  'state TEXT NOT NULL CHECK (state = ''proposed'' OR state = ''completed'' OR state = ''failed'' '
  || 'OR state = ''withdrawn'')'
) WHERE type = 'table' AND name = 'trials'""",
    "PRAGMA writable_schema = RESET",
    """
UPDATE trials SET state = CASE WHEN failure IS NULL THEN 'completed' ELSE 'failed' END
WHERE state = 'told'""",
    """
UPDATE runs SET execution = json_remove(
  json_set(execution, '$.runtime', json_extract(execution, '$.place')), '$.place'
) WHERE json_type(execution, '$.place') IS NOT NULL""",
    """
UPDATE runs SET execution = json_remove(
  json_set(execution, '$.launch.placeholders', json_extract(execution, '$.launch.places')),
  '$.launch.places'
) WHERE json_type(execution, '$.launch.places') IS NOT NULL""",
    _TRIALS_RANKED,
    _RUNS_SUMMARY,
)

_EQUITY_CURVES: Final = """
CREATE TABLE equity_curves (
  backtest_id INTEGER PRIMARY KEY REFERENCES backtests(id),
  times BLOB NOT NULL,                -- differences of seconds since 1970 UTC, int64, zlib
  points BLOB NOT NULL                -- the value at each, float64, zlib
)"""

_CLOSED_TRADES: Final = """
CREATE TABLE closed_trades (
  backtest_id INTEGER PRIMARY KEY REFERENCES backtests(id),
  trades BLOB NOT NULL                -- JSON, a list for each trade, zlib
)"""

# Trials that only a part of their scenarios judged rank after the complete ones.
_PRUNED: Final = (
    "ALTER TABLE trials ADD COLUMN pruned_at INTEGER",  # at which step, NULL if complete
    "DROP VIEW IF EXISTS trials_ranked",
    "DROP VIEW IF EXISTS runs_summary",
    _TRIALS_RANKED.replace(
        "CASE WHEN violation > 0 THEN 1 WHEN fitness IS NOT NULL THEN 0 ELSE 2 END",
        "CASE WHEN violation > 0 THEN 2 WHEN fitness IS NULL THEN 3 ELSE pruned_at IS NOT NULL END",
    ),
    _RUNS_SUMMARY.replace("violation = 0)", "violation = 0 AND pruned_at IS NULL)"),
)

# How far a sink that gets only new trials had taken a search; a resumed run goes on after that.
_SINKS: Final = """
CREATE TABLE sinks (
  search_id INTEGER NOT NULL REFERENCES searches(id),
  sink TEXT NOT NULL,                 -- hash of its name and options, and which of equal ones
  name TEXT NOT NULL,
  number INTEGER NOT NULL,            -- the last trial that it took
  stages INTEGER NOT NULL,            -- how many ends of stages it took
  PRIMARY KEY (search_id, sink)
) WITHOUT ROWID"""

# Why a backtest answers no other run, NULL if it answers: `leanopt_core.store.answering.Held`.
_HELD: Final = (
    "ALTER TABLE backtests ADD COLUMN held TEXT",
    # Those that are held are few, and are looked for again and again.
    "CREATE INDEX backtests_held ON backtests(run_id) WHERE held IS NOT NULL",
)

# The processes that run backtests, for others to know. One that has ended stays until the next one
# comes: those that are here must see that it was.
_PROCESSES: Final = """
CREATE TABLE processes (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs(id),
  state TEXT NOT NULL CHECK (state IN ('alone', 'sharing', 'ended')),
  patience REAL NOT NULL,             -- seconds that others respect one of its leases
  outputs TEXT,                       -- what it stores beside the statistics, with commas
  machine TEXT NOT NULL,
  boot TEXT NOT NULL,
  namespace TEXT NOT NULL,            -- of process ids
  pid TEXT NOT NULL,
  started TEXT NOT NULL               -- ticks since the boot
)"""

_LEASES: Final = """
CREATE TABLE leases (
  key BLOB NOT NULL,                  -- as in backtests
  process_id INTEGER NOT NULL REFERENCES processes(id),
  taken_at REAL NOT NULL,             -- seconds since 1970 UTC
  PRIMARY KEY (key, process_id)
) WITHOUT ROWID"""

# What a worker had opened when it answered: sets with a link to what it had opened before.
_OPENED: Final = """
CREATE TABLE opened (
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,          -- SHA-256 of the hash before and the files
  before INTEGER REFERENCES opened(id),
  files TEXT NOT NULL                 -- JSON: name to SHA-256, null if absent, false if unknown
)"""

# What is kept of deleted runs: `leanopt_core.store.deleted`.
_TALLIES: Final = """
CREATE TABLE tallies (
  id INTEGER PRIMARY KEY,
  strategy TEXT NOT NULL,
  run TEXT NOT NULL,                  -- the deleted run's name
  search TEXT NOT NULL,
  scenario TEXT NOT NULL,             -- canonical JSON
  trials INTEGER NOT NULL,            -- told, with a backtest that ran for them
  failed INTEGER NOT NULL,
  sharpes INTEGER NOT NULL,           -- trials with a daily Sharpe ratio
  mean REAL,
  variance REAL,
  best REAL,
  deleted_at TEXT NOT NULL            -- UTC, ISO 8601
)"""

# How long a backtest waited before its last attempt, in seconds; and the engine's fingerprint of
# what it did, NULL if the engine has none.
_PROOF: Final = (
    "ALTER TABLE backtests ADD COLUMN waited REAL",
    "ALTER TABLE backtests ADD COLUMN fingerprint TEXT",
)

# Backtests outside runs count as trials of their strategy: `leanopt_core.store.single`.
_SINGLE: Final = """
CREATE TABLE single_backtests (
  id INTEGER PRIMARY KEY,
  strategy TEXT NOT NULL,
  key BLOB NOT NULL,                  -- as in backtests
  scenario TEXT NOT NULL,             -- canonical JSON
  parameters TEXT NOT NULL,           -- canonical JSON
  failed INTEGER NOT NULL,
  sharpe REAL,                        -- of the daily returns
  ran_at TEXT NOT NULL,               -- UTC, ISO 8601
  UNIQUE (strategy, key)
)"""

# A scenario that judges no trial, and the first trial that was backtested under such ones.
_TESTS: Final = (
    """
ALTER TABLE scenarios ADD COLUMN role TEXT NOT NULL DEFAULT 'train'
CHECK (role IN ('train', 'test', 'asked'))""",
    "ALTER TABLE searches ADD COLUMN chosen INTEGER",
)

# What searches of a strategy must not see, and which points were looked at under which scenario:
# `leanopt_core.store.looks`.
_HOLDOUTS: Final = """
CREATE TABLE holdouts (
  id INTEGER PRIMARY KEY,
  strategy TEXT NOT NULL,
  definition TEXT NOT NULL,           -- canonical JSON
  declared_at TEXT NOT NULL,          -- UTC, ISO 8601
  looks INTEGER,                      -- when another took its place, NULL for the current one
  UNIQUE (strategy, definition)
)"""
_LOOKS: Final = """
CREATE TABLE looks (
  strategy TEXT NOT NULL,
  scenario TEXT NOT NULL,             -- canonical JSON
  parameters TEXT NOT NULL,           -- canonical JSON
  looked_at TEXT NOT NULL,            -- UTC, ISO 8601: the first time
  PRIMARY KEY (strategy, scenario, parameters)
) WITHOUT ROWID"""

# What trials are worth under tests: those of the same days score a trial together.
_TEST_SCORES: Final = """
CREATE TABLE test_scores (
  search_id INTEGER NOT NULL REFERENCES searches(id),
  number INTEGER NOT NULL,            -- of the trial
  ordinal INTEGER NOT NULL,           -- of the test
  fitness REAL,
  violation REAL NOT NULL,
  failure TEXT,
  detail TEXT,                        -- JSON, as in trials
  PRIMARY KEY (search_id, number, ordinal)
) WITHOUT ROWID"""

# A scenario on its last days, which judges trials at a step before the last. As for `_STATES`, the
# table's text is edited.
_CUTS: Final = (
    "PRAGMA writable_schema = ON",
    """
UPDATE sqlite_master SET sql = replace(
  sql,
  '(role IN (''train'', ''test'', ''asked''))',
  '(role IN (''train'', ''test'', ''asked'', ''cut''))'
) WHERE type = 'table' AND name = 'scenarios'""",
    "PRAGMA writable_schema = RESET",
)

#: Name and statements of every migration, in order.
MIGRATIONS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("first", _FIRST),
    ("states", _STATES),
    ("outputs", (_EQUITY_CURVES, _CLOSED_TRADES)),
    ("pruned", _PRUNED),
    ("sinks", (_SINKS,)),
    ("held", _HELD),
    ("leases", (_PROCESSES, _LEASES)),
    (
        "opened",
        (_OPENED, "ALTER TABLE backtests ADD COLUMN opened INTEGER REFERENCES opened(id)"),
    ),
    ("tallies", (_TALLIES,)),
    ("running_time", ("ALTER TABLE stages ADD COLUMN seconds REAL NOT NULL DEFAULT 0",)),
    ("proof", _PROOF),
    ("single_backtests", (_SINGLE,)),
    ("tests", _TESTS),
    ("notes", ("ALTER TABLE runs ADD COLUMN note TEXT",)),  # the user's
    ("looks", (_HOLDOUTS, _LOOKS)),
    ("test_scores", (_TEST_SCORES,)),
    ("cuts", _CUTS),
)


def created_by(statements: Iterable[str]) -> frozenset[str]:
    """Return the names of the tables that statements create."""
    return frozenset(re.findall(r"CREATE TABLE (\w+)", "\n".join(statements)))


#: Names of every table.
TABLES: Final = frozenset[str]().union(*(created_by(made) for _, made in MIGRATIONS))


def migrate(database: Database, *, stop_before: str | None = None) -> None:
    """Apply missing migrations, inside the caller's transaction; stop before one of them.

    Raises StoreError if SQLite fails.
    """
    import sqlite_utils  # slow to import, and a store is migrated once

    try:
        _migrations().apply(
            sqlite_utils.Database(
                database.connection, recursive_triggers=False, execute_plugins=False
            ),
            stop_before=stop_before,
        )
    except sqlite3.Error as error:
        raise database.explain(error) from error
    database.run(f"PRAGMA application_id = {APPLICATION_ID}")


def _migrations() -> Migrations:
    from sqlite_utils.migrations import Migrations

    migrations = Migrations(MIGRATION_SET)
    for name, statements in MIGRATIONS:

        def apply(target: sqlite_utils.Database, statements: tuple[str, ...] = statements) -> None:
            for statement in statements:
                target.execute(statement)

        migrations(name=name)(apply)
    return migrations
