"""Read runs: trials in order or by rank, failures, events, daily returns, dumps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from leanopt_core.outputs import DailyReturns
from leanopt_core.ranking import RANKED
from leanopt_core.store import dump
from leanopt_core.store.columns import JUDGES, JUDGES_AT_ALL, TOLD, TRIAL, trials
from leanopt_core.store.daily import TrialReturns, calendar_days, trial_returns
from leanopt_core.store.database import Database, Row
from leanopt_core.store.outputs import mean_sizes, with_outputs
from leanopt_core.store.records import (
    RankedTrial,
    StoredEvent,
    StoredRun,
    StoredTrial,
    Taken,
    TrialSummary,
)
from leanopt_core.store.tally import Tally, failures, tally
from leanopt_core.work import Outcome

_JOINED: Final = """
JOIN stages AS g ON g.id = t.stage_id
JOIN searches AS s ON s.id = t.search_id
LEFT JOIN evaluations AS e ON e.search_id = t.search_id AND e.number = t.number
LEFT JOIN backtests AS b ON b.id = e.backtest_id
ORDER BY t.number, e.ordinal"""
# ruff: noqa: S608 - the queries are made of constants
# One statement per page, so a trial and its backtests are consistent.
_PAGE: Final = f"""
SELECT {TRIAL} FROM (
  SELECT * FROM trials WHERE search_id = ? AND number > ? ORDER BY number LIMIT ?
) AS t {_JOINED}"""
_ONE: Final = f"""
SELECT {TRIAL} FROM (SELECT * FROM trials WHERE search_id = ? AND number = ?) AS t {_JOINED}"""
_RANKING: Final = f"""
SELECT searches.id, searches.number, trials.number
FROM searches JOIN trials ON trials.search_id = searches.id AND {TOLD}
WHERE run_id = ?1 AND (?4 IS NULL OR searches.number = ?4)
ORDER BY {RANKED}, searches.number, trials.number LIMIT ?2 OFFSET ?3"""
_EXTENT: Final = "SELECT count(*), coalesce(max(number), 0) FROM trials WHERE search_id = ?"
_GAP: Final = """
SELECT place FROM (
  SELECT number, row_number() OVER (ORDER BY number) AS place FROM trials WHERE search_id = ?
) WHERE number <> place ORDER BY place LIMIT 1"""
_EVENTS: Final = """
SELECT kind, detail, search_id, stage_id, number, happened_at FROM events
WHERE run_id = ? ORDER BY id"""
_UNCLEAN: Final = f"""
SELECT name FROM runs WHERE id <> ?
AND EXISTS (SELECT 1 FROM events WHERE run_id = runs.id AND kind = '{dump.WARM}')
AND EXISTS (
  SELECT 1 FROM searches JOIN evaluations ON evaluations.search_id = searches.id
  JOIN backtests ON backtests.id = evaluations.backtest_id
  WHERE searches.run_id = ? AND backtests.run_id = runs.id
) ORDER BY id"""
_SPREAD: Final = f"""
SELECT count(fitness), min(fitness), max(fitness)
FROM searches JOIN trials ON trials.search_id = searches.id AND {TOLD}
WHERE run_id = ? AND violation = 0 AND pruned_at IS NULL"""
_HAS_COMPLETED: Final = """
SELECT 1 FROM searches JOIN trials ON trials.search_id = searches.id
WHERE run_id = ? AND trials.state = 'completed' LIMIT 1"""
_FAILED: Final = """
SELECT searches.number, trials.number, trials.failure, coalesce(message, '')
FROM searches JOIN trials ON trials.search_id = searches.id
LEFT JOIN evaluations AS e ON e.search_id = searches.id AND e.number = trials.number
LEFT JOIN backtests AS b ON b.id = e.backtest_id AND b.failure IS NOT NULL
WHERE searches.run_id = ?1 AND (?2 IS NULL OR searches.number = ?2)
  AND trials.failure IS NOT NULL
ORDER BY searches.number, trials.number, b.id IS NULL, e.ordinal LIMIT 1"""
# `IS NOT`: a backtest whose run was deleted has NULL, and is a cache hit too.
_TOLD: Final = f"""
SELECT t.number, g.name, t.fitness, t.violation, t.failure, count(*),
  count(CASE WHEN b.run_id IS NOT s.run_id THEN 1 END), count(CASE WHEN {JUDGES} THEN 1 END),
  t.pruned_at
