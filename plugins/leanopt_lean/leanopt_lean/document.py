"""Reads LEAN's result document, from a results folder or in an answer, into an outcome."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import lt
from pathlib import PurePosixPath
from typing import Any

from attrs import evolve, frozen

from leanopt_core.api import (
    COMPLETE_STATES,
    Category,
    ClosedTrade,
    Equity,
    Failure,
    Files,
    Outcome,
    Statistics,
    read_curve,
    read_failure,
    read_names,
    read_types,
)
from leanopt_core.api import read_trades as read_sent_trades
from leanopt_lean.failures import failure_of
from leanopt_lean.launcher.trouble import UNSET, unset
from leanopt_lean.sections import part, read_statistics, rows
from leanopt_lean.trades import read_trades

ORDERS = "Total Orders"

# Sections of LEAN's document that harnesses put into `statistics`.
_SECTIONS = ("runtimeStatistics", "totalPerformance")
# Marks the answer of a harness other than LEAN's, which may send any statistics.
_ANY = "any statistics"

# A document of minute bars over years has about 20 MB; a sparse file may claim any size.
_LARGEST = 256 * 2**20
#: 9999-12-31, the last day that .NET knows, in seconds since 1970-01-01 UTC.
_LAST = 253_402_300_799
# The exact types that the JSON parser returns, which never yields NaN or infinity.
_NUMBERS = (float, int)
# The most that is read of one list: more paths than anyone reads.
_LARGEST_LIST = 16 * 2**20
_RESOLUTIONS = frozenset({"tick", "second", "minute", "hour", "daily"})


def read_results(
    files: Files, *, prefix: str, ident: str, symbol: str | None, outputs: frozenset[str]
) -> Outcome:
    """Return the outcome of a backtest that LEAN ran; the exit code does not count.

    `prefix` is the results folder in `files` (as `results/`), `ident` the `algorithm-id` that names
    the document, `symbol` the scenario's; `outputs` may request `equity` and `trades`.

    Only a document with the status `Completed` and without a runtime error holds a result. A
    backtest without orders completes with `Total Orders` 0 and all other statistics unknown; if
    LEAN missed prices of the symbol, it has no result. Raises ExecutorError if the files cannot be
    read.
    """
    name = f"{prefix}{ident}.json"
    try:
        document = _parsed(files, name)
    except FileNotFoundError:
        # The harness reported it as complete, so the reason is unknown.
        message = f"LEAN left no result document '{name}': it ended before the backtest completed"
        return _failed(Category.ENGINE, message)
    except ValueError as error:
        return _failed(Category.ENGINE, f"LEAN's result document '{name}' is damaged: {error}")
    parts = Parts(
        equity=lambda: read_equity(document),
        trades=lambda: read_trades(document),
        missing=lambda: missing_prices(files, prefix, symbol),
    )
    return _judged(document, parts, symbol, outputs)


def read_answer(
    payload: Mapping[str, Any], *, symbol: str | None, outputs: frozenset[str]
) -> Outcome:
    """Return the outcome of a backtest whose answer holds the members of LEAN's document.

    The rules are those of `read_results`. An answer without LEAN's `state` may hold any statistics;
    one that violates the protocol is a failure of the category `no result`.
    """
    read, types = read_names(payload), read_types(payload)
    if payload.get("status") not in COMPLETE_STATES:
        failed = failure_of(payload) if "state" in payload else None
        return Outcome(failure=failed or read_failure(payload), read=read, read_types=types)
    if why := _unset(payload.get("errors")):
        return Outcome(failure=Failure(Category.STRATEGY, unset(why)), read=read, read_types=types)
    missing = payload.get("missing")
    parts = Parts(
        equity=lambda: _in_order(read_curve(payload.get("equity"))),
        trades=lambda: read_sent_trades(payload.get("trades")),
        missing=lambda: prices_of(map(str, missing if isinstance(missing, list) else ()), symbol),
    )
    try:
        outcome = _judged(_as_document(payload), parts, symbol, outputs)
        return evolve(outcome, read=read, read_types=types)
    except ValueError as error:
        message = f"the answer does not fit the protocol: {error}"
        return Outcome(failure=Failure(Category.NO_RESULT, message), read=read, read_types=types)


def _unset(errors: object) -> str:
    """Return LEAN's log of a parameter that it could not set, empty if it set all."""
    logged = (str(one) for one in errors) if isinstance(errors, list) else ()
    return next((one.partition(UNSET)[2] for one in logged if UNSET in one), "")


@frozen
class Parts:
    """The larger parts of a result, read only if requested; each may raise ValueError."""

    equity: Callable[[], Equity | None]
    trades: Callable[[], Sequence[ClosedTrade] | None]
    missing: Callable[[], tuple[str, ...]]


