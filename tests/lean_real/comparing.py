"""What must be the same in two results of one backtest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

#: What differs from one run of the Launcher to the next: LEAN logs its progress by the clock.
FLEETING = ("StartTime", "EndTime", "LogCount")
_LINE = re.compile(r"(at QuantConnect\..*\)) in \S+:line \d+")


def without(members: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return an object without some members."""
    return {key: value for key, value in members.items() if key not in names}


def state(said: dict[str, Any]) -> dict[str, str]:
    """Return the state in an answer or a document without its times, nor LEAN's own lines."""
    stack = _LINE.sub(r"\1", said["state"]["StackTrace"])
    return {**without(said["state"], *FLEETING), "StackTrace": stack}


def lasting(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what must be the same in each answer to one request; LEAN may log that it is late."""
    return {**without(answer, "id", "seconds", "errors"), "state": state(answer)}


def settled(document: dict[str, Any]) -> dict[str, Any]:
    """Return what must be the same in each document of one backtest; ids of trades are random."""
    performance = document["totalPerformance"]
    trades = [without(trade, "id") for trade in performance["closedTrades"]]
    return {
        **without(document, "serverStatistics"),
        "state": state(document),
        "totalPerformance": {**performance, "closedTrades": trades},
    }


def kinds(folder: Path) -> set[str]:
    """Return the names in a folder without the times in them."""
    return {re.sub(r"\d{10,}", "TIME", path.name) for path in folder.iterdir()}
