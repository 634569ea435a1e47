"""LEAN's hash of the list of orders: it is equal for two backtests that traded alike."""

from __future__ import annotations

from collections.abc import Iterator

from leanopt_core.work import Answer, Files
from leanopt_lean.config import RESULTS

_LOG = f"{RESULTS}log.txt"
_BEGINNING = b"STATISTICS:: OrderListHash "
# A strategy may log a line of any length; the hash's own is short.
_LONGEST = 2**16


def order_hash(answer: Answer) -> str | None:
    """Return the hash that an answer names, or else LEAN's log beside its document.

    Raises ExecutorError where the files cannot be reached.
    """
    named = answer.payload.get("order_hash")
    if named:
        return str(named)
    return None if answer.files is None else next(_logged(answer.files), None)


def _logged(files: Files) -> Iterator[str]:
    try:
        with files.open(_LOG) as log:
            while line := log.readline(_LONGEST):
                if line.startswith(_BEGINNING):
                    yield line.removeprefix(_BEGINNING).decode(errors="replace").strip()
    except FileNotFoundError:
        return
