"""The runs of a store: start, find by name or plan, list, delete."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from leanopt_core.canonical import canonical_json
from leanopt_core.errors import UsageError
from leanopt_core.fitness import Direction
from leanopt_core.store.columns import OUTPUT_TABLES, utc_text
from leanopt_core.store.database import Database
from leanopt_core.store.deleted import DeletedTrials, count_trials, deleted_trials, keep_trials
from leanopt_core.store.looks import keep_looks
from leanopt_core.store.opened import REMOVE_UNUSED
from leanopt_core.store.records import (
    Role,
    RunSummary,
    StoredRun,
    StoredScenario,
    StoredSearch,
    StoredStage,
    StoredTestScore,
)
from leanopt_core.store.taking_back import TakenBack, take_back_borrowed
from leanopt_core.suggest import did_you_mean
from leanopt_core.work import Scenario

# ruff: noqa: S608 - the statements are made of this module's constants


_SEARCHES_OF_RUN: Final = "(SELECT id FROM searches WHERE run_id = :run)"
# Evaluations left after deleting the run's own belong to other runs.
_UNUSED: Final = (
    "(SELECT id FROM backtests WHERE run_id = :run EXCEPT SELECT backtest_id FROM evaluations)"
)
_STEPS: Final = (
    f"DELETE FROM evaluations WHERE search_id IN {_SEARCHES_OF_RUN}",
    *(f"DELETE FROM {table} WHERE backtest_id IN {_UNUSED}" for table in OUTPUT_TABLES.values()),
    f"DELETE FROM backtests WHERE id IN {_UNUSED}",
    "UPDATE backtests SET run_id = NULL, scenario_id = NULL WHERE run_id = :run",
    REMOVE_UNUSED,
    "DELETE FROM calendars WHERE id NOT IN (SELECT calendar_id FROM returns)",
    "DELETE FROM events WHERE run_id = :run",
    f"DELETE FROM sinks WHERE search_id IN {_SEARCHES_OF_RUN}",
    f"DELETE FROM test_scores WHERE search_id IN {_SEARCHES_OF_RUN}",
    f"DELETE FROM trials WHERE search_id IN {_SEARCHES_OF_RUN}",
    f"DELETE FROM stages WHERE search_id IN {_SEARCHES_OF_RUN}",
    f"DELETE FROM scenarios WHERE search_id IN {_SEARCHES_OF_RUN}",
    "DELETE FROM searches WHERE run_id = :run",
    "DELETE FROM leases WHERE process_id IN (SELECT id FROM processes WHERE run_id = :run)",
    "DELETE FROM processes WHERE run_id = :run",
    "DELETE FROM runs WHERE id = :run",
)


def delete_run(database: Database, run_id: int, now: str) -> None:
    """Delete the run in one transaction, and keep its tally and looks at holdouts.

    Raises StoreError if SQLite fails.
    """
    # Before the transaction, since reading all returns takes long and other runs may write.
    tally = count_trials(database, run_id)
    # The order of the steps keeps references valid.
    with database.unenforced(), database.transaction():
        keep_trials(database, tally, now)
        keep_looks(database, run_id)
        for step in _STEPS:
            database.run(step, {"run": run_id})


_RUN = (
    "SELECT id, name, pipeline, strategy, plan_hash, plan, execution, state, started_at, "
    "finished_at, note FROM runs WHERE id = ?"
)
_SEARCHES = """
SELECT chosen, id, number, name, seed, direction, ended,
  (SELECT coalesce(max(number), 0) FROM trials WHERE search_id = searches.id),
  told, withdrawn, best
FROM searches WHERE run_id = ? ORDER BY number"""
_SCENARIOS = (
    "SELECT id, ordinal, name, definition, role FROM scenarios WHERE search_id = ? ORDER BY ordinal"
)
_TEST_SCORES = (
    "SELECT ordinal, fitness, violation, failure, detail FROM test_scores "
    "WHERE search_id = ? AND number = ? ORDER BY ordinal"
)
_STAGES = (
    "SELECT id, position, name, method, distribution, version, trials, ended, seconds FROM stages "
    "WHERE search_id = ? ORDER BY position"
)
_SUMMARIES = """
SELECT id, run, runs_summary.state, runs_summary.started_at, runs_summary.finished_at,
  searches, completed, failed, withdrawn, best_fitness, note
