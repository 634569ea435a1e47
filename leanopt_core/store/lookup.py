"""Find the committed backtests that answer a run, and note which of them no check has proven."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final

from leanopt_core.store.answering import ANSWERS, Held
from leanopt_core.store.columns import BACKTEST
from leanopt_core.store.columns import backtest as read_backtest
from leanopt_core.store.database import Database
from leanopt_core.store.outputs import with_outputs
from leanopt_core.store.records import StoredBacktest
from leanopt_core.work import Outcome

# The run's own backtests come first: it has one outcome per content key.
_KNOWN: Final = (
    f"SELECT {BACKTEST} FROM backtests AS b "  # noqa: S608 - columns and condition are constants
    f"WHERE substr(key, 1, 8) = substr(:key, 1, 8) AND key = :key AND {ANSWERS} "
    "ORDER BY run_id IS :run DESC, finished_at DESC, id DESC"
)
_MISLED: Final = (
    f"SELECT 1 FROM backtests WHERE held = '{Held.CHANGED}' "  # noqa: S608 - a constant
    "AND id IN (SELECT value FROM json_each(?)) LIMIT 1"
)
# Keys per statement; old SQLite allows 999 values.
_TOGETHER: Final = 500


class Lookup:
    """Finds what answers one run, or single backtests if `run_id` is None.

    Its outcomes have what is stored of `needs` besides statistics. `holds` says whether the files
    of a set of opened ones are the same. `clock` returns the seconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        run_id: int | None,
        clock: Callable[[], float],
        needs: frozenset[str],
        holds: Callable[[int], bool],
    ) -> None:
        self._database = database
        self._run_id = run_id
        self._clock = clock
        self._needs = needs
        self._holds = holds
        #: When the last clean check of data and sources began, in whole seconds since 1970.
        self.known_at = 0
        #: How often an unchecked backtest of a run beside this one has answered.
        self.lent = 0
        # Those that no check of this run has proven: by id, in which order they answered first. Not
        # when, since a clock can jump.
        self._borrowed: dict[int, int] = {}

    def answer(self, short: bytes, outputs: frozenset[str]) -> tuple[int, Outcome] | None:
        """Return id and outcome of the stored backtest that answers, None if there is none.

        `short` is a content key as in the store. What is stored of it includes `outputs`.
        """
        if self._clock() < self.known_at:
            # The clock was set back: it does not say what finished before that check.
            self.known_at = 0
        for row in self._database.rows(
            _KNOWN, {"key": short, "run": self._run_id, "known_at": self.known_at}
        ):
            found = read_backtest(row)
            if outputs <= found.outputs and self._answers(found):
                if found.held == Held.UNCHECKED and found.run_id != self._run_id:
                    self.lent += 1
                    self._borrowed.setdefault(found.id, self.lent)
                return found.id, with_outputs(self._database, found.id, found.outcome, self._needs)
        return None

    def _answers(self, found: StoredBacktest) -> bool:
        """Return whether the files that another run's backtest had opened are the same."""
        own = self._run_id is not None and found.run_id == self._run_id
        return own or found.opened is None or self._holds(found.opened or 0)

    def stored(self, beginnings: Sequence[bytes]) -> set[bytes]:
        """Return the stored keys with these prefixes."""
        found: set[bytes] = set()
        for start in range(0, len(beginnings), _TOGETHER):
            some = beginnings[start : start + _TOGETHER]
            places = ",".join("?" * len(some))
            sql = f"SELECT key FROM backtests WHERE substr(key, 1, 8) IN ({places})"  # noqa: S608
            found.update(key for (key,) in self._database.rows(sql, some))
        return found

    def proven(self, lent: int, known_at: float) -> None:
        """Note a clean check that began at `known_at`, when `lent` was that."""
        # The store has whole seconds.
        self.known_at = int(known_at)
        self._borrowed = {found: at for found, at in self._borrowed.items() if at > lent}

    @property
    def borrowed(self) -> list[int]:
        """Return the ids of other runs' backtests that no check of this run has proven."""
        return [*self._borrowed]

    @property
    def misled(self) -> bool:
        """Return whether a run beside this one has disowned backtests that this run has used."""
        return bool(self._database.row(_MISLED, (json.dumps(self.borrowed),)))
