"""Disown backtests that were made from changed files, and take back the trials told since.

This is the one case in which a told trial is lost: a resumed run proposes and tells it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import field, frozen

from leanopt_core.ranking import RANKED
from leanopt_core.store.answering import Held
from leanopt_core.store.columns import JUDGING, TOLD
from leanopt_core.store.database import Database
from leanopt_core.store.records import Taken

# ruff: noqa: S608 - the statements are made of constants
_DISOWN: Final = (
    f"UPDATE backtests SET held = '{Held.CHANGED}' WHERE run_id = ? AND id > ? RETURNING id"
)
# What other runs have disowned after this one had used it.
_BORROWED: Final = f"""
SELECT id FROM backtests WHERE held = '{Held.CHANGED}' AND run_id IS NOT :run AND id IN (
  SELECT backtest_id FROM evaluations
  WHERE search_id IN (SELECT id FROM searches WHERE run_id = :run)
)"""
# Above all ids.
_NONE: Final = 2**63 - 1
_SEARCHES: Final = "SELECT id FROM searches WHERE run_id = ?"
_DISOWNED: Final = f"""(
  SELECT id FROM backtests WHERE run_id = :run AND held = '{Held.CHANGED}'
  UNION SELECT value FROM json_each(:borrowed)
)"""
# The first told trial with such a backtest, and its stage.
_FIRST: Final = f"""
SELECT trials.number, stages.position
FROM evaluations
JOIN trials ON trials.search_id = evaluations.search_id AND trials.number = evaluations.number
JOIN stages ON stages.id = trials.stage_id
JOIN scenarios ON scenarios.search_id = trials.search_id
  AND scenarios.ordinal = evaluations.ordinal AND role IN {JUDGING}
WHERE evaluations.search_id = :search AND {TOLD} AND backtest_id IN {_DISOWNED}
ORDER BY trials.number LIMIT 1"""
_LEFT: Final = "SELECT coalesce(sum(told), 0) FROM searches WHERE run_id = ?"
#: What a search's row says of its trials.
RECOUNT: Final = f"""
UPDATE searches SET
  told = (SELECT count(*) FROM trials WHERE search_id = :search AND {TOLD}),
  withdrawn = (SELECT count(*) FROM trials WHERE search_id = :search AND state = 'withdrawn'),
  best = (
    SELECT trials.number FROM trials JOIN searches AS own ON own.id = trials.search_id
    WHERE own.id = :search AND {TOLD} ORDER BY {RANKED}, trials.number LIMIT 1
  )
WHERE id = :search"""
# A score is of all tests of its trial: without one of them it is none.
_UNTESTED: Final = """
DELETE FROM test_scores WHERE search_id = :search AND number IN (
  SELECT scored.number FROM test_scores AS scored
  LEFT JOIN evaluations AS e ON e.search_id = scored.search_id
    AND e.number = scored.number AND e.ordinal = scored.ordinal
  WHERE scored.search_id = :search AND e.backtest_id IS NULL
)"""
#: What is left of a search that ends before the trial `:number` of the stage `:position`.
_STEPS: Final = (
    "DELETE FROM evaluations WHERE search_id = :search AND number >= :number",
    "DELETE FROM trials WHERE search_id = :search AND number >= :number",
    "DELETE FROM events WHERE search_id = :search AND number >= :number",
    "UPDATE stages SET ended = NULL WHERE search_id = :search AND position >= :position",
    """
UPDATE sinks SET number = min(number, :number - 1), stages = min(stages, :position)
WHERE search_id = :search""",
    # The trials that come instead decide which ones are tested.
    """
DELETE FROM evaluations WHERE search_id = :search
AND ordinal IN (SELECT ordinal FROM scenarios WHERE search_id = :search AND role = 'test')""",
    "UPDATE searches SET ended = NULL, chosen = NULL WHERE id = :search",
    RECOUNT,
)


@frozen
class TakenBack:
    """The numbers of disowned backtests and of trials taken back.

    `left` is what is left of each search that lost trials, by its id.
    """

    backtests: int
    trials: int
    left: Mapping[int, Taken] = field(factory=dict)


def take_back(
    database: Database, run_id: int, since: int, borrowed: Sequence[int] = ()
) -> TakenBack:
    """Disown a run's backtests with ids above `since`, in one transaction.

    `borrowed` are the ids of other runs' backtests that count for nothing here either. Of each
    search, the trials from the first told one that used such a backtest are deleted. Raises
    StoreError if SQLite fails.
    """
    ids = json.dumps(borrowed)
    with database.transaction():
        disowned = database.rows(_DISOWN, (run_id, since))
        before = database.rows(_LEFT, (run_id,))[0][0]
        left = {
            search: found
            for (search,) in database.rows(_SEARCHES, (run_id,))
            if (found := _take_back(database, run_id, search, ids)) is not None
        }
        after = database.rows(_LEFT, (run_id,))[0][0]
    return TakenBack(len(disowned), before - after, left)


def take_back_borrowed(database: Database, run_id: int) -> TakenBack:
    """Take back trials of a run that used backtests which other runs have disowned since.

    Raises StoreError if SQLite fails.
    """
    borrowed = [found for (found,) in database.rows(_BORROWED, {"run": run_id})]
    return take_back(database, run_id, _NONE, borrowed) if borrowed else TakenBack(0, 0)


def _take_back(database: Database, run_id: int, search: int, borrowed: str) -> Taken | None:
    which = {"search": search, "run": run_id, "borrowed": borrowed}
    first = database.row(_FIRST, which)
    if first is not None:
        number, position = first
        for step in _STEPS:
            database.run(step, {"search": search, "number": number, "position": position})
    # A trial that is not told is made again, and a test.
    database.run(
        f"DELETE FROM evaluations WHERE search_id = :search AND backtest_id IN {_DISOWNED}",
        which,
    )
    database.run(_UNTESTED, {"search": search})
    return None if first is None else Taken(number - 1, position)
