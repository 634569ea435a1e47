"""What stored backtests have opened: sets of files, stored once and looked at now and then."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final, TypeAlias

from attrs import frozen

from leanopt_core.store.database import Database

#: What a file or folder was like: a hash, None if it was absent, False if that is not known.
State: TypeAlias = "str | bool | None"

_SET: Final = "SELECT before, files FROM opened WHERE id = ?"
# All sets that they reach: a set also stands for those before it.
_OF_RUN: Final = """
WITH RECURSIVE reached(id) AS (
  SELECT opened FROM backtests WHERE run_id = ? AND opened IS NOT NULL
  UNION SELECT before FROM opened JOIN reached USING (id) WHERE before IS NOT NULL
)
SELECT id, files FROM opened JOIN reached USING (id)"""
# The same of all results of a run's trials, made in it or stored before.
_OF_TRIALS: Final = """
WITH RECURSIVE reached(id) AS (
  SELECT backtests.opened FROM searches JOIN evaluations ON evaluations.search_id = searches.id
  JOIN backtests ON backtests.id = evaluations.backtest_id
  WHERE searches.run_id = ? AND backtests.opened IS NOT NULL
  UNION SELECT before FROM opened JOIN reached USING (id) WHERE before IS NOT NULL
)
SELECT files FROM opened JOIN reached USING (id)"""

#: Removes the sets that no backtest depends on. What a run records refers to sets at once.
REMOVE_UNUSED: Final = """
DELETE FROM opened WHERE id NOT IN (
  WITH RECURSIVE reached(id) AS (
    SELECT opened FROM backtests WHERE opened IS NOT NULL
    UNION SELECT before FROM opened JOIN reached USING (id) WHERE before IS NOT NULL
  )
  SELECT id FROM reached
)"""


@frozen
class OpenedSet:
    """Files that a harness had opened, by name, and the hash of the set that it had before.

    `files` is JSON: the state of each file by its name. `hash` is of both.
    """

    before: bytes | None
    files: str
    hash: bytes

    @classmethod
    def of(cls, before: OpenedSet | None, files: Mapping[str, State]) -> OpenedSet:
        """Return the set of these files, after another set of the same harness."""
        earlier = None if before is None else before.hash
        text = json.dumps(dict(files), sort_keys=True, separators=(",", ":"))
        return cls(earlier, text, sha256((earlier or b"") + text.encode("ascii")).digest())


class OpenedSets:
    """Says of stored sets whether all their files are still the same.

    It looks once at each file until `forget`. `same` returns whether a file of this name has this
    state.
    """

    def __init__(self, database: Database, same: Callable[[str, State], bool]) -> None:
        self._database = database
        self._same = same
        self._files: dict[tuple[str, State], bool] = {}
        self._sets: dict[int, bool] = {}

    def hold(self, found: int) -> bool:
        """Return whether the files of a set, and of those before it, are the same."""
        path: list[int] = []
        at: int | None = found
        holds = True
        while holds and at is not None and at not in self._sets:
            path.append(at)
            before, files = self._database.row(_SET, (at,)) or (None, '{"": false}')
            holds = all(self._file(name, state) for name, state in json.loads(files).items())
            at = before
        holds = holds and (at is None or self._sets[at])
        # If it does not hold, that is known of the first only: the others may.
        self._sets.update(dict.fromkeys(path if holds else path[:1], holds))
        return holds

    def changed(self, run_id: int) -> list[str]:
        """Return the names of files that a run's backtests had opened and that are others now."""
        rows = self._database.rows(_OF_RUN, (run_id,))
        states = [item for _, files in rows for item in json.loads(files).items()]
        return sorted({name for name, state in states if not self._file(name, state)})

    def forget(self) -> None:
        """Look at each file again before the next answer."""
        self._files.clear()
        self._sets.clear()

    def _file(self, name: str, state: State) -> bool:
        known = self._files.get((name, state))
        if known is None:
            known = self._files[name, state] = self._same(name, state)
        return known


def mixed(database: Database, run_id: int) -> list[str]:
    """Return the names of files of which a run's trials have used different states."""
    states: dict[str, set[State]] = {}
    for (files,) in database.rows(_OF_TRIALS, (run_id,)):
        for name, state in json.loads(files).items():
            states.setdefault(name, set()).add(state)
    return sorted(name for name, found in states.items() if len(found) > 1 or False in found)
