"""Recorded result folders of real LEAN."""

# It starts again for each backtest: no module that takes long to load.
# ruff: noqa: PTH118, PTH120, PTH123, PTH208

from __future__ import annotations

import json
import os
import sys

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
_RECORDED_NAME = "backtest"


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
    edit(results, name, "planted: Initialize throws", json.dumps(message)[1:-1])
    return RECORDED["initialize-error"]


def edit(results: str, name: str, old: str, new: str) -> None:
    """Change a text in the document."""
    file = os.path.join(results, f"{name}.json")
    with open(file, encoding="utf-8") as source:
        text = source.read()
    with open(file, "w", encoding="utf-8") as target:
        target.write(text.replace(old, new))
