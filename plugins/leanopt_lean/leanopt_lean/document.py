"""Reads LEAN's result document, from a results folder or in an answer, into an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from leanopt_core.engines.inline import (
    COMPLETE,
    read_curve,
    read_failure,
    read_names,
    read_rows,
    read_types,
)
from leanopt_core.statistics import Statistics
from leanopt_core.work import Category, Equity, Failure, Files, Outcome
from leanopt_lean.curve import read_equity
from leanopt_lean.failures import failure_of
from leanopt_lean.launcher.trouble import UNSET, unset
from leanopt_lean.missing import missing_prices, prices_of
from leanopt_lean.sections import read_statistics
from leanopt_lean.trades import read_trades

ORDERS = "Total Orders"

# Sections of LEAN's document that harnesses put into `statistics`.
_SECTIONS = ("runtimeStatistics", "totalPerformance")
# The mark of an answer that is not LEAN's: it may say whatever it likes.
_ANY = "any statistics"

# A document of minutes over years has some 20 MB; a file with holes may claim any size.
_LARGEST = 256 * 2**20


def read_results(
    files: Files, *, prefix: str, ident: str, symbol: str | None, outputs: frozenset[str]
) -> Outcome:
    """Return the outcome of a backtest that LEAN ran, whatever its exit code was.

    `prefix` leads to the results folder in `files` (as `results/`), `ident` is the `algorithm-id`,
    which names the document, `symbol` the scenario's. `outputs` may ask for `equity` and `trades`.
    Only a document that says `Completed`, without a runtime error, holds a result. A backtest
    without orders is complete: its `Total Orders` is 0, and all other statistics are unknown; but
    where LEAN missed prices of the symbol it has no result. Raises ExecutorError where the files
    cannot be reached.
    """
    name = f"{prefix}{ident}.json"
    try:
        document = _parsed(files, name)
    except FileNotFoundError:
        # The harness has called it complete: why there is none, nobody knows.
        message = f"LEAN left no result document '{name}': it ended before the backtest did"
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
    """Return the outcome of a backtest whose answer is LEAN's document in small.

    The rules are those of `read_results`. An answer without LEAN's `state` may hold any statistics;
    one that does not fit the protocol is a failure of the category `no result`.
    """
    read, types = read_names(payload), read_types(payload)
    if payload.get("status") not in COMPLETE:
        failed = failure_of(payload) if "state" in payload else None
        return Outcome(failure=failed or read_failure(payload), read=read, read_types=types)
    if why := _unset(payload.get("errors")):
        return Outcome(failure=Failure(Category.STRATEGY, unset(why)), read=read, read_types=types)
    missing = payload.get("missing")
    parts = Parts(
        equity=lambda: read_curve(payload.get("equity")),
        trades=lambda: read_rows(payload.get("trades")),
        missing=lambda: prices_of(map(str, missing if isinstance(missing, list) else ()), symbol),
    )
    try:
        outcome = _judged(_as_document(payload), parts, symbol, outputs)
        return evolve(outcome, read=read, read_types=types)
    except ValueError as error:
        message = f"the answer does not fit the protocol: {error}"
        return Outcome(failure=Failure(Category.NO_RESULT, message), read=read, read_types=types)


def _unset(errors: object) -> str:
    """Return what LEAN logged of parameters that it could not set, empty if it could set all."""
    logged = (str(one) for one in errors) if isinstance(errors, list) else ()
    return next((one.partition(UNSET)[2] for one in logged if UNSET in one), "")


@frozen
class Parts:
    """The larger parts of a result, read where they are wanted; each may raise ValueError."""

    equity: Callable[[], Equity | None]
    trades: Callable[[], Sequence[Sequence[float | None]] | None]
    missing: Callable[[], tuple[str, ...]]


def _judged(
    document: Mapping[str, Any], parts: Parts, symbol: str | None, outputs: frozenset[str]
) -> Outcome:
    """Return the outcome that a document holds, by the rules that `read_results` tells."""
    failure = failure_of(document)
    if failure is not None:
        return Outcome(failure=failure)
    try:
        statistics = read_statistics(document)
    except ValueError as error:
        return _failed(Category.ENGINE, f"LEAN's result document cannot be relied on: {error}")
    if statistics.total_orders is None and _ANY not in document:
        return _failed(Category.NO_RESULT, f"LEAN's result document says no '{ORDERS}'")
    outcome = Outcome(statistics, equity=parts.equity() if "equity" in outputs else None)
    if statistics.total_orders == 0:
        return _without_orders(outcome, statistics, parts.missing(), symbol)
    return evolve(outcome, trades=parts.trades() if "trades" in outputs else None)


def _as_document(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an answer as LEAN's document: sections that lie in its statistics come out."""
    given = payload.get("statistics")
    if not isinstance(given, Mapping):
        raise ValueError("it has no statistics")  # noqa: TRY004 - about data
    sections = {name: given[name] for name in _SECTIONS if name in given}
    rest = {name: value for name, value in given.items() if name not in sections}
    own = {} if "state" in payload else {"state": {"status": "Completed"}, _ANY: True}
    return {**payload, **sections, **own, "statistics": rest}


def _parsed(files: Files, name: str) -> Mapping[str, Any]:
    """Return the document; raises ValueError, which says where, for what is no JSON object."""
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
    """Return the outcome without LEAN's zeros, which stand for nothing that was measured."""
    if missing:
        shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if missing[3:] else "")
        of = f" of {symbol}" if symbol else ""
        message = f"the strategy made no orders, and LEAN missed prices{of} in its data: {shown}"
        return _failed(Category.NO_RESULT, message)
    unknown = Statistics({**dict.fromkeys(statistics.values), ORDERS: 0.0})
    return evolve(outcome, statistics=unknown, trades=())