FROM (
  SELECT * FROM trials WHERE search_id = ? AND number > ? AND {TOLD}
  ORDER BY number LIMIT ?
) AS t
JOIN stages AS g ON g.id = t.stage_id
JOIN searches AS s ON s.id = t.search_id
JOIN evaluations AS e ON e.search_id = t.search_id AND e.number = t.number AND {JUDGES_AT_ALL}
JOIN backtests AS b ON b.id = e.backtest_id
GROUP BY t.number ORDER BY t.number"""
_RUN_HERE: Final = """
SELECT coalesce(max(id), 0), count(*) FROM backtests WHERE id > ? AND run_id = ?"""
_NEWEST: Final = """
SELECT seconds, worker, finished_at FROM (
  SELECT id, coalesce(seconds, 0.0) AS seconds, coalesce(worker, 0) AS worker, finished_at
  FROM backtests WHERE run_id = ? AND id > ? AND finished_at >= ? ORDER BY id DESC LIMIT 4096
) ORDER BY id"""
_FIRST_TRIALS: Final = f"""
SELECT searches.id, min(e.number) FROM searches
JOIN evaluations AS e ON e.search_id = searches.id AND {JUDGES_AT_ALL}
JOIN backtests ON backtests.id = e.backtest_id AND backtests.run_id = searches.run_id
WHERE searches.run_id = ? AND finished_at >= ? GROUP BY searches.id"""
_AHEAD: Final = """
SELECT count(*) FROM trials JOIN evaluations USING (search_id, number)
WHERE search_id = ? AND number > ? AND state = 'proposed'"""
_RUN_TIMES: Final = """
SELECT backtests.seconds FROM runs
JOIN backtests ON backtests.run_id = runs.id AND backtests.statistics IS NOT NULL
JOIN scenarios ON scenarios.id = backtests.scenario_id
WHERE strategy = ? AND backtests.seconds > 0
  AND (? IS NULL OR definition IN (SELECT value FROM json_each(?)))