FROM runs_summary JOIN runs ON runs.name = run ORDER BY id DESC"""


@frozen
class NewStage:
    """A stage to store: name, method with distribution and version, budget."""

    name: str
    method: str
    distribution: str
    version: str
    trials: int | None = None


@frozen
class NewSearch:
    """A search to store; `seed` is below 2**63, `direction` is the fitness function's.

    No trial is judged by the `tests`, and none for good by the `cuts`.
    """

    number: int
    name: str
    seed: int
    direction: Direction
    scenarios: Sequence[Scenario]
    stages: Sequence[NewStage]
    tests: Sequence[Scenario] = ()
    cuts: Sequence[Scenario] = ()


class Runs:
    """Starts and finds runs. `clock` returns the seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def start(
        self,
        pipeline: str,
        *,
        strategy: str,
        plan_hash: str,
        plan: Mapping[str, object],
        execution: Mapping[str, object],
        searches: Sequence[NewSearch],
        name: str | None = None,
    ) -> StoredRun:
        """Store a new run with its searches, and return it.

        Without `name`, it is the pipeline's name with a counter: `spy-trend-1`. Raises UsageError
        if another run has this name.
        """
        with self._database.transaction():
            row = self._database.row(
                "SELECT coalesce(max(number), 0) + 1 FROM runs WHERE pipeline = ?", (pipeline,)
            )
            number = row[0] if row else 1
            if name is None:
                # A name that was chosen may look the same.
                while self._id_of(f"{pipeline}-{number}") is not None:
                    number += 1
            elif self._id_of(name) is not None:
                raise UsageError(f"there is a run {name}; choose another name")
            run_id = self._database.run(
                "INSERT INTO runs (name, pipeline, number, strategy, plan_hash, plan, execution, "
                "state, started_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'running', ?)",
                (
                    name or f"{pipeline}-{number}",
                    pipeline,
                    number,
                    strategy,
                    plan_hash,
                    canonical_json(plan),
                    canonical_json(execution),
                    utc_text(self._clock()),
                ),
            )
            for search in searches:
                self._start_search(run_id, search)
        return self.get(run_id)

    def _start_search(self, run_id: int, search: NewSearch) -> None:
        search_id = self._database.run(
            "INSERT INTO searches (run_id, number, name, seed, direction) VALUES (?, ?, ?, ?, ?)",
            (run_id, search.number, search.name, search.seed, search.direction),
        )
        self._database.many(
            "INSERT INTO scenarios (search_id, ordinal, name, definition, role) "
            "VALUES (?, ?, ?, ?, ?)",
            [
                (search_id, ordinal, scenario.name, canonical_json(scenario.to_dict()), role)
                for ordinal, (scenario, role) in enumerate(_roles(search))
            ],
        )
        self._database.many(
            "INSERT INTO stages (search_id, position, name, method, distribution, version, trials)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (search_id, at, one.name, one.method, one.distribution, one.version, one.trials)
                for at, one in enumerate(search.stages)
            ],
        )

    def resume(self, run_id: int) -> StoredRun:
        """Mark a run as running again, and return it."""
        with self._database.transaction():
            self._database.run(
                "UPDATE runs SET state = 'running', finished_at = NULL WHERE id = ?", (run_id,)
            )
        return self.get(run_id)

    def take_back(self, run_id: int) -> TakenBack:
        """Take back trials of a run that used backtests which other runs have disowned since.

        For a run that is resumed: while it runs, its own checks see to that.
        """
        return take_back_borrowed(self._database, run_id)

    def get(self, run_id: int) -> StoredRun:
        """Return a run with its searches; raises UsageError if there is no run with this id."""
        row = self._database.row(_RUN, (run_id,))
        if row is None:
            raise UsageError(f"{self._database.path}: there is no run with id {run_id}")
        found = self._database.rows(_SEARCHES, (run_id,))
        *columns, note = row
        searches = tuple(self._search(*search) for search in found)
        return StoredRun(*[*columns, searches, note])

    def _search(self, chosen: int | None, search_id: int, *columns: Any) -> StoredSearch:
        tested = () if chosen is None else self._database.rows(_TEST_SCORES, (search_id, chosen))
        scenarios = [StoredScenario(*row) for row in self._database.rows(_SCENARIOS, (search_id,))]
        stages = self._database.rows(_STAGES, (search_id,))
        members = (
            tuple(one for one in scenarios if one.role == "train"),
            tuple(StoredStage(*stage) for stage in stages),
            tuple(one for one in scenarios if one.role == "test"),
        )
        cuts = tuple(one for one in scenarios if one.role == "cut")
        scores = tuple(StoredTestScore(*row) for row in tested)
        return StoredSearch(*[search_id, *columns, *members, chosen, scores, cuts])

    def named(self, name: str) -> StoredRun | None:
        """Return the run of exactly this name, None if there is none."""
        found = self._id_of(name)
        return None if found is None else self.get(found)

    def _id_of(self, name: str) -> int | None:
        row = self._database.row("SELECT id FROM runs WHERE name = ?", (name,))
        return row[0] if row else None

    def annotate(self, run_id: int, note: str) -> None:
        """Set the note of a run, its owner's text; an empty one removes it."""
        with self._database.transaction():
            self._database.run("UPDATE runs SET note = ? WHERE id = ?", (note or None, run_id))

    def find(self, text: str | None = None) -> StoredRun:
        """Return the run with this name or unique prefix; None means the newest.

        Raises UsageError, with candidates, if no run or several runs match.
        """
        runs: dict[str, int] = dict(self._database.rows("SELECT name, id FROM runs ORDER BY id"))
        if not runs:
            raise UsageError(f"{self._database.path}: no runs yet; `leanopt run` starts one")
        if text is None:
            return self.get(max(runs.values()))
        matches = [text] if text in runs else [name for name in runs if name.startswith(text)]
        if len(matches) > 1:
            raise UsageError(f"'{text}' matches several runs: {', '.join(matches)}")
        if not matches:
            raise UsageError(f"there is no run '{text}' ({did_you_mean(text, runs)})")
        return self.get(runs[matches[0]])

    def unfinished(self) -> Iterator[StoredRun]:
        """Yield the runs that have not finished, the newest first."""
        return self._those("state <> 'finished'")

    def of_plan(self, plan_hash: str, version: int) -> Iterator[StoredRun]:
        """Yield the runs with this plan, and all with a plan of another version, the newest first.

        The hash of a plan depends on its version.
        """
        # A plan that damage has made unreadable is left to those who read it.
        other = "CASE WHEN json_valid(plan) THEN json_extract(plan, '$.version') END IS NOT ?"
        return self._those(f"plan_hash = ? OR {other}", plan_hash, version)

    def _those(self, condition: str, *values: object) -> Iterator[StoredRun]:
        rows = self._database.rows(
            f"SELECT id FROM runs WHERE {condition} ORDER BY id DESC", values
        )
        return (self.get(run_id) for (run_id,) in rows)

    def executions(self) -> Iterator[str]:
        """Yield what is stored of how each run was executed, as JSON."""
        return (text for (text,) in self._database.rows("SELECT execution FROM runs"))

    def summaries(self) -> list[RunSummary]:
        """Return a summary of every run, the newest first."""
        return [RunSummary(*row) for row in self._database.rows(_SUMMARIES)]

    def delete(self, run_id: int) -> None:
        """Delete a run and everything that only it uses, except the number of its trials.

        Backtests that other runs use are kept. The file keeps its size; freed space is reused.
        """
        delete_run(self._database, run_id, utc_text(self._clock()))

    def deleted(self, strategy: str | None = None) -> list[DeletedTrials]:
        """Return what is kept of deleted runs, of one strategy or of all."""
        return deleted_trials(self._database, strategy)


def _roles(search: NewSearch) -> Iterator[tuple[Scenario, Role]]:
    """Yield the scenarios of a search with their roles, in the order of their indexes."""
    yield from ((scenario, "train") for scenario in search.scenarios)
    yield from ((scenario, "test") for scenario in search.tests)
    yield from ((scenario, "cut") for scenario in search.cuts)
