"""LEAN's hash of the list of orders: equal for two backtests with equal orders."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from leanopt_core.api import Answer, Files
from leanopt_lean.config import RESULTS

_LOG = f"{RESULTS}log.txt"
_BEGINNING = b"STATISTICS:: OrderListHash "
# A strategy may log a line of any length; the line of the hash is short.
_LONGEST = 2**16


def order_hash(answer: Answer) -> str | None:
    """Return the hash in an answer, or else in LEAN's log beside its document.

    Raises ExecutorError if the files cannot be read.
    """
    named = answer.payload.get("order_hash")
    if named:
        return str(named)
    if answer.files is None:
        return None
    # LEAN writes its own line last; a strategy may have logged a similar one.
    return next(iter(deque(_logged(answer.files), maxlen=1)), None)


def _logged(files: Files) -> Iterator[str]:
    try:
        with files.open(_LOG) as log:
            begins = True
            while line := log.readline(_LONGEST):
                if begins and line.startswith(_BEGINNING):
                    yield line.removeprefix(_BEGINNING).decode(errors="replace").strip()
                begins = line.endswith(b"\n")
    except FileNotFoundError:
        return
