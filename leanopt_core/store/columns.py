"""Convert between the store's columns and its records: JSON, times, rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

from leanopt_core.canonical import canonical_json
from leanopt_core.store.database import Row
from leanopt_core.store.records import StoredBacktest, StoredTrial


def storable(text: str) -> str:
    r"""Return `text` with lone surrogates (from another program's JSON) escaped, as `\udc80`.

    SQLite stores valid Unicode only. In JSON the escape means the same surrogate.
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def json_object(members: Iterable[tuple[str, str]]) -> str:
    """Return a JSON object of names and JSON texts, sorted by name, the texts unchanged.

    So readers get numbers exactly as stored, never converted to float.
    """
    return "{" + ",".join(f"{canonical_json(name)}:{text}" for name, text in sorted(members)) + "}"


def utc_text(seconds: float) -> str:
    """Return seconds since 1970 as UTC in ISO 8601, rounded to seconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


#: SQL condition: a trial's method was told its result.
TOLD: Final = "trials.state IN ('completed', 'failed')"
#: SQL list: the roles of scenarios that judge trials, at the last step or before it.
JUDGING: Final = "('train', 'cut')"
_ROLE: Final = "(SELECT role FROM scenarios WHERE search_id = e.search_id AND ordinal = e.ordinal)"
#: SQL condition: an evaluation `e` judges its trial for good; it is no test, and not on a few days.
JUDGES: Final = f"{_ROLE} = 'train'"
#: SQL condition: an evaluation `e` judges its trial, at the last step or before it; it is no test.
JUDGES_AT_ALL: Final = f"{_ROLE} IN {JUDGING}"
#: The columns of `backtests AS b` that make a StoredBacktest.
BACKTEST: Final = (
    "b.id, b.key, b.run_id, b.statistics, b.failure, b.message, b.closed_trades, b.outputs, "
    "b.attempts, b.seconds, b.worker, b.finished_at, b.held, b.opened, "
    "b.waited, b.fingerprint"
)
#: The columns of `trials AS t` with its stage `g` and search `s` that make a StoredTrial, then the
#: ordinal of an evaluation `e` and its backtest, both None if there is none.
TRIAL: Final = (
    "t.number, t.stage_id, g.name, t.state, t.parameters, t.grid_index, t.origin, t.attempt, "
    "t.told_before, s.direction, t.fitness, t.violation, t.failure, t.pruned_at, t.detail, "
    "e.ordinal, "
    f"{BACKTEST}"
)
#: The word of each output. In the first schema only daily returns were stored, as `equity`.
OUTPUT_WORDS: Final = {"returns": "equity", "equity": "curve", "trades": "trades"}
_NAMES: Final = {word: name for name, word in OUTPUT_WORDS.items()}
#: The table of each output of a backtest besides its statistics.
OUTPUT_TABLES: Final = {
    "returns": "returns",
    "equity": "equity_curves",
    "trades": "closed_trades",
}
_GRID_INDEX: Final = 5
_ORDINAL: Final = 15
_LARGEST: Final = 2**63 - 1


def key_column(key: str) -> bytes:
    """Return the half of a content key that the store uses."""
    return bytes.fromhex(key[:32])


def grid_column(index: int) -> int | str:
    """Return a grid index as a number if SQLite can hold it, else as text."""
    return index if index <= _LARGEST else str(index)


# All backtests of a run have the same outputs.
@lru_cache(maxsize=64)
def outputs_column(outputs: frozenset[str]) -> str | None:
    """Return names of outputs as one text, None if there are none."""
    return ",".join(sorted(OUTPUT_WORDS[name] for name in outputs)) or None


@lru_cache(maxsize=64)
def outputs_of(text: str | None) -> frozenset[str]:
    """Return the names of outputs in a text of `outputs_column`."""
    return frozenset(_NAMES[word] for word in text.split(",")) if text else frozenset()


def backtest(row: Row) -> StoredBacktest:
    """Return the record for a row of the columns BACKTEST."""
    found, key, run_id, statistics, failure, message, closed_trades, outputs, *how = row
    asked = outputs_of(outputs)
    return StoredBacktest(
        found, key.hex(), run_id, statistics, failure, message, closed_trades, asked, *how
    )


def trials(rows: Iterable[Row]) -> list[StoredTrial]:
    """Return the records for rows of the columns TRIAL; a trial's rows must be consecutive."""
    return [_trial(list(group)) for _, group in groupby(rows, key=lambda row: row[0])]


def _trial(rows: list[Row]) -> StoredTrial:
    columns: list[Any] = list(rows[0][:_ORDINAL])
    columns[_GRID_INDEX] = int(columns[_GRID_INDEX])
    columns.append(
        {row[_ORDINAL]: backtest(row[_ORDINAL + 1 :]) for row in rows if row[_ORDINAL] is not None}
    )
    return StoredTrial(*columns)
