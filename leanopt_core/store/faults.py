"""From SQLite's errors to one clear message: which file, what happened, what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from leanopt_core.errors import StoreError

#: How long a process waits for another one's transaction, in seconds.
PATIENCE: Final = 60.0

_RIGHTS = (
    "the store cannot be opened or written; check the rights of the file and of its folder, where "
    "SQLite keeps two more files beside it"
)
# By the beginning of SQLite's name of the error; the first that fits counts.
_ADVICE: Final = {
    "SQLITE_FULL": (
        "the disk is full; everything committed is kept: free some space, then go on with "
        "`leanopt run --resume`"
    ),
    "SQLITE_READONLY": _RIGHTS,
    "SQLITE_CANTOPEN": _RIGHTS,
    "SQLITE_PERM": _RIGHTS,
    "SQLITE_NOTADB": "this is not a leanopt store; move the file away, and leanopt makes a new one",
    "SQLITE_CORRUPT": (
        "the store is damaged; keep a copy, rescue what can be read with `sqlite3 FILE .recover`, "
        "and move the file away"
    ),
    "SQLITE_BUSY": (
        f"another process has held the store for {PATIENCE:.0f} seconds; end it, or try again"
    ),
    "SQLITE_CONSTRAINT_PRIMARYKEY": (
        "this was written before; is another process at work on the same run?"
    ),
    "SQLITE_CONSTRAINT_FOREIGNKEY": (
        "what this run relies on was deleted meanwhile; go on with `leanopt run --resume`"
    ),
    "SQLITE_IOERR": "the disk cannot be read or written; check it, and that it is not full",
}
#: By a word of what Python's module says.
_MISUSE: Final = {
    "closed database": "the store was closed; open it again",
    "thread": "an open store belongs to one thread; open it in this one too",
}


def explain(path: Path, error: sqlite3.Error) -> StoreError:
    """Return the StoreError that says what `error` means for the store at `path`.

    An error that SQLite did not raise, as a value of a wrong type, is a mistake in the program and
    is raised as it is.
    """
    name = getattr(error, "sqlite_errorname", None)
    if name is None:
        misuse = next((advice for word, advice in _MISUSE.items() if word in str(error)), None)
        if misuse is None:
            raise error
        return StoreError(f"{path}: {misuse}")
    known = (advice for prefix, advice in _ADVICE.items() if name.startswith(prefix))
    advice = next(known, "SQLite refused; the store may come from another program")
    return StoreError(f"{path}: {advice} ({error})")
