"""Answers of the warm harness: what a results folder of LEAN's says, in one object."""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

#: The names under which `EmaBands` asks for parameters, and the types.
READ = {
    **dict.fromkeys(("end", "fault", "resolution", "start", "ticker"), "text"),
    **dict.fromkeys(("entry", "exit", "stop"), "decimal"),
    **dict.fromkeys(("fast", "slow"), "int"),
}
_SECTIONS = ("tradeStatistics", "portfolioStatistics")
_MOST_ERRORS = 10
_HASH = re.compile(r"OrderListHash (\w+)")
_ERROR = re.compile(r"^\S+ ERROR:: (.*)$", re.MULTILINE)
_REFERENCE = ("map_files", "factor_files")


def answer_of(
    results: Path, name: str = "backtest", outputs: Collection[str] = ()
) -> dict[str, Any]:
    """Return the members of an answer, without `id`, for what is in a results folder."""
    document = json.loads((results / f"{name}.json").read_text(encoding="utf-8"))
    log = (results / "log.txt").read_text(encoding="utf-8")
    state = document["state"]
    orders = _HASH.search(log)
    told = {
        "seconds": 0.5,
        "state": state,
        "missing": _missing(results),
        "errors": _ERROR.findall(log)[:_MOST_ERRORS],
        "orders": int(state["OrderCount"]),
        "order_hash": orders[1] if orders else "",
        "read": sorted(READ),
        "read_types": READ,
    }
    if state["Status"] == "Completed" and not state["RuntimeError"]:
        return {"status": "complete", **told, **_result(document, outputs)}
    return {"status": "error", **told, **_failure(state)}


def _failure(state: Mapping[str, str]) -> dict[str, str]:
    error, status = state["RuntimeError"], state["Status"]
    strategys = error or status == "RuntimeError"
    return {
        "category": "strategy error" if strategys else "no result",
        "message": error or f"LEAN ended with the status '{status}', expected 'Completed'",
    }


def _result(document: Mapping[str, Any], outputs: Collection[str]) -> dict[str, Any]:
    members = {name: document[name] for name in ("statistics", "runtimeStatistics")}
    performance = document.get("totalPerformance", {})
    if performance:
        members["totalPerformance"] = {name: performance[name] for name in _SECTIONS}
    if "equity" in outputs:
        members["equity"] = _curve(document)
    if "trades" in outputs:
        rows = [_row(trade, document["orders"]) for trade in performance.get("closedTrades", [])]
        members["trades"] = sorted(rows, key=lambda row: row[4])
    return members


def _curve(document: Mapping[str, Any]) -> dict[str, str]:
    chart = document["charts"].get("Strategy Equity")
    points = chart["series"]["Equity"]["values"] if chart else []
    return {
        "times": _packed("q", [point[0] for point in points]),
        "values": _packed("d", [point[-1] for point in points]),
    }


def _packed(code: str, column: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(column)}{code}", *column)).decode()


def _row(trade: Mapping[str, Any], orders: Mapping[str, Any]) -> list[Any]:
    return [
        _seconds(trade["entryTime"]),
        trade["entryPrice"],
        abs(trade["quantity"]),
        -1 if trade["direction"] else 1,
        _seconds(trade["exitTime"]),
        *(trade[name] for name in ("exitPrice", "profitLoss", "totalFees", "mae", "mfe")),
        orders[str(trade["orderIds"][-1])]["tag"],
    ]


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp())


def _missing(results: Path) -> list[str]:
    return sorted(
        {path for path in _failed(results) if not any(map(path.__contains__, _REFERENCE))}
    )


def _failed(results: Path) -> Iterator[str]:
    for file in results.glob("failed-data-requests-*.txt"):
        yield from file.read_text(encoding="utf-8").split()
