"""Run the command, and kill its process at a chosen call: `killed.py POINT COUNT ARGUMENT...`.

The kill is SIGKILL at the COUNT-th time that the POINT is passed, so one seed gives one moment of
the program, on a machine of any speed. With the count 0 nothing is killed, and how often each point
was passed goes to standard error, as one line of JSON. The command itself is the real one.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from leanopt_core.cli import main
from leanopt_core.search.guarded_stage import GuardedStage
from leanopt_core.search.input_watch import InputWatch
from leanopt_core.search.ledger import Ledger
from leanopt_core.search.sinks import Sinks
from leanopt_core.store.batch import Batch
from leanopt_core.store.database import Database
from leanopt_core.store.leases import Leases
from leanopt_core.store.runs import Runs
from leanopt_core.store.writer import Writer

#: The kinds of moments, and the points of each: class, method, what its first argument begins with.
KINDS: Final[dict[str, tuple[tuple[type, str, str], ...]]] = {
    "start": (
        (Runs, "start", ""),
        (Runs, "resume", ""),
        (Leases, "join", ""),
        (Ledger, "greeted", ""),
    ),
    "ask": ((GuardedStage, "ask", ""), (GuardedStage, "adopt", "")),
    "write": (
        (Database, "run", "BEGIN"),
        (Database, "run", "COMMIT"),
        (Database, "many", ""),
        (Batch, "write", ""),
    ),
    "tell": ((GuardedStage, "tell", ""), (Ledger, "tell", "")),
    "stage": ((Ledger, "stage_ended", ""), (Ledger, "repeated", "")),
    "finish": (
        (Ledger, "search_ended", ""),
        (InputWatch, "finish", ""),
        (Ledger, "confirm", ""),
        (Leases, "leave", ""),
        (Sinks, "finish", ""),
        (Writer, "finish", ""),
    ),
}
#: Killed by the kernel within a write to the store's write-ahead log, at this size of it in bytes.
TORN: Final = "torn"

_passed: Counter[str] = Counter()


def points(kind: str) -> list[str]:
    """Return the names of a kind's points: before and after each call."""
    return [
        f"{when} {owner.__name__}.{method} {begins}".strip()
        for owner, method, begins in KINDS[kind]
        for when in ("before", "after")
    ]


def plant(point: str, count: int) -> None:
    """Wrap the methods, so that the process kills itself at the `count`-th pass of `point`."""

    def passed(name: str) -> None:
        _passed[name] += 1
        if name == point and _passed[name] == count:
            os.kill(os.getpid(), signal.SIGKILL)

    for kind in KINDS:
        for owner, method, begins in KINDS[kind]:
            setattr(owner, method, _wrapped(owner, method, begins, passed))


def _wrapped(owner: type, method: str, begins: str, passed: Callable[[str], None]) -> Any:
    original = getattr(owner, method)
    name = f"{owner.__name__}.{method} {begins}".strip()

    @wraps(original)
    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        noticed = not begins or str(arguments[0]).startswith(begins)
        if noticed:
            passed(f"before {name}")
        result = original(self, *arguments, **named)
        if noticed:
            passed(f"after {name}")
        return result

    return call


def tear(size: int) -> None:
    """Let the kernel end this process, and no worker, in the write that takes a file over `size`.

    SQLite's page goes to the file in part, as where the machine dies.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


if __name__ == "__main__":
    point, count, *arguments = sys.argv[1:]
    if point == TORN:
        tear(int(count))
    else:
        plant(point, int(count))
    sys.argv = ["leanopt", *arguments]
    try:
        main()
    finally:
        if count == "0":
            sys.stderr.write(f"{json.dumps(_passed)}\n")
