"""Recorded result folders of real LEAN, and what a Launcher may do that none of them shows."""

# It starts anew for each backtest: no module that takes long to load.
# ruff: noqa: PTH104, PTH110, PTH118, PTH120, PTH123, PTH208

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable

DOCUMENTS = os.path.join(os.path.dirname(__file__), "documents")
#: The exit code of each recorded case.
RECORDED = {
    "completed": 0,
    "zero-orders": 0,
    "missing-data": 0,
    "runtime-error": 1,
    "initialize-error": 1,
    "minute": 0,
    "process-exit": 3,
}
_FLOOD = 50  # megabytes to each stream
_RECORDED_NAME = "backtest"


def answer(case: str, results: str, name: str) -> int:
    """Do as the case says and return the exit code."""
    if case in RECORDED:
        leave(case, results, name)
        return RECORDED[case]
    if case in _MADE_UP:
        return _MADE_UP[case](results, name)
    known = ", ".join([*RECORDED, *_MADE_UP])
    return initialize_error(f'no case "{case}": there are {known}', results, name)


def leave(case: str, results: str, name: str) -> None:
    """Put a recorded case's files into the results folder, and print its log."""
    folder = os.path.join(DOCUMENTS, case)
    for file in sorted(os.listdir(folder)):
        with open(os.path.join(folder, file), "rb") as source:
            content = source.read()
        own = name + file.removeprefix(_RECORDED_NAME) if file.startswith(_RECORDED_NAME) else file
        with open(os.path.join(results, own), "wb") as copy:
            copy.write(content)
        if file == "log.txt":
            sys.stdout.write(content.decode())
    sys.stdout.flush()


def initialize_error(message: str, results: str, name: str) -> int:
    """Leave what LEAN does where `Initialize` throws with this message; return its exit code."""
    leave("initialize-error", results, name)
    _edit(results, name, "planted: Initialize throws", json.dumps(message)[1:-1])
    return RECORDED["initialize-error"]


def _edit(results: str, name: str, old: str, new: str) -> None:
    file = os.path.join(results, f"{name}.json")
    with open(file, encoding="utf-8") as source:
        text = source.read()
    with open(file, "w", encoding="utf-8") as target:
        target.write(text.replace(old, new))


def _abort(results: str, name: str) -> int:
    """Complete, then abort, as LEAN with Python does: exit code 134."""
    leave("completed", results, name)
    os.abort()


def _killed(results: str, name: str) -> int:
    """Be killed in mid-run, with the document that LEAN writes every five seconds there."""
    leave("completed", results, name)
    _edit(results, name, '"Status": "Completed"', '"Status": "Running"')
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


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
    "killed": _killed,
    "hang": _hang,
    "flood": _flood,
    "daemon": _daemon,
}
