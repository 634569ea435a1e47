"""Recorded backtests of `EmaBands` on SPY, 2003-2007, put into documents as LEAN writes them.

A document holds what was recorded and no more: the statistics; for sets without `exit` and `stop`,
or with both 0, `totalPerformance` and the equity at the end of each day too. Orders, closed trades,
other charts and rolling windows were not recorded, and are left out.
"""

# It starts again for each backtest: no module that takes long to load.
# ruff: noqa: PTH118, PTH120, PTH123, T201

from __future__ import annotations

import json
import mmap
import os
import time
from collections.abc import Mapping
from typing import Any

_FOLDER = os.path.dirname(__file__)
#: What was recorded is under these; a parameter that says so may be given, by either name.
_FIXED = {
    "ticker": "SPY",
    "resolution": "daily",
    "start": "2003-01-01",
    "startDate": "2003-01-01",
    "end": "2007-12-31",
    "endDate": "2007-12-31",
    "InitialCash": "100000",
}
_AXES = ("fast", "slow", "entry", "exit", "stop")
_DEFAULTS = {"fast": "10", "slow": "40", "entry": "0", "exit": "0", "stop": "0"}
_SUCCEEDED = (
    "equity/usa/daily/spy.zip",
    "equity/usa/hour/spy.zip",
    "alternative/interest-rate/usa/interest-rate.csv",
)
_REPORT = {
    "succeeded-data-requests-count": len(_SUCCEEDED),
    "failed-data-requests-count": 0,
    "succeeded-universe-data-requests-count": 0,
    "failed-universe-data-requests-count": 0,
    "total-data-requests-count": len(_SUCCEEDED),
    "failed-data-requests-percentage": 0.0,
    "total-universe-data-requests-count": 0,
    "failed-universe-data-requests-percentage": 0.0,
    "data-request-rates": [],
}
# Seconds from 1970 to the first day; when New York is four hours behind, not five.
_FIRST, _DAYS, _DAY = 1_041_379_200, 1826, 86_400
_SUMMERS = ((95, 298), (459, 669), (823, 1033), (1187, 1397), (1530, 1768))


class NotRecordedError(Exception):
    """No such backtest was recorded."""


def find(parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the recorded backtest of these parameters. Raises NotRecordedError."""
    for name, value in parameters.items():
        if name in _FIXED and value != _FIXED[name]:
            raise NotRecordedError(f"{name} {value}: recorded was {_FIXED[name]} only")
    values = [parameters.get(name, _DEFAULTS[name]) for name in _AXES]
    if values[3:] == ["0", "0"]:
        names = ",".join(f'"{n}":"{v}"' for n, v in zip(_AXES[:3], values, strict=False))
        found, _ = _row("curves.jsonl", f'{{"parameters":{{{names}}}')
        return dict(found)
    (_, statistics), header = _row("full.jsonl", f"[[{','.join(values)}],")
    named = dict(zip(header["statistics"], statistics, strict=True))
    return {"orderListHash": named.pop("OrderListHash"), "statistics": named}


def answer(found: dict[str, Any], config: Mapping[str, Any], results: str) -> int:
    """Write a recorded backtest's files as LEAN does, print its log, and return the exit code."""
    now = time.strftime("%Y%m%d%H%M%S", time.gmtime()) + "000"
    log = [f"STATISTICS:: {name} {value}" for name, value in found["statistics"].items()]
    log.append(f"STATISTICS:: OrderListHash {found['orderListHash']}")
    document = json.dumps(_document(found, config), separators=(",", ":"))
    files = {
        f"failed-data-requests-{now}.txt": "",
        f"succeeded-data-requests-{now}.txt": "\n".join(_SUCCEEDED) + "\n",
        f"{config['algorithm-id']}.json": document,
        f"data-monitor-report-{now}.json": json.dumps(_REPORT, separators=(",", ":")),
        "log.txt": "\n".join(log) + "\n",
    }
    for name, text in files.items():
        with open(os.path.join(results, name), "w") as file:
            file.write(text)
    print(files["log.txt"], end="", flush=True)
    return 0


def _row(file: str, beginning: str) -> tuple[Any, Any]:
    """Return the file's one line that begins so, and its header."""
    with (
        open(os.path.join(_FOLDER, file), "rb") as source,
        mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as text,
    ):
        header = json.loads(text.readline())
        at = text.find(b"\n" + beginning.encode(), 0)
        if at < 0:
            raise NotRecordedError(f"not recorded: {beginning} is off the grid {header['axes']}")
        text.seek(at + 1)
        return json.loads(text.readline()), header


def _document(found: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    document = {
        "standIn": "recorded statistics of LEAN, put into a document by leanopt's stand-in",
        "charts": {},
        "statistics": found["statistics"],
        "runtimeStatistics": {},
        "state": {
            "StartTime": now,
            "EndTime": now,
            "RuntimeError": "",
            "StackTrace": "",
            "LogCount": "0",
            "OrderCount": found["statistics"]["Total Orders"],
            "InsightCount": "0",
            "Name": "local",
            "Hostname": "standin",
            "Status": "Completed",
        },
        "serverStatistics": {"Hostname": "standin", "LEAN Version": "v2.5.0.0"},
        "algorithmConfiguration": {
            "name": "local",
            "accountCurrency": "USD",
            "parameters": config["parameters"],
            "startDate": "2003-01-01T00:00:00Z",
            "endDate": "2007-12-31T23:59:59Z",
            "tradingDaysPerYear": 252,
        },
    }
    if "equity" in found:
        document["charts"] = {"Strategy Equity": _chart(found["equity"])}
        sections = ("tradeStatistics", "portfolioStatistics")
        document["totalPerformance"] = {name: found[name] for name in sections}
    return document


def _chart(equity: list[float]) -> dict[str, Any]:
    """Return the chart: candles from one midnight in New York to the next, returns in per cent."""
    times = [_midnight(day) for day in range(_DAYS)]
    times.append(times[-1] + 16 * 3600)  # the last day ends with the market
    values = [equity[0], *equity]
    steps = list(zip(times[1:], values, values[1:], strict=False))
    candles = [[times[0], *[values[0]] * 4]]
    candles += [[at, a, max(a, b), min(a, b), b] for at, a, b in steps]
    returns = [[times[0], 0.0]] + [[at, round(100 * (b / a - 1), 7)] for at, a, b in steps]
    return {
        "name": "Strategy Equity",
        "chartType": 0,
        "series": {
            "Equity": {
                "name": "Equity",
                "unit": "$",
                "index": 0,
                "seriesType": 2,
                "values": candles,
            },
            "Return": {
                "name": "Return",
                "unit": "%",
                "index": 1,
                "seriesType": 3,
                "values": returns,
            },
        },
    }


def _midnight(day: int) -> int:
    summer = any(begin < day <= end for begin, end in _SUMMERS)
    return _FIRST + day * _DAY + (4 if summer else 5) * 3600
