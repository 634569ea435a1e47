"""Judges a run of LEAN by what its document cannot show."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from leanopt_harness.faults import ENGINE_ERROR, LONGEST_TEXT, NO_RESULT, STRATEGY_ERROR, Failure

from leanopt_lean.launcher.run import Run
from leanopt_lean.launcher.trouble import tells_of_trouble, unset

# The statuses in LEAN's document of a backtest that ended by itself.
_ENDED = frozenset({"Completed", "RuntimeError", "Stopped"})


class LeanKilledError(Exception):
    """LEAN was ended during a backtest, by a signal or a crash. `code` is its exit code."""

    def __init__(self, run: Run) -> None:
        why = ": out of memory?" if run.ended_by is signal.SIGKILL else ""
        super().__init__(f"LEAN ended with {run.exit_reason} before the backtest completed{why}")
        self.code = run.exit_code


def judge(run: Run, document: Path, *, began: bool) -> None:
    """Return if LEAN left a valid document; `began` says whether it wrote any file.

    Raises LeanKilledError if LEAN was ended during the backtest. Raises Failure if the document is
    missing for another reason, a parameter could not be set, or remote data was skipped without a
    network.
    """
    # .NET's exit codes for a failed start look like signals, too.
    if (run.signalled or (began and run.ended_by)) and _status(document) not in _ENDED:
        raise LeanKilledError(run)
    if not document.is_file():
        raise _without_document(document.name, run, began=began)
    if run.printed.unset:
        raise Failure(STRATEGY_ERROR, unset(run.printed.unset))
    # With a network, a source of daily files may legitimately lack some days.
    if run.printed.skipped and not _has_network():
        raise Failure(
            NO_RESULT,
            f"no remote data: workers have no network, and LEAN skipped {run.printed.skipped}",
        )


def _has_network() -> bool:
    """Return whether there is a network; True if unknown."""
    try:
        routes = Path("/proc/net/route").read_text(encoding="ascii").splitlines()
    except OSError:
        return True
    return len(routes) > 1


def _status(document: Path) -> object:
    """Return LEAN's status of the backtest, None if the document has none."""
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
        f"LEAN ended with {run.exit_reason} {what}. The end of its output: {said or 'nothing'}",
    )
