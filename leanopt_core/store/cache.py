"""How much of the store the cached backtests take, who uses them, and removing unused ones."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attrs import frozen

from leanopt_core.store.columns import OUTPUT_TABLES
from leanopt_core.store.database import Database
from leanopt_core.store.opened import REMOVE_UNUSED

# ruff: noqa: S608 - the statements are made of constants

# Backtests whose run was deleted have no run; other runs may still use them.
_RUNS: Final = """
SELECT runs.name, runs.state, json_extract(runs.execution, '$.build.identity'),
  (SELECT count(*) FROM backtests WHERE run_id = runs.id),
  count(CASE WHEN b.run_id IS NOT runs.id THEN 1 END)
FROM runs
LEFT JOIN searches ON searches.run_id = runs.id
LEFT JOIN evaluations AS e ON e.search_id = searches.id
LEFT JOIN backtests AS b ON b.id = e.backtest_id
GROUP BY runs.id ORDER BY runs.id"""
_SERVED: Final = """
SELECT owner.name, count(*)
FROM evaluations AS e
JOIN searches ON searches.id = e.search_id
JOIN backtests AS b ON b.id = e.backtest_id AND b.run_id <> searches.run_id
JOIN runs AS owner ON owner.id = b.run_id
GROUP BY owner.id"""
_UNUSED: Final = "backtests.id NOT IN (SELECT backtest_id FROM evaluations)"
_COUNTS: Final = f"""
SELECT count(*), count(CASE WHEN {_UNUSED} THEN 1 END), count(held) FROM backtests"""
_OLDEST: Final = f"""
SELECT backtests.id FROM backtests LEFT JOIN runs ON runs.id = backtests.run_id
WHERE {_UNUSED} AND backtests.finished_at < :before
  AND (:build IS NULL OR substr(json_extract(runs.execution, '$.build.identity'), 1, :length)
    = :build)
ORDER BY backtests.finished_at, backtests.id"""
_PAGES: Final = """
SELECT page_size, page_count, freelist_count
FROM pragma_page_size, pragma_page_count, pragma_freelist_count"""
_BACKTESTS: Final = ("backtests", "id")
# Between two looks at the size of what is left.
_TOGETHER: Final = 500


@frozen
class RunUse:
    """A run's part of the cache.

    `backtests` ran in it; `hits` are its answers from the cache, `served` the answers that its
    backtests gave to other runs. `build` is the identity of the prepared strategy.
    """

    name: str
    state: str
    build: str | None
    backtests: int
    hits: int
    served: int


@frozen
class CacheUse:
    """The store's size in bytes and its backtests.

    `used` bytes hold data, `free` ones are left by what was deleted, `log` are those of the
    write-ahead log. No kept run uses the `unused` backtests; the `held` ones answer no other run.
    """

    path: Path
    used: int
    free: int
    log: int
    backtests: int
    unused: int
    held: int
    runs: tuple[RunUse, ...]


@frozen
class Removal:
    """Which unused backtests to remove, the oldest first.

    Only those that finished before `before` (seconds since 1970) and whose run has a build whose
    identity begins with `build`; only until the data take at most `size` bytes. None for no limit.
    """

    before: float | None = None
    build: str | None = None
    size: int | None = None


def cache_use(database: Database) -> CacheUse:
    """Measure the store; raises StoreError if SQLite fails."""
    backtests, unused, held = database.rows(_COUNTS)[0]
    served: dict[str, int] = dict(database.rows(_SERVED))
    runs = tuple(
        RunUse(name, state, build, made, hits, served.get(name, 0))
        for name, state, build, made, hits in database.rows(_RUNS)
    )
    used, free = _sizes(database)
    log = database.path.with_name(f"{database.path.name}-wal")
    size = log.stat().st_size if log.exists() else 0
    return CacheUse(database.path, used, free, size, backtests, unused, held, runs)


def removable(database: Database, removal: Removal) -> list[int]:
    """Return the ids of the unused backtests of this age and build, the oldest first."""
    build = removal.build
    before = 2**62 if removal.before is None else removal.before
    asked = {"before": before, "build": build, "length": len(build or "")}
    return [found for (found,) in database.rows(_OLDEST, asked)]


def remove_backtests(database: Database, removal: Removal) -> int:
    """Remove unused backtests in one transaction; return how many. Raises StoreError."""
    removed = 0
    with database.unenforced(), database.transaction():
        found = removable(database, removal)
        while removed < len(found) and _above(database, removal.size):
            some = [(one,) for one in found[removed : removed + _TOGETHER]]
            outputs = ((table, "backtest_id") for table in OUTPUT_TABLES.values())
            for table, column in (*outputs, _BACKTESTS):
                database.many(f"DELETE FROM {table} WHERE {column} = ?", some)
            removed += len(some)
        database.run("DELETE FROM calendars WHERE id NOT IN (SELECT calendar_id FROM returns)")
        database.run(REMOVE_UNUSED)
    return removed


def _above(database: Database, size: int | None) -> bool:
    return size is None or _sizes(database)[0] > size


def stored_keys(database: Database) -> set[str]:
    """Return the first half of each stored backtest's content key, in hexadecimal."""
    return {key.hex() for (key,) in database.each("SELECT DISTINCT key FROM backtests")}


def vacuum(database: Database) -> None:
    """Give the free bytes and the log back to the file system."""
    database.run("VACUUM")
    database.row("PRAGMA wal_checkpoint(TRUNCATE)")


def _sizes(database: Database) -> tuple[int, int]:
    """Return how many bytes of the file hold data, and how many are free."""
    page, pages, free = database.rows(_PAGES)[0]
    return page * (pages - free), page * free