ORDER BY backtests.id DESC LIMIT 1000"""
_TAKEN: Final = """
SELECT searches.number, sinks.number, sinks.stages
FROM searches JOIN sinks ON sinks.search_id = searches.id
WHERE run_id = ? AND sink = ?"""
_PAGE_SIZE: Final = 500


class Reader:
    """Reads while others write; no transaction stays open between pages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def trials(self, search_id: int, *, after: int = 0) -> Iterator[StoredTrial]:
        """Yield the search's trials with numbers above `after`, in order."""
        while page := trials(self._database.rows(_PAGE, (search_id, after, _PAGE_SIZE))):
            yield from page
            after = page[-1].number

    def outcomes(self, trial: StoredTrial, needs: frozenset[str]) -> dict[int, Outcome]:
        """Return a trial's outcomes by scenario index, with what is stored of `needs`."""
        return {
            ordinal: with_outputs(self._database, one.id, one.outcome, needs)
            for ordinal, one in trial.backtests.items()
        }

    def trial(self, run: StoredRun, search_number: int, number: int) -> StoredTrial | None:
        """Return one trial, None if the run has no such trial."""
        searches = (search for search in run.searches if search.number == search_number)
        search = next(searches, None)
        return None if search is None else self._one(search.id, number)

    def _one(self, search_id: int, number: int) -> StoredTrial | None:
        return next(iter(trials(self._database.rows(_ONE, (search_id, number)))), None)

    def first_gap(self, search_id: int) -> int | None:
        """Return the first number without a trial before the search's last one, None if none."""
        count, last = self._database.rows(_EXTENT, (search_id,))[0]
        if count == last:
            return None
        row = self._database.row(_GAP, (search_id,))
        return row[0] if row else 1

    def ranked(
        self, run: StoredRun, limit: int, offset: int = 0, *, search: int | None = None
    ) -> list[RankedTrial]:
        """Return up to `limit` told trials by rank, after the best `offset`.

        With the number of a `search`, only its trials.
        """
        found = self._database.rows(_RANKING, (run.id, limit, offset, search))
        return [
            RankedTrial(rank, search, trial)
            for rank, (search_id, search, number) in enumerate(found, offset + 1)
            if (trial := self._one(search_id, number)) is not None
        ]

    def failures(self, run: StoredRun) -> dict[str, int]:
        """Return the number of failed trials by category, the most frequent first."""
        return failures(self._database, run.id)

    def told(self, search_id: int, *, after: int = 0) -> Iterator[TrialSummary]:
        """Yield summaries of the search's told trials with numbers above `after`, in order."""
        while page := self._database.rows(_TOLD, (search_id, after, _PAGE_SIZE)):
            yield from (TrialSummary(*row) for row in page)
            after = page[-1][0]

    def run_here(self, run: StoredRun, *, after: int = 0) -> tuple[int, int]:
        """Return the last id and the count of the backtests that this run ran.

        Only ids above `after` count; the last id is 0 if there is none.
        """
        last, count = self._database.rows(_RUN_HERE, (after, run.id))[0]
        return last, count

    def newest(
        self, run: StoredRun, *, after: int = 0, since: int = 0
    ) -> list[tuple[float, int, int]]:
        """Return the newest 4,096 backtests that this run ran, in order.

        Of each the seconds, the worker's number, and when it ended. Only ids above `after` count,
        and ends from `since` on, both times in whole seconds since 1970.
        """
        rows = self._database.rows(_NEWEST, (run.id, after, since))
        return [(seconds, worker, finished) for seconds, worker, finished in rows]

    def first_trials(self, run: StoredRun, *, since: int) -> dict[int, int]:
        """Return each search's first trial with a backtest that this run ran, by the search's id.

        Only backtests count that judge trials, and ended from `since` on, in seconds since 1970.
        """
        return dict(self._database.rows(_FIRST_TRIALS, (run.id, since)))

    def ahead(self, search_id: int, *, after: int) -> int:
        """Return how many outcomes trials have that are not told; `after` is the last told one."""
        count: int = self._database.rows(_AHEAD, (search_id, after))[0][0]
        return count

    def run_times(self, strategy: str, definitions: Sequence[str] | None = None) -> list[float]:
        """Return the run times in seconds of a strategy's newest 1,000 completed backtests.

        With `definitions`, only of backtests under one of these scenarios.
        """
        asked = None if definitions is None else json.dumps(list(definitions))
        return [row[0] for row in self._database.rows(_RUN_TIMES, (strategy, asked, asked))]

    def output_sizes(self, strategy: str, names: frozenset[str]) -> dict[str, float]:
        """Return the mean bytes of these outputs over a strategy's newest stored backtests."""
        return mean_sizes(self._database, strategy, names)

    def first_failure(
        self, run: StoredRun, search: int | None = None
    ) -> tuple[int, int, str, str] | None:
        """Return the first failed trial, of one search or of all.

        It is the search's number, the trial's number, category and message.
        """
        row = self._database.row(_FAILED, (run.id, search))
        return None if row is None else (row[0], row[1], row[2], row[3])

    def spread(self, run: StoredRun) -> tuple[int, float | None, float | None]:
        """Return the number of feasible trials, and their lowest and highest fitness."""
        feasible, low, high = self._database.rows(_SPREAD, (run.id,))[0]
        return feasible, low, high

    def has_completed(self, run: StoredRun) -> bool:
        """Return whether a trial of the run has completed."""
        return self._database.row(_HAS_COMPLETED, (run.id,)) is not None

    def tally(self, run: StoredRun) -> Tally:
        """Return the run's counts of trials by result, and of backtests."""
        return tally(self._database, run.id)

    def events(self, run: StoredRun) -> list[StoredEvent]:
        """Return the run's events, in the order in which they were written."""
        return [_event(row) for row in self._database.rows(_EVENTS, (run.id,))]

    def unclean(self, run: StoredRun) -> list[str]:
        """Return the names of runs that gave it results and had one that did not repeat."""
        return [name for (name,) in self._database.rows(_UNCLEAN, (run.id, run.id))]

    def taken(self, run: StoredRun, sink: str) -> dict[int, Taken]:
        """Return how far a sink had taken each search, by its number; `sink` is its identity."""
        rows = self._database.rows(_TAKEN, (run.id, sink))
        return {search: Taken(*taken) for search, *taken in rows}

    def trial_returns(self, search_id: int, ordinal: int) -> Iterator[TrialReturns]:
        """Yield the daily returns of the search's told trials under a scenario, in order."""
        return trial_returns(self._database, search_id, ordinal)

    def calendar_days(self, calendar: int) -> Sequence[int]:
        """Return the days of a calendar (`date.toordinal`), by its id."""
        return calendar_days(self._database, calendar)

    def returns(self, backtest_id: int) -> DailyReturns | None:
        """Return a backtest's daily returns, None if they are not stored."""
        return with_outputs(self._database, backtest_id, Outcome(), ("returns",)).returns

    def canonical(self, run: StoredRun) -> Iterator[str]:
        """Yield the canonical dump as JSON lines: the same bytes for the same search plan.

        It has told and withdrawn trials by search and number, each stop after its trial, and the
        tests after the trials of their search.
        """
        return dump.canonical(run, self.trials, self.events(run))

    def export(self, run: StoredRun) -> Iterator[str]:
        """Yield everything stored about the run's trials and events as JSON lines."""
        return dump.export(run, self.trials, self.events(run))


def _event(row: Row) -> StoredEvent:
    kind, detail, *where = row
    return StoredEvent(kind, json.loads(detail), *where)
