"""What the Launcher leaves, by the name of the case: recorded, or made up."""

# It starts again for each backtest: no module that takes long to load.
# ruff: noqa: PTH104, PTH110, PTH118, PTH123

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from recorded import RECORDED, initialize_error, leave
from troubles import TROUBLES

_FLOOD = 50  # megabytes to each stream


def answer(case: str, results: str, name: str) -> int:
    """Do as the case says and return the exit code."""
    if case in RECORDED:
        leave(case, results, name)
        return RECORDED[case]
    if case in _MADE_UP:
        return _MADE_UP[case](results, name)
    known = ", ".join([*RECORDED, *_MADE_UP])
    return initialize_error(f'no case "{case}": there are {known}', results, name)


def _abort(results: str, name: str) -> int:
    """Complete, then abort, as LEAN with Python does: exit code 134."""
    leave("completed", results, name)
    os.abort()


def _exit_minus_one(results: str, name: str) -> int:
    """The strategy ends the process, by another code than the recorded one."""
    leave("process-exit", results, name)
    return 255


def _hang(results: str, name: str) -> int:
    """Never end; `hanging.txt` has the process's number."""
    _say(results, "hanging.txt")
    while True:
        time.sleep(3600)


def _flood(results: str, name: str) -> int:
    """Complete after much is printed, in lines and then in one."""
    for stream, byte in ((sys.stdout, b"o"), (sys.stderr, b"e")):
        for _ in range(_FLOOD):
            stream.buffer.write(byte * 999_999 + (b"\n" if stream is sys.stdout else b""))
            stream.buffer.flush()
    leave("completed", results, name)
    return 0


def _daemon(results: str, name: str) -> int:
    """Complete, and leave a process behind, in a session of its own and with the output open."""
    if not os.fork():
        os.setsid()
        if os.fork():
            os._exit(0)
        _hang(results, name)
    os.wait()
    while not os.path.exists(os.path.join(results, "hanging.txt")):
        time.sleep(0.001)
    leave("completed", results, name)
    return 0


def _say(results: str, file: str) -> None:
    with open(os.path.join(results, f"{file}.new"), "w", encoding="ascii") as target:
        target.write(str(os.getpid()))
    os.rename(os.path.join(results, f"{file}.new"), os.path.join(results, file))


_MADE_UP: dict[str, Callable[[str, str], int]] = {
    "abort": _abort,
    "exit-minus-one": _exit_minus_one,
    **TROUBLES,
    "hang": _hang,
    "flood": _flood,
    "daemon": _daemon,
}
