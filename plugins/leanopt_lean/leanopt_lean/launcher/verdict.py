"""What a run of LEAN came to, where the reader of its document could not say."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from leanopt_harness.faults import ENGINE_ERROR, LONGEST_TEXT, NO_RESULT, STRATEGY_ERROR, Failure

from leanopt_lean.launcher.run import Run
from leanopt_lean.launcher.trouble import tells_of_trouble, unset

# What LEAN's document says of a backtest that has come to its end, good or bad.
_ENDED = frozenset({"Completed", "RuntimeError", "Stopped"})


class LeanKilledError(Exception):
    """LEAN was ended in mid-run: by the kernel, a crash, or somebody. `code` is its exit code."""

    def __init__(self, run: Run) -> None:
        why = ": out of memory?" if run.ended_by is signal.SIGKILL else ""
        super().__init__(f"LEAN ended with {run.exit_reason} before its backtest did{why}")
        self.code = run.exit_code


def judge(run: Run, document: Path, *, began: bool) -> None:
    """Return where LEAN left a document; `began` says whether it wrote any file at all.

    Raises LeanKilledError where it was ended before its backtest was, and Failure where there is no
    document for another reason, LEAN could not set a parameter, or did without remote data that it
    cannot have.
    """
    # What .NET exits with where it cannot start LEAN looks like signals too.
    if (run.signalled or (began and run.ended_by)) and _status(document) not in _ENDED:
        raise LeanKilledError(run)
    if not document.is_file():
        raise _without_document(document.name, run, began=began)
    if run.printed.unset:
        raise Failure(STRATEGY_ERROR, unset(run.printed.unset))
    # With a network, a source that has a file for each day need not have all days.
    if run.printed.skipped and not _has_network():
        raise Failure(
            NO_RESULT,
            f"remote data cannot be reached where workers run: {run.printed.skipped}: LEAN went "
            "on without it, and there is no network",
        )


def _has_network() -> bool:
    """Say whether there is a way to other machines; where the system does not say, there is."""
    try:
        routes = Path("/proc/net/route").read_text(encoding="ascii").splitlines()
    except OSError:
        return True
    return len(routes) > 1


def _status(document: Path) -> object:
    """Return LEAN's own state of the backtest, None where the document does not say."""
    try:
        content = json.loads(document.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return _member(_member(content, "state"), "status")


def _member(section: Any, name: str) -> Any:
    if not isinstance(section, dict):
        return None
    return section.get(name, section.get(name.capitalize()))


def _without_document(name: str, run: Run, *, began: bool) -> Failure:
    said = run.printed.end(LONGEST_TEXT)
    what = f"and left no result ({name})" if began else "before it wrote a file"
    lasting = began and not tells_of_trouble(said)
    return Failure(
        NO_RESULT if lasting else ENGINE_ERROR,
        f"LEAN ended with {run.exit_reason} {what}."
        f" The end of what it printed: {said or 'nothing'}",
    )
