"""What a backtest gave, and where two of them differ."""

from __future__ import annotations

import json
import re
import struct
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import asdict, field, frozen
from leanopt_lean.document import read_equity
from leanopt_lean.sections import part

Texts = Mapping[str, str]

COMPLETED = "Completed"
_FAILED = "RuntimeError"
#: The state in which LEAN's tests find an algorithm that fails before its first bar.
_RUNNING = "Running"
_PLACE = re.compile(r" in \S+\.cs:line \d+")
_SHOWN = 80


@frozen
class Result:
    """One backtest's result; `status` is LEAN's state, or says how the process was lost."""

    status: str
    error: str = ""
    statistics: Texts = field(factory=dict)
    runtime: Texts = field(factory=dict)
    order_hash: str = ""
    equity: list[tuple[int, float]] = field(factory=list)
    #: Its own first and last day, the account's currency and its cash, where they are known.
    start: str | None = None
    end: str | None = None
    currency: str | None = None
    cash: float | None = None

    def text(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Result:
        """Return what `text` returned a line for."""
        members = json.loads(text)
        members["equity"] = [(time, value) for time, value in members["equity"]]
        return cls(**members)


def from_document(document: Mapping[str, Any], order_hash: str) -> Result:
    """Return the result in LEAN's document; its log has the order hash."""
    state, config = part(document, "state") or {}, part(document, "algorithmConfiguration")
    performance = part(part(document, "totalPerformance"), "portfolioStatistics")
    curve = read_equity(document)
    cash = part(performance, "startEquity")
    return Result(
        status=state.get("Status", ""),
        error=state.get("RuntimeError", ""),
        statistics=part(document, "statistics") or {},
        runtime=part(document, "runtimeStatistics") or {},
        order_hash=order_hash,
        equity=list(zip(curve.times, curve.values, strict=True)) if curve else [],
        start=_day(part(config, "startDate")),
        end=_day(part(config, "endDate")),
        currency=part(config, "accountCurrency"),
        cash=None if cash is None else float(cash),
    )


def from_answer(answer: Mapping[str, Any]) -> Result:
    """Return the result in a harness's answer."""
    state = answer.get("state") or {}
    return Result(
        status=state.get("Status", f"{answer['status']}: {answer.get('message')}"),
        error=state.get("RuntimeError", ""),
        statistics=answer.get("statistics") or {},
        runtime=answer.get("runtimeStatistics") or {},
        order_hash=answer.get("order_hash") or "",
        equity=_curve(answer.get("equity")),
    )


def unmet(result: Result, status: str, expected: Texts) -> Iterator[str]:
    """Yield what differs from LEAN's own expectations, compared as LEAN does."""
    if result.status != (_FAILED if status == _RUNNING else status):
        yield f"status: {_short(result.status)}, not {status}: {_short(result.error)}"
    found = {**result.statistics, "OrderListHash": result.order_hash}
    yield from _texts("", found, expected)


def differences(warm: Result, cold: Result) -> Iterator[str]:
    """Yield what is not the same in two results; of one that has failed nobody has statistics."""
    if warm.status != cold.status:
        yield f"status: {_short(warm.status)}, not {cold.status}: {_short(warm.error)}"
    elif _placeless(warm.error) != _placeless(cold.error):
        yield f"error: {_short(warm.error)}, not {_short(cold.error)}"
    if warm.order_hash != cold.order_hash:
        yield f"order hash: {warm.order_hash}, not {cold.order_hash}"
    if warm.status == cold.status == COMPLETED:
        yield from _texts("", warm.statistics, cold.statistics)
        yield from _texts("runtime ", warm.runtime, cold.runtime)
        yield from _curves(dict(warm.equity), dict(cold.equity))


def _texts(kind: str, found: Texts, expected: Texts) -> Iterator[str]:
    for name, value in expected.items():
        if _plain(found.get(name)) != _plain(value):
            yield f"{kind}{name}: {found.get(name)}, not {value}"


def _curves(found: Mapping[int, float], expected: Mapping[int, float]) -> Iterator[str]:
    other = sorted(
        time for time in found.keys() | expected.keys() if found.get(time) != expected.get(time)
    )
    if other:
        first = f"first at {other[0]}: {found.get(other[0])}, not {expected.get(other[0])}"
        yield f"equity: {len(other)} of {len(expected)} points, {first}"


def _placeless(error: str) -> str:
    # LEAN names the innermost frame with a line; .NET may have made one of two methods.
    return _PLACE.sub("", error)


def _plain(text: str | None) -> str | None:
    # LEAN's tests take them for the same.
    return "0" if text == "-0" else text


def _curve(equity: Mapping[str, str] | None) -> list[tuple[int, float]]:
    if equity is None:
        return []
    times, values = b64decode(equity["times"]), b64decode(equity["values"])
    count = len(times) // 8
    points = zip(
        struct.unpack(f"<{count}q", times), struct.unpack(f"<{count}d", values), strict=True
    )
    return sorted(dict(points).items())


def _day(text: str | None) -> str | None:
    return text[:10] if text else None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