def _judged(
    document: Mapping[str, Any], parts: Parts, symbol: str | None, outputs: frozenset[str]
) -> Outcome:
    """Return the outcome that a document holds, by the rules of `read_results`."""
    failure = failure_of(document)
    if failure is not None:
        return Outcome(failure=failure)
    try:
        statistics = read_statistics(document)
    except ValueError as error:
        return _failed(Category.ENGINE, f"LEAN's result document is unreliable: {error}")
    if statistics.total_orders is None and _ANY not in document:
        return _failed(Category.NO_RESULT, f"LEAN's result document has no '{ORDERS}'")
    outcome = Outcome(statistics, equity=parts.equity() if "equity" in outputs else None)
    if statistics.total_orders == 0:
        none = evolve(outcome, trades=() if "trades" in outputs else None, closed_trades=0)
        return _without_orders(none, statistics, parts.missing(), symbol)
    return evolve(outcome, trades=parts.trades() if "trades" in outputs else None)


def _as_document(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an answer as LEAN's document: sections inside `statistics` move to the top."""
    given = payload.get("statistics")
    if not isinstance(given, Mapping):
        raise ValueError("it has no statistics")  # noqa: TRY004 - about data
    sections = {name: given[name] for name in _SECTIONS if name in given}
    rest = {name: value for name, value in given.items() if name not in sections}
    own = {} if "state" in payload else {"state": {"status": "Completed"}, _ANY: True}
    return {**payload, **sections, **own, "statistics": rest}


def _parsed(files: Files, name: str) -> Mapping[str, Any]:
    """Return the document; raises ValueError with the position if it is not a JSON object."""
    import orjson

    with files.open(name) as file:
        text = file.read(_LARGEST + 1)
    if len(text) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST // 2**20} MiB")
    document = orjson.loads(text)
    if not isinstance(document, dict):
        raise ValueError(f"it is {type(document).__name__}, expected an object")  # noqa: TRY004
    return document


def _failed(category: Category, message: str) -> Outcome:
    return Outcome(failure=Failure(category, message))


def _without_orders(
    outcome: Outcome, statistics: Statistics, missing: tuple[str, ...], symbol: str | None
) -> Outcome:
    """Return the outcome without LEAN's zeros, which were not measured."""
    if missing:
        shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if missing[3:] else "")
        of = f" of {symbol}" if symbol else ""
        message = f"the strategy made no orders, and LEAN's data lacks prices{of}: {shown}"
        return _failed(Category.NO_RESULT, message)
    unknown = Statistics({**dict.fromkeys(statistics.values), ORDERS: 0.0})
    return evolve(outcome, statistics=unknown)


def read_equity(document: Mapping[str, Any]) -> Equity | None:
    """Return the curve of the chart `Strategy Equity`, None if it is missing.

    A candle's close counts, and the later of two values at one time. Points without a value are
    skipped.
    """
    chart = part(part(document, "charts"), "Strategy Equity")
    return _curve(dict(_points(rows(part(part(chart, "series"), "Equity"), "values"))))


def _curve(values: Mapping[int, float]) -> Equity | None:
    times = sorted(values)
    return (
        Equity(array("q", times), array("d", [values[time] for time in times])) if times else None
    )


def _in_order(equity: Equity | None) -> Equity | None:
    """Return a curve whose times increase, by the rule of `read_equity`."""
    if equity is None or all(map(lt, equity.times, islice(equity.times, 1, None))):
        return equity
    return _curve(dict(zip(equity.times, equity.values, strict=True)))


def _points(points: list[Any]) -> Iterator[tuple[int, float]]:
    """Yield time and value of `[time, open, high, low, close]`, `[time, value]` or `{x, y}`."""
    for point in points:
        if type(point) is list and point:
            time, value = point[0], point[-1]
        else:
            time, value = part(point, "x"), part(point, "y")
        if type(time) is int and 0 <= time <= _LAST and type(value) in _NUMBERS:
            yield time, value


def missing_prices(files: Files, prefix: str, symbol: str | None) -> tuple[str, ...]:
    """Return the price files of `symbol` (None: of any) that LEAN did not find, without duplicates.

    Paths are relative to LEAN's data folder.
    """
    return prices_of(_failed_requests(files, f"{prefix}failed-data-requests-"), symbol)


def prices_of(paths: Iterable[str], symbol: str | None) -> tuple[str, ...]:
    """Return the paths that are price files of `symbol` (None: of any), without duplicates."""
    ticker = symbol.partition(" ")[0].casefold() if symbol else None
    found = ((path, _ticker(path)) for path in dict.fromkeys(paths))
    return tuple(path for path, its in found if its is not None and ticker in (None, its))


def _failed_requests(files: Files, beginning: str) -> Iterator[str]:
    for name in files.names():
        if name.startswith(beginning):
            with files.open(name) as file:
                lines = file.read(_LARGEST_LIST).decode(errors="replace").splitlines()
            yield from (line.strip().replace("\\", "/").lstrip("/") for line in lines)


def _ticker(path: str) -> str | None:
    """Return the ticker whose prices a file holds, in lower case; None if it holds no prices.

    `equity/usa/daily/spy.zip` and `equity/usa/minute/spy/20131003_trade.zip` hold those of `spy`.
    """
    parts = PurePosixPath(path.casefold()).parts
    at = next((at for at, part in enumerate(parts) if part in _RESOLUTIONS), len(parts))
    match parts[at + 1 :]:
        case [file]:
            return PurePosixPath(file).stem.partition("_")[0]
        case [folder, *_]:
            return folder
    return None
