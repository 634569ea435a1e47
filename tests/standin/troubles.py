"""Runs that say nothing about the strategy: LEAN was ended, or the machine had too little."""

# ruff: noqa: T201

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

from recorded import RECORDED, edit, initialize_error, leave


def _killed(results: str, name: str) -> int:
    """Be killed in mid-run, with the document that LEAN writes every five seconds there."""
    _unfinished(results, name)
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def _killed_early(results: str, name: str) -> int:
    """Be killed before any document is there."""
    leave("process-exit", results, name)
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def _crash(results: str, name: str) -> int:
    """Abort in mid-run, as .NET does where it has no memory left."""
    _unfinished(results, name)
    print("Out of memory.", file=sys.stderr, flush=True)
    os.abort()


def _terminated(results: str, name: str) -> int:
    """End as .NET does when told to: by an exit code of the signal's, with what is there."""
    leave("process-exit", results, name)
    return 128 + signal.SIGTERM


def _unfinished(results: str, name: str) -> int:
    """End in mid-run as if all were well."""
    leave("completed", results, name)
    edit(results, name, '"Status": "Completed"', '"Status": "Running"')
    return 0


def _disk_full(results: str, name: str) -> int:
    """Fail to write the document."""
    leave("process-exit", results, name)
    print("ERROR:: System.IO.IOException: No space left on device : '/Results/backtest.json'")
    return 1


def _too_slow(results: str, name: str) -> int:
    """Take longer than LEAN's own limit."""
    told = (
        "Execution Security Error: Operation timed out - 5 minutes max. Check for recursive loops."
    )
    return initialize_error(told, results, name)


def _out_of_memory(results: str, name: str) -> int:
    """Throw in `OnData` where there is no memory."""
    leave("runtime-error", results, name)
    told = "Exception of type 'System.OutOfMemoryException' was thrown."
    edit(results, name, "planted: OnData throws", told)
    return RECORDED["runtime-error"]


TROUBLES: dict[str, Callable[[str, str], int]] = {
    "killed": _killed,
    "killed-early": _killed_early,
    "crash": _crash,
    "terminated": _terminated,
    "unfinished": _unfinished,
    "disk-full": _disk_full,
    "too-slow": _too_slow,
    "out-of-memory": _out_of_memory,
}
